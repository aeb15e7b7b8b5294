"""Rendering of the five screens, with the answers that were saved or that could not be saved."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from collectivities.search import (
    BodySearchResult,
    SearchProblem,
    check_query_not_empty,
    find_body_by_uid,
    search_bodies_and_places,
)
from csirts.routing import get_centres_by_level
from incidents.declare.choices import CHOICE_GROUPS, UNKNOWN_CHOICE
from incidents.declare.context import build_questions_context, build_screen_context
from incidents.declare.journey import (
    Journey,
    find_chosen_type,
    find_offered_centre,
    list_own_bodies,
    make_unsaved_journey,
)
from incidents.declare.recap import list_mistakes_elsewhere
from incidents.declare.screens import INPUTS_BY_SCREEN, ROUTES
from incidents.devices.inputs import BODY
from incidents.enums import Screen
from incidents.models import DraftPage
from incidents.services.declaring.draft import Values

TEMPLATES = {
    Screen.SERVICES: "declare/services.html",
    Screen.DATA: "declare/donnees.html",
    Screen.CALLER: "declare/rappel.html",
}
# The query parameter of a screen that was opened to correct its errors. Without it, a screen shows no error before its
# own button is pressed.
TO_CORRECT = "corriger"
# The query parameter of a screen that was posted with errors. The redirection to it keeps the post out of the history
# of the browser, whose Back button would otherwise find a page that cannot be shown again.
WITH_ERRORS = "erreur"
# The most characters of a screen that are shown again because they are too long to be saved. Beyond it, the page of a
# refusal says that the text is too long: nobody typed it, and the browser has kept it.
SHOWN_LIMIT = 100_000


def render_type_screen(
    request: HttpRequest,
    journey: Journey | None = None,
    *,
    problem: str = "",
    other_version: DraftPage | None = None,
    has_no_draft: bool = False,
) -> HttpResponse:
    """Render the first screen. `has_no_draft` is true if a later screen was requested on a device without a
    declaration.
    """
    body = find_body_by_uid((request.POST or request.GET).get(BODY, ""))
    context = build_screen_context(request, Screen.WHAT, journey, other_version=other_version) | {
        "likely_centre": find_offered_centre(body, journey),
        "unknown": UNKNOWN_CHOICE,
        "groups": CHOICE_GROUPS,
        "chosen": find_chosen_type(request, journey),
        "chosen_body": body,
        "helpers": get_centres_by_level(timezone.localdate()),
        "next_route": ROUTES[journey.next_screen] if journey else "",
        "problem": problem,
        "has_no_draft": has_no_draft,
    }
    return render(
        request, "declare/type.html", context, status=400 if problem or has_no_draft else 409 if other_version else 200
    )


def render_body_screen(
    request: HttpRequest, journey: Journey, *, problem: str = "", other_version: DraftPage | None = None
) -> HttpResponse:
    """Render the screen that asks for the body, with the bodies that the search `?q=` finds."""
    query = request.GET.get("q", "").strip()
    status = 400 if problem else 409 if other_version else 200
    answer = BodySearchResult([])
    try:
        if "q" in request.GET:
            check_query_not_empty(query)
        answer = search_bodies_and_places(query) if query else answer
    except SearchProblem as error:
        problem, status = str(error), 422
    own_bodies = [] if query else list_own_bodies(request)
    current = find_body_by_uid((request.POST or request.GET).get(BODY, "")) or journey.collectivity
    context = build_screen_context(request, Screen.WHO, journey, other_version=other_version) | {
        "likely_centre": find_offered_centre(current or (own_bodies[0] if own_bodies else None), journey),
        "query": query,
        "bodies": answer.bodies,
        "mention": answer.mention,
        "places": answer.places,
        "is_code": answer.is_code,
        "helpers": get_centres_by_level(timezone.localdate())
        if query and (answer.mention or not answer.bodies)
        else {},
        "own_bodies": own_bodies,
        "current": current,
        "problem": problem,
    }
    return render(request, "declare/who.html", context, status=status)


def render_screen(
    request: HttpRequest,
    journey: Journey,
    screen: Screen,
    *,
    other_version: DraftPage | None = None,
    has_changed: bool = False,
) -> HttpResponse:
    """Render the screen with the saved values, whoever typed them. `other_version` is another person's version of this
    screen.

    `has_changed` is true if other screens have changed since this screen was opened.
    """
    if screen == Screen.WHAT:
        return render_type_screen(request, journey, other_version=other_version)
    if screen == Screen.WHO:
        return render_body_screen(request, journey, other_version=other_version)
    details = journey.build_checked_forms(now=timezone.now())
    is_refused = (has_changed or WITH_ERRORS in request.GET) and journey.find_screen_with_error(details) == screen
    status = 409 if other_version or has_changed else 422 if is_refused else 200
    shows_errors = is_refused or is_correcting(request)
    elsewhere = list(list_mistakes_elsewhere(journey, details, screen)) if is_correcting(request) else []
    details.drop_errors_except(INPUTS_BY_SCREEN[screen] if shows_errors else ())
    context = build_screen_context(request, screen, journey, other_version=other_version) | build_questions_context(
        request, journey, details
    )
    context |= {"is_correcting": is_correcting(request), "elsewhere": elsewhere, "has_changed": has_changed}
    return render(request, TEMPLATES[screen], context, status=status)


def render_long_entry(request: HttpRequest, journey: Journey | None, screen: Screen, values: Values) -> HttpResponse:
    """Render the screen again with what was typed, which is too long to be saved, and say which text to shorten.

    `journey` is None on a device that has lost its draft. Its page shows no resumption code, and its next post starts
    a draft. Raises RequestDataTooBig if the text is far too long, if no text of a screen of questions is too long, or
    if the declaration was sent.
    """
    length = sum(len(value) for answers in values.values() for value in answers)
    if (journey and journey.incident) or screen not in TEMPLATES or length > SHOWN_LIMIT:
        raise RequestDataTooBig
    filled = (journey or make_unsaved_journey(request)).with_answers(screen, values)
    details = filled.build_forms_with_long_texts()
    if not details.list_wrong_inputs() & INPUTS_BY_SCREEN[screen]:
        raise RequestDataTooBig
    details.drop_errors_except(INPUTS_BY_SCREEN[screen])
    context = build_screen_context(request, screen, filled) | build_questions_context(request, filled, details)
    context |= {"is_correcting": is_correcting(request), "is_unsaved": True, "has_no_draft": journey is None}
    # The page still changes the version that it changed before.
    context["version"] = request.POST.get("version", "")[:64]
    with timezone.override(filled.zone_info):
        return render(request, TEMPLATES[screen], context, status=422)


def is_correcting(request: HttpRequest) -> bool:
    """Tell whether the person opened this screen with a button that asks to correct its errors."""
    return TO_CORRECT in request.GET or TO_CORRECT in request.POST

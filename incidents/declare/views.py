"""The screens of the declaration. Each screen is saved when any of its buttons is pressed, and the last screen sends
the declaration.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from collectivities.search import find_body_by_uid
from core.request_counter import hash_address
from core.stale import Stale
from incidents.declare.bot_limits import must_confirm_start
from incidents.declare.choices import find_incident_type
from incidents.declare.entries import read_screen_entry
from incidents.declare.journey import Journey, drop_control_characters, find_journey
from incidents.declare.redirects import redirect_to_route
from incidents.declare.rendering import (
    TO_CORRECT,
    WITH_ERRORS,
    is_correcting,
    render_body_screen,
    render_long_entry,
    render_screen,
    render_type_screen,
)
from incidents.declare.resume import render_no_cookies
from incidents.declare.screens import ROUTES, get_next_screen
from incidents.declare.sending import RETURNING, answer_repeated_post, ask_for_confirmation, send_declaration_if_valid
from incidents.devices import draft_cookie
from incidents.devices.inputs import BODY, TYPE
from incidents.enums import Screen, Status
from incidents.models import Draft
from incidents.services.declaring.draft import (
    AnswersChanged,
    DraftAlreadySent,
    EntryTooLarge,
    ScreenEntry,
    check_answers_seen,
    save_draft_screen,
    start_draft,
)

ScreenView = Callable[[HttpRequest, Journey], HttpResponse]
CHOOSE_TYPE = "Choisissez ce qui ressemble le plus, ou « Je ne sais pas »."
FROM_FIRST_SCREEN = "suite"


@login_not_required
@csrf_exempt
def serve_type_screen(request: HttpRequest) -> HttpResponse:
    """Serve the first screen. A post without any cookie gets an explanation of cookies, because the CSRF check would
    refuse this post.

    If such a post has a pen (`PEN`), the CSRF check refuses it, and the error page shows the resumption code.
    """
    if request.method == "POST" and not request.COOKIES and draft_cookie.PEN not in request.POST:
        return render_no_cookies(request)
    return render_or_save_first_screen(request)


@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def render_or_save_first_screen(request: HttpRequest) -> HttpResponse:
    """Show the first screen, or save the posted type. If the case of this device is open, redirect to the confirmation
    page.
    """
    journey = find_journey(request)
    if journey and journey.incident and journey.incident.status != Status.CLOSED:
        return redirect_to_route("declare_sent", **{RETURNING: "oui"})
    if journey and journey.incident:  # a closed or withdrawn case does not prevent a new declaration
        journey = None
    if request.method != "POST":
        return render_type_screen(request, journey)
    try:
        return save_type(request, journey)
    except EntryTooLarge as error:
        raise RequestDataTooBig from error


def save_type(request: HttpRequest, journey: Journey | None) -> HttpResponse:
    """Save the posted type of incident. If this device has no declaration, start a draft."""
    chosen = find_incident_type(request.POST.get(TYPE, ""))
    if chosen is None:
        return render_type_screen(request, journey, problem=CHOOSE_TYPE)
    entry = replace(read_screen_entry(Screen.WHAT, request, journey), type=chosen.value)
    if journey:
        return save_screen(request, journey, entry)
    if must_confirm_start(request, request.POST):
        return ask_for_confirmation(request, Screen.WHAT)
    draft = start_draft(entry=entry, source=hash_address(request))
    # The QR code on the wall card names the body, which the next screen then offers.
    body = find_body_by_uid(drop_control_characters(request.POST).get(BODY, ""))
    query = {FROM_FIRST_SCREEN: "oui"} | ({BODY: str(body.uid)} if body else {})
    response = redirect_to_route("declare_who", **query)
    draft_cookie.remember_draft(response, draft.uid, entry.author)
    return response


def require_draft(screen: Screen) -> Callable[[ScreenView], Callable[[HttpRequest], HttpResponse]]:
    """Decorate the view of a screen after the first one. The view runs only for an unsent draft in which no earlier
    screen must be filled first.

    Other requests are redirected to the right page. What they post is saved, or shown again if it cannot be saved.
    """

    def decorate(view: ScreenView) -> Callable[[HttpRequest], HttpResponse]:
        @login_not_required
        @never_cache
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            journey = find_journey(request)
            try:
                return answer_screen(request, screen, journey, view)
            except EntryTooLarge as error:
                return render_long_entry(request, journey, screen, error.values)

        return guarded

    return decorate


def answer_screen(request: HttpRequest, screen: Screen, journey: Journey | None, view: ScreenView) -> HttpResponse:
    """Run the view of a screen, or answer a request that it does not accept (`require_draft`)."""
    if journey is None:
        return start_missing_draft(request, screen)
    if request.method == "POST" and (journey.incident or lacks_earlier_screen(journey, screen)):
        return save_screen(request, journey, read_screen_entry(screen, request, journey))
    if journey.incident:
        return redirect_to_route("declare_sent")
    if lacks_earlier_screen(journey, screen):
        return redirect_to_route(ROUTES[journey.next_screen])
    with timezone.override(journey.zone_info):
        return view(request, journey)


def lacks_earlier_screen(journey: Journey, screen: Screen) -> bool:
    """Tell whether the type or the body must be given before `screen` can be shown."""
    return journey.first_missing_screen is not None and screen not in {journey.first_missing_screen, Screen.WHAT}


def start_missing_draft(request: HttpRequest, screen: Screen) -> HttpResponse:
    """Start a draft on a device that has none, with what was typed there. On GET, show the first screen instead.

    A request that comes from the first screen gets an explanation of cookies, because the cookie of that screen was
    lost.
    """
    if FROM_FIRST_SCREEN in request.GET:
        return render_no_cookies(request)
    if request.method != "POST":
        return render_type_screen(request, has_no_draft=True)
    entry = read_screen_entry(screen, request, None)
    if screen == Screen.WHO:
        entry = replace(entry, collectivity=find_body_by_uid(drop_control_characters(request.POST).get(BODY, "")))
    if not entry.values:
        return redirect_to_route("declare_type")
    if must_confirm_start(request, request.POST):
        return ask_for_confirmation(request, screen)
    draft = start_draft(entry=entry, source=hash_address(request))
    response = redirect_to_route("declare_type")
    draft_cookie.remember_draft(response, draft.uid, entry.author)
    return response


@require_draft(Screen.WHO)
def serve_body_screen(request: HttpRequest, journey: Journey) -> HttpResponse:
    """Show the screen that asks which body declares, or save the posted body."""
    if request.method != "POST":
        return render_body_screen(request, journey)
    chosen = find_body_by_uid(drop_control_characters(request.POST).get(BODY, ""))
    if chosen is None:
        problem = "Nous n’avons pas retrouvé cette collectivité. Cherchez-la ici."
        return render_body_screen(request, journey, problem=problem)
    return save_screen(request, journey, replace(read_screen_entry(Screen.WHO, request, journey), collectivity=chosen))


@require_draft(Screen.SERVICES)
def serve_services_screen(request: HttpRequest, journey: Journey) -> HttpResponse:
    """Show the screen that asks which public services are stopped, or save it."""
    return render_or_save_screen(request, journey, Screen.SERVICES)


@require_draft(Screen.DATA)
def serve_data_screen(request: HttpRequest, journey: Journey) -> HttpResponse:
    """Show the screen that asks which personal data are affected, or save it."""
    return render_or_save_screen(request, journey, Screen.DATA)


@require_draft(Screen.CALLER)
def serve_caller_screen(request: HttpRequest, journey: Journey) -> HttpResponse:
    """Show the last screen, which asks whom to call back. On POST, save it or send the declaration."""
    return render_or_save_screen(request, journey, Screen.CALLER)


@login_not_required
@require_POST
def start_another_declaration(request: HttpRequest) -> HttpResponse:
    """Remove the declaration, sent or not, from this device and redirect to the first screen. The declaration can
    still be opened with its code or its link.
    """
    response = redirect_to_route("declare_type")
    draft_cookie.delete_draft_cookie(response)
    return response


def render_or_save_screen(request: HttpRequest, journey: Journey, screen: Screen) -> HttpResponse:
    """Show a screen of questions, or save what was posted."""
    if request.method == "POST":
        return save_screen(request, journey, read_screen_entry(screen, request, journey))
    return render_screen(request, journey, screen)


def save_screen(request: HttpRequest, journey: Journey, entry: ScreenEntry) -> HttpResponse:
    """Save what was typed, valid or not. From the last screen, send the declaration if it is valid.

    Then redirect to the page that the pressed button names, or to the same screen if something must be corrected.
    """
    screen = entry.screen
    try:
        response = save_or_send(request, journey, entry)
    except DraftAlreadySent:
        return answer_repeated_post(request, journey, entry)
    except Draft.DoesNotExist:
        return start_missing_draft(request, screen)
    except Stale as changed:
        return render_screen(
            request, journey.with_answers(screen, entry.values), screen, other_version=changed.current
        )
    draft_cookie.remember_draft(response, journey.draft.uid, journey.author)
    return response


def save_or_send(request: HttpRequest, journey: Journey, entry: ScreenEntry) -> HttpResponse:
    """Send the declaration from its last screen if nothing must be corrected. Otherwise save the screen.

    If other screens have changed since the last screen was opened, save the last screen and show it again with a
    warning. Raises the errors of `send_declaration_if_valid` and `save_draft_screen`, except AnswersChanged.
    """
    is_last = entry.screen == Screen.CALLER and request.POST.get("vers", "") not in ROUTES
    may_be_sent = is_last and journey.first_missing_screen is None and journey.incident is None
    try:
        if may_be_sent and (response := send_declaration_if_valid(request, journey, entry)):
            return response
        if may_be_sent:
            check_answers_seen(journey.draft, journey.pages, entry)
    except AnswersChanged:
        save_draft_screen(uid=journey.draft.uid, entry=entry)
        return render_screen(request, find_journey(request) or journey, entry.screen, has_changed=True)
    page = save_draft_screen(uid=journey.draft.uid, entry=entry)
    return redirect_after_saving(request, journey.with_saved_page(page), entry.screen)


def redirect_after_saving(request: HttpRequest, journey: Journey, screen: Screen) -> HttpResponse:
    """Redirect from the saved screen to the page that the pressed button names, or else to the next screen. If no page
    is named and the screen has errors, redirect to the same screen.
    """
    if (back := request.POST.get("vers", "")) in ROUTES:
        return redirect_to_route(ROUTES[Screen(back)])
    if journey.first_missing_screen or screen in {Screen.WHAT, Screen.WHO}:
        return redirect_to_route(ROUTES[journey.first_missing_screen or get_next_screen(screen)])
    details = journey.build_checked_forms(now=timezone.now())
    if (wrong := journey.find_screen_with_error(details)) == screen:
        parameters = {TO_CORRECT: "oui"} if is_correcting(request) else {}
        return redirect_to_route(ROUTES[screen], **parameters, **{WITH_ERRORS: "oui"})
    return redirect_to_next_screen(request, journey, screen, wrong)


def redirect_to_next_screen(
    request: HttpRequest, journey: Journey, screen: Screen, wrong: Screen | None
) -> HttpResponse:
    """Redirect from a screen without errors to the next screen. A person who is correcting errors goes to the screen
    `wrong`, or to the last screen if `wrong` is None.

    From the last screen, redirect to `wrong`, or ask to confirm the sending if `wrong` is None.
    """
    if wrong and (screen == Screen.CALLER or is_correcting(request)):
        return redirect_to_route(ROUTES[wrong], **{TO_CORRECT: "oui"})
    if screen == Screen.CALLER:
        return ask_for_confirmation(request, Screen.CALLER, journey)
    return redirect_to_route(ROUTES[Screen.CALLER if is_correcting(request) else get_next_screen(screen)])

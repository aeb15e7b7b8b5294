"""« Pas le temps : qu’on me rappelle », the declaration on one screen. Questions that it does not ask are recorded as
not answered.
"""

from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from collectivities.models import Collectivity
from collectivities.search import BodySearchResult, SearchProblem, find_body_by_uid, search_bodies_and_places
from collectivities.telephones import find_phone_problem
from core.request_counter import hash_address
from csirts.routing import Route, get_centres_by_level
from incidents.declare.bot_limits import (
    CONFIRMED,
    find_draft_wait,
    list_repeated_inputs,
    must_confirm_sending,
    must_confirm_start,
    render_confirmation_request,
)
from incidents.declare.choices import find_incident_type
from incidents.declare.forms import DeclarationForms
from incidents.declare.journey import (
    Journey,
    drop_control_characters,
    find_body_route,
    find_journey,
    list_own_bodies,
    make_unsaved_journey,
)
from incidents.declare.redirects import redirect_to_route
from incidents.declare.rendering import TO_CORRECT
from incidents.declare.screens import ROUTES
from incidents.declare.sending import answer_repeated_post, find_declaring_member, redirect_to_confirmation
from incidents.declare.views import CHOOSE_TYPE
from incidents.devices import draft_cookie
from incidents.devices.inputs import BACK, BODY, TO_EXPRESS, TYPE
from incidents.enums import IncidentType, Origin, Screen, Status
from incidents.services.declaring.draft import (
    DraftAlreadySent,
    EntryTooLarge,
    ScreenEntry,
    save_draft_screen,
    send_express_declaration,
    stamp_screen,
    start_draft,
)

# The values of the buttons: search for the body, choose a body other than the chosen one, send.
SEARCH, ANOTHER, CALL_ME = "chercher", "autre", "rappel"
PHONE, QUERY = "contact_phone", "q"
# The field with the text for which the page lists bodies, and the field with the body about which the page warned that
# no centre answers for it.
SEARCHED, WARNED = "pour", "averti"
# The button that adds a body that no official list contains. Its value may give a kind and the commune of the seat.
ADD_BODY = "ajouter"
REPEATED_INPUTS = (TYPE, BODY, PHONE, QUERY, SEARCHED, WARNED, SEARCH, CALL_ME, ADD_BODY, draft_cookie.PEN, "version")
# The most characters of the name and of the number that are read and shown again. Longer ones are never right.
INPUT_LIMIT = 1_000


@dataclass
class ExpressPage:
    """The data of the express screen: what was typed, the result of the search for a body, and the error messages.

    `journey` contains the typed values. Its draft may not be in the database yet.
    """

    journey: Journey
    phone: str
    query: str
    search_result: BodySearchResult = field(default_factory=lambda: BodySearchResult([]))
    # The error message of each input, by its name.
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> Collectivity | None:
        return self.journey.collectivity

    @property
    def matches(self) -> list[Collectivity]:
        return self.search_result.bodies

    @cached_property
    def route(self) -> Route | None:
        """The route of the chosen body, or of the only body that the search found. The page announces the centre of
        this route.
        """
        return self.journey.route or (find_body_route(self.matches[0]) if self.has_one_match else None)

    @property
    def is_new(self) -> bool:
        """True if the draft is not in the database yet. Only a saved draft has a `code_hash`."""
        return not self.journey.draft.code_hash

    @property
    def has_no_centre(self) -> bool:
        """True if the body is known but no centre answers for it. Nobody will then call back."""
        return self.route is not None and self.route.csirt is None

    @property
    def has_one_match(self) -> bool:
        """True if the search found exactly one body. The page preselects this body, but sends nothing before the
        button is pressed.
        """
        return len(self.matches) == 1

    def build_entries(self) -> list[ScreenEntry]:
        """Return one entry for each of the three screens that the express screen replaces. Earlier answers of the last
        screen, which the express screen does not ask for, are kept.
        """
        body, kind, author = self.body, self.journey.draft.type, self.journey.author
        caller = self.journey.pages[Screen.CALLER].values
        who = {BODY: [str(body.uid)]} if body else {}
        return [
            ScreenEntry(screen=Screen.WHAT, values={TYPE: [kind]} if kind else {}, author=author, type=kind),
            ScreenEntry(screen=Screen.WHO, values=who, author=author, collectivity=body),
            ScreenEntry(screen=Screen.CALLER, values=caller, author=author),
        ]


@login_not_required
@csrf_exempt
def serve_express_screen(request: HttpRequest) -> HttpResponse:
    """Serve the express screen. After a post without any cookie, show the screen again with what was typed, because
    the CSRF check would refuse this post.
    """
    if request.method == "POST" and not request.COOKIES:
        return render_express_without_cookies(request, status=400)
    return render_or_submit_express(request)


@never_cache
def render_express_without_cookies(request: HttpRequest, *, status: int = 403) -> HttpResponse:
    """Render the express screen again with what was typed, after the browser sent no valid cookie. Save nothing,
    because the post may be forged.
    """
    page = read_express_page(request, find_journey(request) or make_unsaved_journey(request))
    with timezone.override(page.journey.zone_info):
        return render_express(request, page, lost_status=status)


@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def render_or_submit_express(request: HttpRequest) -> HttpResponse:
    """Show the express screen. On POST, search for a body, or save or send the declaration.

    If the declaration of this device was sent and its case is open, redirect a GET to the confirmation page and answer
    a POST as a repeated one.
    """
    opened = find_journey(request)
    is_over = opened and opened.incident and opened.incident.status == Status.CLOSED
    if is_over and draft_cookie.PEN not in request.POST:  # a closed case does not prevent a new one
        opened = None
    if opened and opened.incident and request.method != "POST":
        return redirect_to_route("declare_sent")
    page = read_express_page(request, opened or make_unsaved_journey(request))
    with timezone.override(page.journey.zone_info):
        if request.method != "POST":
            return render_express(request, page)
        try:
            return answer_express_post(request, opened, page)
        except EntryTooLarge:  # with answers of the last screen that were saved before, and are shortened there
            return redirect_to_route(ROUTES[Screen.CALLER], **{TO_CORRECT: "oui"})


def answer_express_post(request: HttpRequest, opened: Journey | None, page: ExpressPage) -> HttpResponse:
    """Answer a post of the express screen. `opened` is the declaration of this device, which may have been sent."""
    if opened and opened.incident:
        return answer_repeated_express(request, opened, page)
    return submit_express(request, page)


def read_express_page(request: HttpRequest, journey: Journey) -> ExpressPage:
    """Return the page with the posted values. On GET, the values come from the query parameters and the draft."""
    is_post = request.method == "POST"
    data = drop_control_characters(request.POST if is_post else request.GET)
    former = journey.pages.get(Screen.CALLER)
    values = dict(former.values) if former else {}
    phone = data.get(PHONE, "")[:INPUT_LIMIT] if is_post else next(iter(values.get(PHONE, [])), "")
    values = {name: answers for name, answers in values.items() if name != PHONE} | ({PHONE: [phone]} if phone else {})
    kind = find_incident_type(data.get(TYPE, "")) or (None if is_post else journey.type)
    draft = copy(journey.draft)
    draft.type, draft.collectivity = kind or "", find_chosen_body(request, data.get(BODY, ""), journey)
    filled = replace(journey, draft=draft).with_answers(Screen.CALLER, values)
    return ExpressPage(filled, phone, data.get(QUERY, "").strip()[:INPUT_LIMIT])


def find_chosen_body(request: HttpRequest, value: str, journey: Journey) -> Collectivity | None:
    """Return the body that the posted page names, or None if another search is requested.

    On GET, return the body in the query parameters, else the body of the draft, else the only body of the account.
    """
    if request.method == "POST":
        return None if is_search_requested(request) else find_body_by_uid(value)
    own_bodies = list_own_bodies(request)
    return find_body_by_uid(value) or journey.collectivity or (own_bodies[0] if len(own_bodies) == 1 else None)


def is_search_requested(request: HttpRequest) -> bool:
    """Tell whether to search for a body. This is true if the search button was pressed, or if the typed name differs
    from the name for which the page listed bodies.
    """
    has_new_words = SEARCHED in request.POST and request.POST[SEARCHED].strip() != request.POST.get(QUERY, "").strip()
    return SEARCH in request.POST or has_new_words


def submit_express(request: HttpRequest, page: ExpressPage) -> HttpResponse:
    """Send the declaration if the body is chosen and all answers are valid. Otherwise search for the body or show what
    is wrong.
    """
    if page.body is None or ADD_BODY in request.POST:
        return search_or_add_body(request, page)
    add_page_errors(page)
    if page.problems or must_warn_without_centre(request, page):
        return render_express(request, page)
    details = page.journey.build_checked_forms(now=timezone.now())
    if wrong := page.journey.find_screen_with_error(details):
        return answer_express_problem(request, page, wrong, details)
    if must_confirm_sending(request, drop_control_characters(request.POST), page.journey.draft.uid):
        return ask_for_express_confirmation(request, page)
    return send_express_and_redirect(request, page, details)


def search_or_add_body(request: HttpRequest, page: ExpressPage) -> HttpResponse:
    """Search for bodies or redirect to the page that adds a body, according to the pressed button."""
    if ADD_BODY in request.POST:
        return redirect_to_body_form(request, page)
    if request.POST.get(SEARCH) != ANOTHER:
        search_bodies(page)
        add_missing_choice_error(request, page)
    return render_express(request, page)


def must_warn_without_centre(request: HttpRequest, page: ExpressPage) -> bool:
    """Tell whether no centre answers for the chosen body and the posted page has not warned about this yet."""
    return page.has_no_centre and page.body is not None and request.POST.get(WARNED, "") != str(page.body.uid)


def redirect_to_body_form(request: HttpRequest, page: ExpressPage) -> HttpResponse:
    """Save what was typed and redirect to the page that adds a body. That page then returns to the express screen.

    Beyond the quota of drafts, or if the start of a draft must wait, nothing is saved: the express screen asks for the
    telephone number again, and sends.
    """
    is_saved = not page.is_new or find_draft_wait(request) == 0
    if page.is_new and is_saved and must_confirm_start(request, drop_control_characters(request.POST)):
        if CONFIRMED not in request.POST:
            return ask_for_express_confirmation(request, page, is_last=False)
        is_saved = False
    kind, _space, seat = request.POST[ADD_BODY][:INPUT_LIMIT].partition(" ")
    offered = {BACK: TO_EXPRESS, "nom": page.query, "nature": kind, "siege": seat}
    response = redirect_to_route("declare_new_body", **{name: value for name, value in offered.items() if value})
    if is_saved and (uid := save_entries(page, hash_address(request))):
        draft_cookie.remember_draft(response, uid, page.journey.author)
    return response


def save_entries(page: ExpressPage, source: str) -> UUID | None:
    """Save to the draft what was typed on the express screen. Return the id of the draft, or None if nothing was typed
    and no draft existed. `source` is a digest of the sender's IP address.
    """
    draft, entries = page.journey.draft, [entry for entry in page.build_entries() if entry.values]
    if page.is_new and entries:
        draft = start_draft(entry=entries.pop(0), source=source)
    for entry in entries:
        version = stamp_screen(draft.pages.filter(screen=entry.screen).first())
        save_draft_screen(uid=draft.uid, entry=replace(entry, version=version))
    return draft.uid if draft.code_hash else None


def add_missing_choice_error(request: HttpRequest, page: ExpressPage) -> None:
    """Add the error that a body must be chosen from the list. Do so only if the person pressed the button that sends,
    and the page had already listed bodies for the typed name.
    """
    if CALL_ME in request.POST and page.query == request.POST.get(SEARCHED, "").strip() and page.matches:
        page.problems[BODY] = "Choisissez votre collectivité dans la liste."


def search_bodies(page: ExpressPage) -> None:
    """Search for the bodies that match the typed name or postal code, and set `page.search_result`. Also add all
    errors of the page to `page.problems`.
    """
    add_page_errors(page)
    try:
        page.search_result = search_bodies_and_places(page.query) if page.query else page.search_result
    except SearchProblem as error:
        page.problems = {QUERY: str(error)} | page.problems
        return
    if not page.query:
        page.problems = {QUERY: "Quelle collectivité est touchée ? Son nom ou son code postal."} | page.problems
    elif not page.matches and page.search_result.mention is None:
        other = "le nom de la collectivité" if page.search_result.is_code else "le code postal de la mairie"
        nothing = f"Nous n’avons pas trouvé « {page.query} ». Essayez {other}."
        page.problems = {QUERY: nothing} | page.problems


def add_page_errors(page: ExpressPage) -> None:
    """Add the errors of the telephone number and of the type of incident to `page.problems`."""
    if not page.phone.strip():
        page.problems[PHONE] = "Donnez un téléphone : sans lui, personne ne peut vous rappeler."
    elif problem := find_phone_problem(page.phone, page.body):
        page.problems[PHONE] = f"{problem}."
    if page.journey.type is None:
        page.problems[TYPE] = CHOOSE_TYPE


def answer_express_problem(
    request: HttpRequest, page: ExpressPage, wrong: Screen, details: DeclarationForms
) -> HttpResponse:
    """If the telephone number is invalid, show the express screen again with that error. For any other error, save
    what was typed and redirect to `wrong`, the screen that has the error.
    """
    if wrong == Screen.CALLER and (problems := details.form.errors.get(PHONE)):
        page.problems[PHONE] = " ".join(map(str, problems))
        return render_express(request, page)
    save_entries(page, hash_address(request))
    return redirect_to_route(ROUTES[wrong], **{TO_CORRECT: "oui"})


def send_express_and_redirect(request: HttpRequest, page: ExpressPage, details: DeclarationForms) -> HttpResponse:
    """Send the declaration and redirect to the confirmation page. If a value has become invalid since it was checked,
    show the express screen again.
    """
    journey, member = page.journey, find_declaring_member(page.journey, request)
    try:
        declared = send_express_declaration(
            uid=journey.draft.uid,
            entries=page.build_entries(),
            declaration=journey.build_declaration(details),
            origin=Origin.ACCOUNT if member else Origin.WEB,
            actor=member,
            source=hash_address(request),
        )
    except DraftAlreadySent:
        response: HttpResponse = redirect_to_route("declare_sent")
    except ValidationError as error:  # a value has become invalid since it was checked
        page.problems = {PHONE: " ".join(error.messages)}
        return render_express(request, page)
    else:
        response = redirect_to_confirmation(request, declared, signature="" if member else journey.author)
    draft_cookie.remember_draft(response, journey.draft.uid, journey.author)
    return response


def answer_repeated_express(request: HttpRequest, journey: Journey, page: ExpressPage) -> HttpResponse:
    """Answer an express post whose declaration was already sent. Redirect to the confirmation page if the posted
    values are those that were sent. Otherwise show the new values, so that they are not lost.
    """
    response = answer_repeated_post(request, journey, page.build_entries()[-1])
    draft_cookie.remember_draft(response, journey.draft.uid, journey.author)
    return response


def ask_for_express_confirmation(request: HttpRequest, page: ExpressPage, *, is_last: bool = True) -> HttpResponse:
    """Render the page that asks for confirmation with one more button. Hidden inputs repeat what was typed.

    `is_last` is False if the person confirms the start of a declaration instead of its sending.
    """
    hidden_inputs = list_repeated_inputs(request, REPEATED_INPUTS)
    journey = page.journey if is_last else None
    return render_confirmation_request(request, journey=journey, route="declare_express", hidden_inputs=hidden_inputs)


def render_express(request: HttpRequest, page: ExpressPage, *, lost_status: int = 0) -> HttpResponse:
    """Render the express screen. `lost_status` is the status of the response to a post without valid cookies, or 0 for
    any other request.
    """
    journey = page.journey
    is_searched = page.query and not page.body and (page.search_result.mention or not page.matches)
    own_bodies = [] if page.body or page.query else list_own_bodies(request)
    context = {
        "step": journey,
        "pen": draft_cookie.make_pen(journey.draft.uid, journey.author),
        "page": page,
        "types": IncidentType.choices,
        "unknown": IncidentType.UNKNOWN.value,
        "own_bodies": own_bodies,
        "body_name": BODY,
        "helpers": get_centres_by_level(timezone.localdate()) if is_searched else {},
        "is_lost": bool(lost_status),
    }
    return render(request, "declare/express.html", context, status=lost_status or (422 if page.problems else 200))

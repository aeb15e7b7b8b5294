"""« Pas le temps : qu’on me rappelle »: a declaration on one screen. What it does not ask is
recorded as not answered.
"""

from copy import copy
from dataclasses import dataclass, field, replace
from uuid import uuid4

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.models import User
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_collectivities
from core.burst import address_key
from incidents.declare.brake import CONFIRMED, TRAP, must_confirm
from incidents.declare.choices import find_type
from incidents.declare.forms import Details
from incidents.declare.journey import Journey, find_body, journey_of, without_controls
from incidents.declare.moves import see
from incidents.declare.resume import no_cookies
from incidents.declare.screens import ROUTES
from incidents.declare.sending import lead_to_answer, member_of, sent_already
from incidents.declare.views import CHOOSE, TO_MEND, bodies_of
from incidents.devices import draft_cookie
from incidents.enums import IncidentType, Origin, Screen
from incidents.models import Draft
from incidents.services.declaring.check import problem_of_number
from incidents.services.declaring.draft import AlreadySent, Typed, save_page, send_express, version_of

# The values of the buttons: search the body, choose another body than the one named, send.
SEARCH, ANOTHER, CALL_ME = "chercher", "autre", "rappel"
PHONE, TYPE, BODY, QUERY = "contact_phone", "quoi", "collectivite", "q"
# The field with the words for which the page lists bodies.
SEARCHED = "pour"
NOT_KEPT = {"csrfmiddlewaretoken", CONFIRMED, TRAP}


@dataclass
class Page:
    """The content of the screen. `journey` holds all of it; its draft may not be saved yet."""

    journey: Journey
    phone: str
    query: str
    found: list[Collectivity] = field(default_factory=list)
    # By the name of the input.
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> Collectivity | None:
        return self.journey.collectivity

    @property
    def is_sure(self) -> bool:
        """True if the search found exactly one body: it is preselected, and only the button sends."""
        return len(self.found) == 1

    def typed(self) -> list[Typed]:
        """Return what this screen fills in of three screens of the journey. Other values typed
        there before are kept.
        """
        body, kind, author = self.body, self.journey.draft.type, self.journey.author
        caller = self.journey.pages[Screen.CALLER].values
        who = {BODY: [str(body.uid)]} if body else {}
        return [
            Typed(screen=Screen.WHAT, values={TYPE: [kind]} if kind else {}, author=author, type=kind),
            Typed(screen=Screen.WHO, values=who, author=author, collectivity=body),
            Typed(screen=Screen.CALLER, values=caller, author=author),
        ]


@login_not_required
@csrf_exempt
def declare_express(request: HttpRequest) -> HttpResponse:
    """Answer a browser without any cookie with an explanation, before the CSRF check, which needs a cookie."""
    if request.method == "POST" and not request.COOKIES:
        return no_cookies(request)
    return one_screen(request)


@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one_screen(request: HttpRequest) -> HttpResponse:
    opened = journey_of(request)
    if opened and opened.incident and request.method != "POST":
        return see("declare_sent")
    page = read_page(request, opened or new_journey(request))
    with timezone.override(page.journey.clock):
        if opened and opened.incident:
            return lead_back(request, opened, page)
        if request.method != "POST":
            return render_express(request, page)
        return submit_express(request, page)


def new_journey(request: HttpRequest) -> Journey:
    """Return an unsaved declaration whose id comes from the posted page, if it has one."""
    held = draft_cookie.read_pen(request)
    author = request.user.display_name if isinstance(request.user, User) else ""
    return Journey(Draft(uid=held.uid if held else uuid4()), {}, author)


def read_page(request: HttpRequest, journey: Journey) -> Page:
    is_post = request.method == "POST"
    data = without_controls(request.POST if is_post else request.GET)
    former = journey.pages.get(Screen.CALLER)
    values = dict(former.values) if former else {}
    phone = data.get(PHONE, "") if is_post else next(iter(values.get(PHONE, [])), "")
    values = {name: typed for name, typed in values.items() if name != PHONE} | ({PHONE: [phone]} if phone else {})
    kind = find_type(data.get(TYPE, "")) or (None if is_post else journey.type)
    draft = copy(journey.draft)
    draft.type, draft.collectivity = kind or "", choose_body(request, data.get(BODY, ""), journey)
    known = replace(journey, draft=draft).having(Screen.CALLER, values)
    return Page(known, phone, data.get(QUERY, "").strip())


def choose_body(request: HttpRequest, named: str, journey: Journey) -> Collectivity | None:
    """Return the body that the page names. Before the first post, return the body of the draft, or the only one of the
    account, if the page names none.
    """
    if request.method == "POST":
        return None if is_search(request) else find_body(named)
    mine = bodies_of(request)
    return find_body(named) or journey.collectivity or (mine[0] if len(mine) == 1 else None)


def is_search(request: HttpRequest) -> bool:
    """Tell whether to search: the button was pressed, or the words changed since the chosen body was found."""
    has_new_words = SEARCHED in request.POST and request.POST[SEARCHED].strip() != request.POST.get(QUERY, "").strip()
    return SEARCH in request.POST or has_new_words


def submit_express(request: HttpRequest, page: Page) -> HttpResponse:
    """Search the body, or send if it is chosen and nothing is wrong."""
    if page.body is None:
        if request.POST.get(SEARCH) != ANOTHER:
            search(page)
            ask_which(request, page)
        return render_express(request, page)
    examine(page)
    if page.problems:
        return render_express(request, page)
    details = page.journey.examined(now=timezone.now())
    if wrong := page.journey.wrong_screen(details):
        return mend(request, page, wrong, details)
    if must_confirm(request, without_controls(request.POST)):
        return ask_again(request, page)
    return send(request, page, details)


def ask_which(request: HttpRequest, page: Page) -> None:
    """Add the error that a body must be chosen, for a person who pressed the button that sends."""
    if CALL_ME in request.POST and page.query == request.POST.get(SEARCHED, "").strip() and page.found:
        page.problems[BODY] = "Choisissez votre collectivité dans la liste."


def search(page: Page) -> None:
    """Search the bodies named, and show at the same time what else is missing."""
    examine(page)
    try:
        page.found = find_collectivities(page.query) if page.query else []
    except SearchProblem as error:
        page.problems = {QUERY: str(error)} | page.problems
        return
    if not page.query:
        page.problems = {QUERY: "Quelle collectivité est touchée ? Son nom ou son code postal."} | page.problems
    elif not page.found:
        nothing = "Nous n’avons pas trouvé « %(query)s ». Essayez le code postal de la mairie."
        page.problems = {QUERY: nothing % {"query": page.query}} | page.problems


def examine(page: Page) -> None:
    if not page.phone.strip():
        page.problems[PHONE] = "Donnez un téléphone : sans lui, personne ne peut vous rappeler."
    elif problem := problem_of_number(page.phone):
        page.problems[PHONE] = f"{problem} Écrivez-le en entier."
    if page.journey.type is None:
        page.problems[TYPE] = str(CHOOSE)


def mend(request: HttpRequest, page: Page, wrong: Screen, details: Details) -> HttpResponse:
    """Show an error here, or redirect to the screen of the journey that has the wrong field."""
    if wrong == Screen.CALLER and (problems := details.form.errors.get(PHONE)):
        page.problems[PHONE] = " ".join(map(str, problems))
        return render_express(request, page)
    draft = page.journey.draft
    for one in page.typed():
        version = version_of(draft.pages.filter(screen=one.screen).first())
        save_page(uid=draft.uid, typed=replace(one, version=version))
    return see(ROUTES[wrong], **{TO_MEND: "oui"})


def send(request: HttpRequest, page: Page, details: Details) -> HttpResponse:
    journey, member = page.journey, member_of(page.journey, request)
    try:
        declared = send_express(
            uid=journey.draft.uid,
            typed=page.typed(),
            declaration=journey.declaration(details),
            origin=Origin.ACCOUNT if member else Origin.WEB,
            actor=member,
            source=address_key(request),
        )
    except AlreadySent:
        response: HttpResponse = see("declare_sent")
    except ValidationError as error:  # the time has passed since the values were checked, and one is no longer valid
        page.problems = {PHONE: " ".join(error.messages)}
        return render_express(request, page)
    else:
        response = lead_to_answer(request, declared, signature="" if member else journey.author)
    draft_cookie.remember(response, journey.draft.uid, journey.author)
    return response


def lead_back(request: HttpRequest, sent: Journey, page: Page) -> HttpResponse:
    """Lead to the answer if this page was sent before; otherwise show the different words, so that
    they are not lost.
    """
    response = sent_already(request, sent, page.typed()[-1])
    draft_cookie.remember(response, sent.draft.uid, sent.author)
    return response


def ask_again(request: HttpRequest, page: Page) -> HttpResponse:
    """Ask to confirm with one more button, and keep what was typed in hidden inputs."""
    data = without_controls(request.POST)
    kept = [(name, value) for name, values in data.lists() if name not in NOT_KEPT for value in values]
    context = {"step": page.journey, "route": "declare_express", "kept": kept, "confirmed": CONFIRMED}
    return render(request, "declare/confirm.html", context)


def render_express(request: HttpRequest, page: Page) -> HttpResponse:
    journey = page.journey
    mine = [] if page.body or page.query else bodies_of(request)
    context = {
        "step": journey,
        "pen": draft_cookie.new_pen(journey.draft.uid, journey.author),
        "page": page,
        "types": IncidentType.choices,
        "unknown": IncidentType.UNKNOWN.value,
        "mine": mine,
        "body_name": BODY,
    }
    return render(request, "declare/express.html", context, status=422 if page.problems else 200)

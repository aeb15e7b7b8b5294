"""« Pas le temps : qu’on me rappelle »: one screen, a declaration like any other. What it does not ask is not said."""

from copy import copy
from dataclasses import dataclass, field, replace
from uuid import uuid4

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.models import User
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_collectivities
from incidents import draft_cookie
from incidents.burst import address_key
from incidents.declare.brake import CONFIRMED, TRAP, must_confirm
from incidents.declare.choices import type_named
from incidents.declare.forms import Details
from incidents.declare.journey import Journey, body_named, journey_of, without_controls
from incidents.declare.moves import see
from incidents.declare.resume import no_cookies
from incidents.declare.screens import ROUTES
from incidents.declare.sending import lead_to_answer, member_of, sent_already
from incidents.declare.views import CHOOSE, TO_MEND, bodies_of
from incidents.enums import IncidentType, Origin, Screen
from incidents.models import Draft
from incidents.services.check import can_be_called
from incidents.services.draft import AlreadySent, Typed, save_page, send_express, version_of

# The button that looks for the body; « autre »: another one than the one named. The button that sends.
SEARCH, ANOTHER, CALL_ME = "chercher", "autre", "rappel"
PHONE, TYPE, BODY, QUERY = "contact_phone", "quoi", "collectivite", "q"
# The words that found the bodies which the page shows.
SEARCHED = "pour"
NOT_KEPT = {"csrfmiddlewaretoken", CONFIRMED, TRAP}


@dataclass
class Page:
    """What the screen holds, whoever typed it. `journey` has all of it; its draft may not be saved yet."""

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
        """Whether the search found one body alone: it is chosen already, and sent by nothing but the button."""
        return len(self.found) == 1

    def typed(self) -> list[Typed]:
        """The three screens of the journey that this one fills; what else was typed on them before stays."""
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
    """Whoever sends no cookie at all is told so before the check against forged posts, which needs one."""
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
            return ask(request, page)
        return take(request, page)


def new_journey(request: HttpRequest) -> Journey:
    """Return a declaration of which nothing is saved yet, named by the page that is posted."""
    held = draft_cookie.held(request)
    author = request.user.display_name if isinstance(request.user, User) else ""
    return Journey(Draft(uid=held.uid if held else uuid4()), {}, author)


def read_page(request: HttpRequest, journey: Journey) -> Page:
    is_post = request.method == "POST"
    data = without_controls(request.POST if is_post else request.GET)
    former = journey.pages.get(Screen.CALLER)
    values = dict(former.values) if former else {}
    phone = data.get(PHONE, "") if is_post else next(iter(values.get(PHONE, [])), "")
    values = {name: typed for name, typed in values.items() if name != PHONE} | ({PHONE: [phone]} if phone else {})
    kind = type_named(data.get(TYPE, "")) or (None if is_post else journey.type)
    draft = copy(journey.draft)
    draft.type, draft.collectivity = kind or "", body_asked(request, data.get(BODY, ""), journey)
    known = replace(journey, draft=draft).having(Screen.CALLER, values)
    return Page(known, phone, data.get(QUERY, "").strip())


def body_asked(request: HttpRequest, named: str, journey: Journey) -> Collectivity | None:
    """Return the body that the page names; before anything is posted also that of the draft, or of the account."""
    if request.method == "POST":
        return None if is_search(request) else body_named(named)
    mine = bodies_of(request)
    return body_named(named) or journey.collectivity or (mine[0] if len(mine) == 1 else None)


def is_search(request: HttpRequest) -> bool:
    """Tell whether other bodies are looked for, or other words were typed than those that found the chosen one."""
    has_new_words = SEARCHED in request.POST and request.POST[SEARCHED].strip() != request.POST.get(QUERY, "").strip()
    return SEARCH in request.POST or has_new_words


def take(request: HttpRequest, page: Page) -> HttpResponse:
    """Look for the body, or send once it is chosen and nothing is to be mended."""
    if page.body is None:
        if request.POST.get(SEARCH) != ANOTHER:
            search(page)
            ask_which(request, page)
        return ask(request, page)
    examine(page)
    if page.problems:
        return ask(request, page)
    details = page.journey.examined(now=timezone.now())
    if wrong := page.journey.wrong_screen(details):
        return mend(request, page, wrong, details)
    if must_confirm(request, without_controls(request.POST)):
        return ask_again(request, page)
    return send(request, page, details)


def ask_which(request: HttpRequest, page: Page) -> None:
    """Say that a body is still to be chosen, to whoever pressed the button that sends."""
    if CALL_ME in request.POST and page.query == request.POST.get(SEARCHED, "").strip() and page.found:
        page.problems[BODY] = _("Choisissez votre collectivité dans la liste.")


def search(page: Page) -> None:
    """Find the bodies that were named. What else is missing is said at once, with what the search has to say."""
    examine(page)
    try:
        page.found = find_collectivities(page.query) if page.query else []
    except SearchProblem as error:
        page.problems = {QUERY: str(error)} | page.problems
        return
    if not page.query:
        page.problems = {QUERY: _("Quelle collectivité est touchée ? Son nom ou son code postal.")} | page.problems
    elif not page.found:
        nothing = _("Nous n’avons pas trouvé « %(query)s ». Essayez le code postal de la mairie.")
        page.problems = {QUERY: nothing % {"query": page.query}} | page.problems


def examine(page: Page) -> None:
    if not page.phone.strip():
        page.problems[PHONE] = _("Donnez un téléphone : sans lui, personne ne peut vous rappeler.")
    elif not can_be_called(page.phone):
        page.problems[PHONE] = _("Ce numéro ne peut pas être appelé : il y manque des chiffres. Écrivez-le en entier.")
    if page.journey.type is None:
        page.problems[TYPE] = str(CHOOSE)


def mend(request: HttpRequest, page: Page, wrong: Screen, details: Details) -> HttpResponse:
    """Something that was typed cannot be true: said here, or on the screen of the journey where it stands."""
    if wrong == Screen.CALLER and (problems := details.form.errors.get(PHONE)):
        page.problems[PHONE] = " ".join(map(str, problems))
        return ask(request, page)
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
    except ValidationError as error:  # the clock has turned since it was examined
        page.problems = {PHONE: " ".join(error.messages)}
        return ask(request, page)
    else:
        response = lead_to_answer(request, declared, signature="" if member else journey.author)
    draft_cookie.remember(response, journey.draft.uid, journey.author)
    return response


def lead_back(request: HttpRequest, sent: Journey, page: Page) -> HttpResponse:
    """The same page again leads to the answer; other words are shown, to be kept."""
    response = sent_already(request, sent, page.typed()[-1])
    draft_cookie.remember(response, sent.draft.uid, sent.author)
    return response


def ask_again(request: HttpRequest, page: Page) -> HttpResponse:
    """One button more, and everything that was typed goes with it."""
    data = without_controls(request.POST)
    kept = [(name, value) for name, values in data.lists() if name not in NOT_KEPT for value in values]
    context = {"step": page.journey, "route": "declare_express", "kept": kept, "confirmed": CONFIRMED}
    return render(request, "declare/confirm.html", context)


def ask(request: HttpRequest, page: Page) -> HttpResponse:
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

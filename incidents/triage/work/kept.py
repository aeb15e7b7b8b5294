"""Unsent text on the page of a case, which the server keeps. Each post of the page contains all of it, and a script
saves it between two posts. The next page shows it again, on any device, to this person only.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.text import strip_controls
from incidents.access import check_ability
from incidents.enums import Ability, KeptForm
from incidents.models import Incident
from incidents.services.handling.keep import Pen, Values, keep_words, words_of
from incidents.services.history.snapshots import first_leak
from incidents.triage.case.body import CorrectionForm, make_correction_form
from incidents.triage.case.ending import ReopenForm
from incidents.triage.case.opened import FORMS, open_form
from incidents.triage.case.thread import ReplyForm
from incidents.triage.case_form import CaseForm
from incidents.triage.judging.qualify import QualifyForm
from incidents.triage.judging.severity import SeverityForm, make_severity_form
from incidents.triage.judging.verify import VerifyForm
from incidents.triage.work.kept_pages import PAGES, keep_page
from incidents.triage.work.notes import NoteForm
from incidents.triage.work.tasks import TaskForm

# Hidden fields of a form, which the person did not type.
MARKS = frozenset({"key", "seen", "confirmed"})
# The part of the page to which a button leads without a script.
PLACES = {"modele": "echanges", "corps": "a-confirmer"}
WRITTEN_ELSEWHERE = "Vous avez écrit autre chose ici depuis une autre page. Rechargez pour le lire."

# The block of the page that holds each form. The correction is beside the proposed body instead.
BLOCKS = {
    KeptForm.REPLY: "thread",
    KeptForm.NOTE: "notes",
    KeptForm.TASK: "tasks",
    KeptForm.QUALIFICATION: "qualify",
    KeptForm.SEVERITY: "weighed",
    KeptForm.REOPENING: "ending",
    KeptForm.VERIFICATION: "verify",
}
# How to build each form with what was posted and with what it shows when nothing is typed.
TYPED: dict[KeptForm, Callable[[Incident, QueryDict], CaseForm]] = {
    KeptForm.REPLY: lambda case, sent: ReplyForm(sent),
    KeptForm.NOTE: lambda case, sent: NoteForm(sent),
    KeptForm.TASK: lambda case, sent: TaskForm(sent, zone=find_zone(case.collectivity)),
    KeptForm.QUALIFICATION: lambda case, sent: QualifyForm(case, first_leak(case), sent),
    KeptForm.SEVERITY: lambda case, sent: SeverityForm(sent, initial=make_severity_form(case).initial),
    KeptForm.CORRECTION: lambda case, sent: CorrectionForm(
        sent, initial=make_correction_form(case.collectivity).initial
    ),
    KeptForm.REOPENING: lambda case, sent: ReopenForm(sent),
    KeptForm.VERIFICATION: lambda case, sent: VerifyForm(sent),
}


def typed_in(incident: Incident, sent: QueryDict, codes: Iterable[KeptForm]) -> dict[KeptForm, Values]:
    """Return what was typed in each of these forms that `sent` contains. A form that was not changed gets {}."""
    words: dict[KeptForm, Values] = {}
    for code in codes:
        values = values_of(sent, code)
        if not values:
            continue
        form = TYPED[code](incident, sent)
        words[code] = values if set(form.changed_data) - MARKS else {}
    return words


def values_of(sent: QueryDict, code: str) -> Values:
    """Return the posted fields of one form, by their names without its prefix."""
    start = f"{code}-"
    return {
        name.removeprefix(start): [strip_controls(value) for value in values]
        for name, values in sent.lists()
        if name.startswith(start)
    }


def pen_of(sent: QueryDict) -> Pen:
    """Return which page was posted, according to its hidden fields. A page without them has no name."""
    stroke = sent.get("trait", "")
    try:
        opened_at = datetime.fromisoformat(sent.get("ouverte", ""))
    except ValueError:
        opened_at = None
    if opened_at and timezone.is_naive(opened_at):
        opened_at = None
    number = int(stroke) if stroke.isascii() and stroke.isdecimal() and len(stroke) < 8 else 0
    return Pen(name=strip_controls(sent.get("stylo", ""))[:32], opened_at=opened_at, stroke=number)


def keeping_words(code: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Return a decorator that keeps what is typed on the page of a case while one of its forms or buttons is posted to
    the view.

    `code` is that of the form; if it is empty, the argument `act` of the view gives it. The view reads the fields of
    its form without their prefix. What the view accepted is forgotten, and what it refused stays with the rest.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def keeping(request: HttpRequest, reference: str, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return view(request, reference, *args, **kwargs)
            sent, own = request.POST, code or kwargs.get("act", "")
            typed: dict[KeptForm, Values] = {}
            if own in PAGES:
                # The case is erased, and the view refuses the post.
                with suppress(ValidationError):
                    keep_page(get_account(request), reference, KeptForm(own), sent, pen_of(sent))
            else:
                typed = keep_typed(get_account(request), reference, sent, own)
            request.POST = with_own_names(sent, own)  # type: ignore[assignment]  # immutable in its stubs
            answer = view(request, reference, *args, **kwargs)
            if own in KeptForm.values and answer.status_code == HTTPStatus.FOUND and typed.get(KeptForm(own)) != {}:
                forget_sent(get_account(request), reference, KeptForm(own), pen_of(sent))
            return answer

        return keeping

    return decorate


def keep_typed(user: User, reference: str, sent: QueryDict, own: str = "") -> dict[KeptForm, Values]:
    """Keep all that a post of the page contains, whichever form was sent, and return it. The words in the form `own`,
    which was sent, replace what another page saved for it. Raise Http404 and PermissionDenied.
    """
    if not any(values_of(sent, code) for code in KeptForm.values):
        return {}
    incident = check_ability(user, reference, to=Ability.WORK)
    if incident.erased_at:
        return {}
    words = typed_in(incident, sent, KeptForm)
    replaced = next((code for code in words if code == own and words[code]), None)
    keep_words(reference=reference, actor=user, words=words, pen=pen_of(sent), sent=replaced)
    return words


def with_own_names(sent: QueryDict, own: str) -> QueryDict:
    """Return `sent` in which the fields of the form `own` also have their names without prefix. A field that is
    already posted under such a name, as by a button, stays.
    """
    named = sent.copy()
    for name, values in values_of(sent, own).items() if own else ():
        if name not in named:
            named.setlist(name, values)
    return named


def forget_sent(user: User, reference: str, code: KeptForm, pen: Pen) -> None:
    incident = check_ability(user, reference, to=Ability.WORK)
    if incident.erased_at is None and (code in words_of(incident, user) or pen.stroke):
        # For a form on a page of its own, forget only what that page has saved.
        sent = None if code in PAGES else code
        keep_words(reference=reference, actor=user, words={code: {}}, pen=pen, sent=sent)


@never_cache
@require_POST
def keep_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Keep what is typed. The script gets the result as JSON; without a script, the page comes back with the words."""
    user = get_account(request)
    incident = check_ability(user, reference, to=Ability.WORK)
    if request.GET.get("page") in PAGES:
        return keep_page_view(request, reference, KeptForm(request.GET["page"]))
    if request.headers.get("Accept") != "application/json":
        keep_typed(user, reference, request.POST)
        return redirect(find_page(reference, request.POST))
    words = typed_in(incident, request.POST, KeptForm)
    try:
        elsewhere = keep_words(reference=reference, actor=user, words=words, pen=pen_of(request.POST))
    except ValidationError as error:
        return JsonResponse({"said": error.messages[0]}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"said": str(WRITTEN_ELSEWHERE) if elsewhere else ""})


def keep_page_view(request: HttpRequest, reference: str, code: KeptForm) -> HttpResponse:
    """Keep what is typed on a page other than that of the case, and answer its script as JSON."""
    try:
        elsewhere = keep_page(get_account(request), reference, code, request.POST, pen_of(request.POST))
    except ValidationError as error:
        return JsonResponse({"said": error.messages[0]}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    kept = "Ce que vous écrivez est gardé, pour vous seul, jusqu’à l’envoi."
    return JsonResponse({"said": str(WRITTEN_ELSEWHERE) if elsewhere else kept})


def find_page(reference: str, sent: QueryDict) -> str:
    """Return the address of the page of the case, with what the pressed button asked to show there."""
    asked = sent.get("aller", "corps" if sent.get("corps", "").strip() else "")
    if opened := FORMS.get(sent.get("ouvrir", "")):
        query, anchor = {"ouvrir": sent["ouvrir"]}, opened.anchor
    elif asked in PLACES:
        query, anchor = {asked: sent.get(asked, "")}, PLACES[asked]
    else:
        return reverse("admin:incidents_incident_change", args=[reference])
    return reverse("admin:incidents_incident_change", args=[reference], query=query, fragment=anchor)


def new_page() -> dict[str, Any]:
    """Return what the page sends back with each post: its name, the time when it was made, and its forms."""
    return {"name": get_random_string(22), "opened_at": timezone.now(), "forms": [code.value for code in TYPED]}


def restore_words(context: dict[str, Any], incident: Incident, user: User) -> None:
    """Put what `user` has typed and not sent into the forms of the page that `context` describes. Runs one query."""
    words = {} if incident.erased_at else words_of(incident, user)
    context["begun"] = [code.value for code in words if code in PAGES]
    for code, values in words.items():
        if code in PAGES:
            continue
        if code in FORMS:
            open_form(context, incident, user, code)
        if form := form_in(context, code):
            form.restore(values)


def form_in(context: Mapping[str, Any], code: KeptForm) -> CaseForm | None:
    """Return that form of the page, or None if the page does not have it."""
    if code == KeptForm.CORRECTION:
        return context["proposed"].form if context.get("proposed") else None
    found: CaseForm | None = context.get(BLOCKS[code], {}).get("form")
    return found

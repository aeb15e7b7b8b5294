"""Unsent text on the page of a case, which the server saves. Each post of the page contains all of it, and a script
saves it between two posts. The next page shows it again, on any device, to this person only.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.text import strip_control_characters
from incidents.access import check_ability
from incidents.enums import Ability, CaseFormCode
from incidents.models import Incident
from incidents.services.correspondence.correspond import was_letter_saved
from incidents.services.handling.notes import was_note_saved
from incidents.services.handling.unsent_text import Pen, Values, load_unsent_texts, save_unsent_texts
from incidents.services.history.snapshots import find_leak_row
from incidents.triage.case.body import BodyCorrectionForm, make_correction_form
from incidents.triage.case.ending import ReopenForm
from incidents.triage.case.opened_forms import FORMS, add_opened_form
from incidents.triage.case.thread import ReplyForm
from incidents.triage.case_form import CaseForm
from incidents.triage.judging.qualify import QualifyForm
from incidents.triage.judging.severity import SeverityForm, make_severity_form
from incidents.triage.judging.verify import VerifyForm
from incidents.triage.work.notes import NoteForm
from incidents.triage.work.tasks import TaskForm
from incidents.triage.work.typed_fields import HIDDEN_FIELDS, STATE_FIELDS
from incidents.triage.work.unsent_page_text import PAGES, save_page_text

# From the parameter that a button sends to the anchor to which the page scrolls without a script.
BUTTON_ANCHORS = {"modele": "echanges", "corps": "a-confirmer"}
SAVED = "Ce que vous écrivez est gardé, pour vous seul, jusqu’à l’envoi."
WRITTEN_ELSEWHERE = "Vous avez écrit autre chose ici depuis une autre page. Rechargez pour le lire."

# The block of the context that holds each form. The form that corrects a body is in the block of the proposed body.
BLOCKS = {
    CaseFormCode.REPLY: "thread",
    CaseFormCode.NOTE: "notes",
    CaseFormCode.TASK: "tasks",
    CaseFormCode.QUALIFICATION: "qualify",
    CaseFormCode.SEVERITY: "severity",
    CaseFormCode.REOPENING: "ending",
    CaseFormCode.VERIFICATION: "verify",
}
# How to build each form from a post, with the initial values from which changes are recognised.
FORM_BUILDERS: dict[CaseFormCode, Callable[[Incident, QueryDict], CaseForm]] = {
    CaseFormCode.REPLY: lambda case, posted: ReplyForm(posted),
    CaseFormCode.NOTE: lambda case, posted: NoteForm(posted),
    CaseFormCode.TASK: lambda case, posted: TaskForm(posted, zone=find_zone(case.collectivity)),
    CaseFormCode.QUALIFICATION: lambda case, posted: QualifyForm(case, find_leak_row(case), posted),
    CaseFormCode.SEVERITY: lambda case, posted: SeverityForm(posted, initial=make_severity_form(case).initial),
    CaseFormCode.CORRECTION: lambda case, posted: BodyCorrectionForm(
        posted, initial=make_correction_form(case.collectivity).initial
    ),
    CaseFormCode.REOPENING: lambda case, posted: ReopenForm(posted),
    CaseFormCode.VERIFICATION: lambda case, posted: VerifyForm(posted),
}


class RefusalRedirect(HttpResponseRedirect):
    """A redirect after a form that was refused. It makes `save_posted_text` keep the text typed in that form."""


def read_typed_values(
    incident: Incident, posted: QueryDict, codes: Iterable[CaseFormCode]
) -> dict[CaseFormCode, Values]:
    """Return what was typed in each of the posted forms with these codes.

    The values of a form are {} if it was not changed or was already sent.
    """
    values_by_form: dict[CaseFormCode, Values] = {}
    for code in codes:
        values = read_form_values(posted, code)
        if not values:
            continue
        form = FORM_BUILDERS[code](incident, posted)
        is_unsent = set(form.changed_data) - HIDDEN_FIELDS - STATE_FIELDS and not was_sent(incident, form)
        values_by_form[code] = values if is_unsent else {}
    return values_by_form


def was_sent(incident: Incident, form: CaseForm) -> bool:
    """Tell whether this message or note was already sent.

    This happens if a person leaves the page just after pressing the button: the script saves the text once more,
    because it does not know the outcome.
    """
    with suppress(ValidationError):
        if isinstance(form, ReplyForm) and form.is_valid():
            return was_letter_saved(incident, form.make_letter())
        if isinstance(form, NoteForm) and form.is_valid():
            note = form.make_arguments()
            return was_note_saved(incident, kind=note["kind"], text=note["text"], key=note["key"])
    return False


def read_form_values(posted: QueryDict, code: str) -> Values:
    """Return the posted fields of the form with this code, by their names without its prefix."""
    start = f"{code}-"
    return {
        name.removeprefix(start): [strip_control_characters(value) for value in values]
        for name, values in posted.lists()
        if name.startswith(start)
    }


def read_posted_pen(posted: QueryDict) -> Pen:
    """Return the pen that the hidden fields of the page give: one opening of the page, and the number of this save.

    If the page has no such fields, the name of the pen is "".
    """
    stroke = posted.get("trait", "")
    try:
        opened_at = datetime.fromisoformat(posted.get("ouverte", ""))
    except ValueError:
        opened_at = None
    if opened_at and timezone.is_naive(opened_at):
        opened_at = None
    number = int(stroke) if stroke.isascii() and stroke.isdecimal() and len(stroke) < 8 else 0
    return Pen(name=strip_control_characters(posted.get("stylo", ""))[:32], opened_at=opened_at, stroke=number)


def save_posted_text(code: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Return a decorator for a view of a case. When a page is posted, it first saves all that was typed on the page.

    `code` is the code of the form that the view handles. If it is "", the view gets this code as its parameter `act`.
    The view finds the fields of this form under their names without the prefix. If the view accepts the form, the
    saved text is deleted. Otherwise the text stays saved.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def save_and_call_view(request: HttpRequest, reference: str, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return view(request, reference, *args, **kwargs)
            posted, form_code, user = request.POST, code or kwargs.get("act", ""), get_account(request)
            pen, values_by_form = read_posted_pen(posted), dict[CaseFormCode, Values]()
            if form_code in PAGES:
                with suppress(ValidationError):  # the case is erased, so the view refuses the post
                    save_page_text(user, reference, CaseFormCode(form_code), posted, pen)
            else:
                values_by_form = save_typed_text(user, reference, posted, form_code)
            request.POST = add_unprefixed_names(posted, form_code)  # type: ignore[assignment]  # immutable in its stubs
            response = view(request, reference, *args, **kwargs)
            is_accepted = response.status_code == HTTPStatus.FOUND and not isinstance(response, RefusalRedirect)
            if is_accepted and form_code in CaseFormCode.values and values_by_form.get(CaseFormCode(form_code)) != {}:
                delete_sent_text(user, reference, CaseFormCode(form_code), pen)
            return response

        return save_and_call_view

    return decorate


def save_typed_text(user: User, reference: str, posted: QueryDict, form_code: str = "") -> dict[CaseFormCode, Values]:
    """Save and return what was typed in all forms of the page. Raises Http404 or PermissionDenied.

    `form_code` is the code of the form that was sent. Its text replaces what another page has saved for this form.
    """
    if not any(read_form_values(posted, code) for code in CaseFormCode.values):
        return {}
    incident = check_ability(user, reference, to=Ability.WORK)
    if incident.erased_at:
        return {}
    values_by_form = read_typed_values(incident, posted, CaseFormCode)
    replaced = next((code for code in values_by_form if code == form_code and values_by_form[code]), None)
    save_unsent_texts(
        reference=reference, actor=user, values_by_form=values_by_form, pen=read_posted_pen(posted), submitted=replaced
    )
    return values_by_form


def add_unprefixed_names(posted: QueryDict, form_code: str) -> QueryDict:
    """Return a copy of `posted` in which the fields of the form `form_code` also appear without their prefix.

    If the name without prefix was also posted, for example by a button, its value is kept.
    """
    fields = posted.copy()
    for name, values in read_form_values(posted, form_code).items() if form_code else ():
        if name not in fields:
            fields.setlist(name, values)
    return fields


def delete_sent_text(user: User, reference: str, code: CaseFormCode, pen: Pen) -> None:
    """Delete the saved text of a form that was sent.

    If the form has its own page, only the text that this page has saved is deleted.
    """
    incident = check_ability(user, reference, to=Ability.WORK)
    if incident.erased_at is None and (code in load_unsent_texts(incident, user) or pen.stroke):
        # For a form on a page of its own, delete only what that page has saved.
        code_sent = None if code in PAGES else code
        save_unsent_texts(reference=reference, actor=user, values_by_form={code: {}}, pen=pen, submitted=code_sent)


@never_cache
@require_POST
def save_unsent_text_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Save what is typed on the page of a case, and return the result to its script as JSON.

    Without a script, redirect to the page, which shows the saved text.
    """
    user = get_account(request)
    incident = check_ability(user, reference, to=Ability.WORK)
    if request.GET.get("page") in PAGES:
        return save_page_text_view(request, reference, CaseFormCode(request.GET["page"]))
    if request.headers.get("Accept") != "application/json":
        save_typed_text(user, reference, request.POST)
        return redirect(build_next_address(reference, request.POST))
    values_by_form = read_typed_values(incident, request.POST, CaseFormCode)
    try:
        elsewhere = save_unsent_texts(
            reference=reference, actor=user, values_by_form=values_by_form, pen=read_posted_pen(request.POST)
        )
    except ValidationError as error:
        return JsonResponse({"message": error.messages[0]}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"message": WRITTEN_ELSEWHERE if elsewhere else ""})


def save_page_text_view(request: HttpRequest, reference: str, code: CaseFormCode) -> HttpResponse:
    """Save what is typed on a page other than that of the case, and return the result to its script as JSON."""
    try:
        elsewhere = save_page_text(get_account(request), reference, code, request.POST, read_posted_pen(request.POST))
    except ValidationError as error:
        return JsonResponse({"message": error.messages[0]}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"message": WRITTEN_ELSEWHERE if elsewhere else SAVED})


def build_next_address(reference: str, posted: QueryDict) -> str:
    """Return the address of the page of the case, at the form or the block that the pressed button opens."""
    place = posted.get("aller", "corps" if posted.get("corps", "").strip() else "")
    if opened := FORMS.get(posted.get("ouvrir", "")):
        query, anchor = {"ouvrir": posted["ouvrir"]}, opened.anchor
    elif place in BUTTON_ANCHORS:
        query, anchor = {place: posted.get(place, "")}, BUTTON_ANCHORS[place]
    else:
        return reverse("admin:incidents_incident_change", args=[reference])
    return reverse("admin:incidents_incident_change", args=[reference], query=query, fragment=anchor)


def describe_new_page() -> dict[str, Any]:
    """Return the name and the time of a new page, and what its script needs.

    The page sends the name and the time back with each post. The script needs the codes of the forms, and the sentence
    that confirms that a text is saved.
    """
    return {
        "name": get_random_string(22),
        "opened_at": timezone.now(),
        "forms": [code.value for code in FORM_BUILDERS],
        "confirmation": SAVED,
    }


def restore_unsent_texts(context: dict[str, Any], incident: Incident, user: User) -> None:
    """Fill the forms of the page that `context` describes with what `user` typed and did not send. Runs one query."""
    values_by_form = {} if incident.erased_at else load_unsent_texts(incident, user)
    context["begun"] = [code.value for code in values_by_form if code in PAGES]
    for code, values in values_by_form.items():
        if code in PAGES:
            continue
        if code in FORMS:
            add_opened_form(context, incident, user, code)
        if form := find_form(context, code):
            form.restore(values)


def find_form(context: Mapping[str, Any], code: CaseFormCode) -> CaseForm | None:
    """Return the form with this code from the context of the page, or None if the page does not have it."""
    if code == CaseFormCode.CORRECTION:
        return context["proposed"].form if context.get("proposed") else None
    form: CaseForm | None = context.get(BLOCKS[code], {}).get("form")
    return form

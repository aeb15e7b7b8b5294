"""The telephone form of an existing case. It starts with the known facts, which the responder replaces with what the
caller says.
"""

from collections import Counter
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods

from accounts.signed_in import get_account
from collectivities.models import Collectivity
from collectivities.zones import find_zone
from core.stale import Stale
from incidents.access import get_incident
from incidents.enums import Ability, CaseFormCode, InterruptionExtent, NoteKind
from incidents.facts.shapes import CASE_ANSWERS, STORY_COLUMNS, Interruption, map_leak_inputs
from incidents.models import Incident
from incidents.moments import has_hour
from incidents.services.calls.call_back import Call, check_case_is_open, save_call, stamp_facts
from incidents.services.duplicates.call_backs import awaits_call
from incidents.services.handling.unsent_text import Values
from incidents.services.handling.verify import verify_incident
from incidents.services.history.declared import read_declared_data, read_declared_leak
from incidents.services.history.snapshots import list_interruptions, read_instants
from incidents.triage.calls.on_behalf import CALLED_BACK, KEY, read_or_make_key
from incidents.triage.calls.telephone_form import TelephoneForm
from incidents.triage.case.emergency import find_official_number, list_emergency_contacts
from incidents.triage.case.page import redirect_to_case, render_page, report_refusal
from incidents.triage.work.unsent_page_text import restore_page_text
from incidents.triage.work.unsent_text import describe_new_page

SEEN = "vu"
STORY_REPLACED = (
    "Ce que vous écrivez ici remplace ce qui a été déclaré. Les mots d’avant restent dans l’historique. "
    "Jamais de mot de passe."
)


class CallForm(TelephoneForm):
    """The telephone form of an existing case, whose body is known. It also asks who calls."""

    direction = forms.ChoiceField(
        label="Qui appelle",
        choices=[(NoteKind.CALL_IN.value, "Il appelle"), (NoteKind.CALL_OUT.value, "J’appelle")],
        widget=forms.RadioSelect,
        error_messages={"required": "Dites qui appelle."},
    )
    answers_question = forms.BooleanField(required=False, label="Sa réponse est dans cet appel")
    field_order = ("direction", "answers_question", *TelephoneForm.field_order)

    def __init__(self, incident: Incident, data: QueryDict | None = None) -> None:
        self.incident = incident
        super().__init__(data, initial=read_known_facts(incident))

    @property
    def collectivity(self) -> Collectivity | None:
        return self.incident.collectivity

    def read_extents(self) -> dict[str, str]:
        """Return a dict from interrupted service to the extent of its interruption.

        A service without an answer keeps its known extent.
        """
        known = build_extent_values(list_open_interruptions(self.incident))
        extents = {name: extent for name, extent in known.items() if not self.cleaned_data[name]}
        return extents | super().read_extents()


@require_http_methods(["GET", "HEAD", "POST"])
def call_back_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the telephone form of the case on GET. Save the call on POST.

    A refused or outdated form is shown again as it was typed.
    """
    incident = get_incident(get_account(request), reference, to=Ability.QUALIFY)
    with timezone.override(find_zone(incident.collectivity)):
        if request.method != "POST":
            return open_call_form(request, incident)
        form = CallForm(incident, request.POST)
        return submit_call(request, form) if form.is_valid() else render_call_form(request, form)


def open_call_form(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Show the form with the known facts and with what this user typed earlier and did not send.

    Redirect to the page of the case if the case is closed or erased.
    """
    try:
        check_case_is_open(incident)
    except ValidationError as error:
        return report_refusal(request, incident.reference, error)
    form = CallForm(incident)
    saved_values = restore_page_text(form, incident, get_account(request), CaseFormCode.CALL)
    return render_call_form(request, form, saved_values=saved_values)


def submit_call(request: HttpRequest, form: CallForm) -> HttpResponse:
    """Save the call. If the user ticked that the body was called back, verify the case too."""
    reference, actor = form.incident.reference, get_account(request)
    call = Call(
        declaration=form.make_declaration(form.incident.collectivity),
        seen=request.POST.get(SEEN, ""),
        key=read_or_make_key(request.POST.get(KEY, "")),
        kind=NoteKind(form.cleaned_data["direction"]),
        answers_question=form.cleaned_data["answers_question"],
    )
    try:
        save_call(reference=reference, actor=actor, call=call)
    except Stale:
        return render_call_form(request, form, is_stale=True)
    except ValidationError as error:
        if not hasattr(error, "error_dict"):  # the case was closed or erased meanwhile, so show what was typed
            return render_call_form(request, form, ended=" ".join(error.messages))
        form.add_service_errors(error)
        return render_call_form(request, form)
    messages.success(request, "C’est enregistré, et l’appel est noté.")
    if CALLED_BACK in request.POST:
        try:
            verify_incident(reference=reference, actor=actor)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect_to_case(reference)


def render_call_form(
    request: HttpRequest,
    form: CallForm,
    *,
    is_stale: bool = False,
    ended: str = "",
    saved_values: Values | None = None,
) -> HttpResponse:
    """Render the form. `saved_values` were typed earlier and not sent. `ended` says why the call cannot be saved."""
    is_wrong = form.is_bound and bool(form.errors)
    context = {
        "incident": form.incident,
        "awaits_call": awaits_call(form.incident),
        "story_help": STORY_REPLACED if form.incident.story.description else "",
        "form": form,
        "is_wrong": is_wrong,
        "is_stale": is_stale,
        "ended": ended,
        # After a conflict, send the stamp of the current facts, so that submitting again is accepted.
        "seen": request.POST.get(SEEN, "")
        if form.is_bound and not is_stale
        else choose_facts_stamp(form, saved_values),
        "is_restored": bool(saved_values),
        "page": describe_new_page(),
        "key": read_or_make_key(request.POST.get(KEY, "")),
        "called_back": CALLED_BACK in request.POST,
        "official": find_official_number(form.incident, list_emergency_contacts(form.incident)),
    }
    status = 409 if is_stale or ended else 422 if is_wrong else 200
    return render_page(request, "incidents/triage/call_back.html", context, status=status)


def choose_facts_stamp(form: CallForm, saved_values: Values | None) -> str:
    """Return the stamp of the facts that the user saw while typing the saved values.

    Without saved values, return the stamp of the current facts.
    """
    return saved_values[SEEN][-1] if saved_values and saved_values.get(SEEN) else stamp_facts(form.incident)


def read_known_facts(incident: Incident) -> dict[str, Any]:
    """Return the facts of the case as form values, in the active time zone."""
    leak = read_declared_leak(read_declared_data(incident))
    values: dict[str, Any] = {name: getattr(incident, name) for name in ("type", *CASE_ANSWERS)}
    values |= {column: getattr(incident.story, column) for column in STORY_COLUMNS} | (
        map_leak_inputs(leak) if leak else {}
    )
    for name, instant in read_instants(incident).items():
        values |= format_moment_fields(name, instant.at)
    return values | build_interruption_values(list_open_interruptions(incident))


def list_open_interruptions(incident: Incident) -> list[Interruption]:
    """Return the interruptions of the case that have not ended. Runs one query."""
    return [interruption for interruption in list_interruptions(incident) if interruption.ended_at is None]


def build_interruption_values(stopped: list[Interruption]) -> dict[str, Any]:
    """Return the form values of the services that are still interrupted.

    The form has one start time for all of them. This time stays empty if the services stopped at different times.
    """
    since = Counter(interruption.started_at for interruption in stopped)
    return build_extent_values(stopped) | (
        format_moment_fields("stopped", stopped[0].started_at) if len(since) == 1 else {}
    )


def build_extent_values(stopped: list[Interruption]) -> dict[str, str]:
    """Return a dict from service to the extent of its interruption, which may be « unknown »."""
    return {
        str(interruption.service): str(interruption.extent or InterruptionExtent.UNKNOWN) for interruption in stopped
    }


def format_moment_fields(name: str, at: Any) -> dict[str, str]:
    """Return the form values of an instant in the active time zone, such as « 24/11/2026 » and « 8 h 10 ».

    The names of the two fields start with `name`. The hour is empty if only the day is known. Without an instant, the
    dict is empty.
    """
    if at is None:
        return {}
    local = timezone.localtime(at)
    hour = f"{local.hour} h {local.minute:02}" if has_hour(at, timezone.get_current_timezone_name()) else ""
    return {f"{name}_date": date_format(local, "d/m/Y"), f"{name}_time": hour}

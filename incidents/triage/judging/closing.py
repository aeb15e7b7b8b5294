"""The page that closes a case with its report, and the view that reopens a case."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.fields import DayField, FreeTextField, HourField
from core.french import choose_plural
from core.stale import Stale
from incidents.access import get_incident
from incidents.enums import Ability, CaseFormCode, Cause, ClosingReason, Door, LeakStatus, Outcome, Status
from incidents.models import Incident
from incidents.services.handling.amend import CONCLUDED_STATUSES
from incidents.services.handling.close import (
    NEVER_KNOWN,
    REASON_LIMIT,
    SERVICE_LIMIT,
    ClosingReport,
    close_with_report,
)
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.unfinished import (
    UnfinishedWork,
    find_closing_question,
    find_unfinished_work,
    is_message_unanswered,
    stamp_closing_page,
)
from incidents.services.handling.unsent_text import has_begun_reply, list_colleagues_writing, load_unsent_texts
from incidents.services.history.snapshots import find_leak_row
from incidents.services.transfer.state import find_open_proposal
from incidents.sharing import may_share_lesson
from incidents.triage.case.ending import ReopenForm
from incidents.triage.case.page import (
    build_page_context,
    rebase_form,
    redirect_to_case,
    render_page,
    report_refusal,
)
from incidents.triage.notice import format_closing_notice, format_notice_to_all
from incidents.triage.wording import explain_invalid_transition
from incidents.triage.work.typed_fields import is_free_text_field
from incidents.triage.work.unsent_page_text import restore_page_text
from incidents.triage.work.unsent_text import describe_new_page
from incidents.workflow import InvalidTransition

TO_CHOOSE = ("", "à choisir")
DAY_INPUT = {"type": "date"}
HOUR_INPUT = {"type": "time"}
TASK_HELP = {"aria-describedby": "taches-aide"}


def make_conclusion_field(label: Any, choices: Any) -> forms.ChoiceField:
    """Return an optional field. Its first choice, « à choisir », is empty."""
    return forms.ChoiceField(label=label, required=False, choices=[TO_CHOOSE, *choices])


class ClosingForm(forms.Form):
    """The form that closes a case with a report.

    It has fields for the day and the hour at which each interrupted service resumed, and a checkbox for each open
    task.
    """

    reason = forms.ChoiceField(
        label="Pourquoi le dossier est clos",
        required=False,
        choices=ClosingReason.choices,
        initial=ClosingReason.RESOLVED,
        widget=forms.RadioSelect,
    )
    handed_to = forms.CharField(
        label="Confié à quel service",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": SERVICE_LIMIT, "autocomplete": "off"}),
    )
    why = FreeTextField(
        label="Pourquoi (note interne)",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": REASON_LIMIT}),
    )
    outcome = make_conclusion_field("Ce que sont devenus les systèmes et les données", Outcome.choices)
    cause = make_conclusion_field("Cause", Cause.choices)
    summary = FreeTextField(label="Bilan, pour le centre", widget=forms.Textarea(attrs={"rows": 5}))
    lesson = FreeTextField(label="Enseignement, pour d’autres", widget=forms.Textarea(attrs={"rows": 5}))
    is_shared = forms.BooleanField(
        label="Je confirme : ce texte ne désigne personne, il peut être partagé", required=False
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, incident: Incident, remaining: UnfinishedWork, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"cause": incident.cause, "seen": stamp_closing_page(incident, remaining)})
        self.remaining = remaining
        self.asks_why = find_closing_question(incident)
        for interruption in remaining.interruptions:
            label = interruption.get_service_display()
            self.fields[f"ended_{interruption.service}_date"] = DayField(
                label=label, required=False, widget=forms.DateInput(attrs=DAY_INPUT, format="%Y-%m-%d")
            )
            self.fields[f"ended_{interruption.service}_time"] = HourField(
                label=f"{label}, l’heure", required=False, widget=forms.TimeInput(attrs=HOUR_INPUT, format="%H:%M")
            )
        if remaining.leak:
            conclusions = [(str(status), str(LeakStatus(status).label)) for status in CONCLUDED_STATUSES]
            self.fields["leak"] = make_conclusion_field(
                "Fuite de données", [*conclusions, (NEVER_KNOWN, "on ne le saura pas")]
            )
        for task in remaining.tasks:
            self.fields[f"task_{task.uid}"] = forms.BooleanField(
                label=task.title, required=False, widget=forms.CheckboxInput(attrs=TASK_HELP)
            )

    @property
    def resumption_fields(self) -> Iterator[tuple[Any, Any, Any]]:
        """Yield each interruption with the fields for the day and the hour of its end."""
        for interruption in self.remaining.interruptions:
            yield interruption, self[f"ended_{interruption.service}_date"], self[f"ended_{interruption.service}_time"]

    @property
    def task_checkboxes(self) -> list[Any]:
        """The checkboxes « sans objet » of the open tasks."""
        return [self[f"task_{task.uid}"] for task in self.remaining.tasks]

    @property
    def task_problem(self) -> str:
        """Return one error that stands for the errors of all open tasks, or ""."""
        number = sum(bool(tick.errors) for tick in self.task_checkboxes)
        sentence = choose_plural(
            "Faites cette tâche, ou cochez « sans objet ».",
            "%(number)s tâches ne sont ni faites, ni « sans objet ».",
            number,
        )
        return sentence % {"number": number} if number else ""

    def clean(self) -> dict[str, Any]:
        for interruption in self.remaining.interruptions:
            name, cleaned = f"ended_{interruption.service}", self.cleaned_data
            if cleaned.get(f"{name}_time") is not None and cleaned.get(f"{name}_date", False) is None:
                self.add_error(f"{name}_date", "Donnez aussi le jour, ou effacez l’heure.")
        return self.cleaned_data

    def make_ending(self) -> ClosingReport:
        """Return the report and the reason of the closing. The form must be valid.

        The days and hours of the form are in the active time zone.
        """
        cleaned = self.cleaned_data
        words = {
            name: cleaned[name]
            for name in ("reason", "handed_to", "why", "outcome", "cause", "summary", "lesson", "is_shared")
        }
        moot = frozenset(str(task.uid) for task in self.remaining.tasks if cleaned[f"task_{task.uid}"])
        ended = {
            interruption.service: self.read_interruption_end(interruption)
            for interruption in self.remaining.interruptions
        }
        return ClosingReport(**words, leak=cleaned.get("leak", ""), ended=ended, moot=moot)

    def read_interruption_end(self, interruption: Any) -> datetime | None:
        """Return the end of an interruption in UTC, or None without a day. A day without an hour becomes its first
        minute.
        """
        day, hour = (self.cleaned_data[f"ended_{interruption.service}_{part}"] for part in ("date", "time"))
        if day is None:
            return None
        return datetime.combine(day, hour or time.min, tzinfo=timezone.get_current_timezone()).astimezone(UTC)

    def add_service_errors(self, error: ValidationError) -> None:
        """Add each error of the service to its field. An error on the end of an interruption goes to the field of the
        day.
        """
        for name, problems in error.message_dict.items():
            field = f"{name}_date" if name.startswith("ended_") else name
            self.add_error(field if field in self.fields else None, problems)


@require_http_methods(["GET", "HEAD", "POST"])
def close_case_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the form on GET. Close the case on POST.

    A refused form is shown again as it was typed, with what is missing.
    """
    incident = get_incident(get_account(request), reference, to=Ability.CLOSE, door=Door.CLOSING)
    with timezone.override(find_zone(incident.collectivity)):
        if request.method == "POST":
            return submit_closing(request, incident)
        if incident.status == Status.CLOSED:
            return render_already_closed(request, incident)
        form = ClosingForm(incident, find_unfinished_work(incident))
        words = restore_page_text(form, incident, get_account(request), CaseFormCode.CLOSING)
        if (reason := request.GET.get("raison", "")) in ClosingReason.values:
            form.initial["reason"] = reason
        return render_closing_form(request, incident, form, is_restored=bool(words))


def render_already_closed(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Show the report that the user had begun when a colleague closed the case, so that the user can copy it.

    Redirect to the case if the user had typed nothing.
    """
    begun = (
        {} if incident.erased_at else load_unsent_texts(incident, get_account(request)).get(CaseFormCode.CLOSING, {})
    )
    if not (
        words_typed := [
            word for name, words in begun.items() if is_free_text_field(name) for word in words if word.strip()
        ]
    ):
        return redirect_to_case(incident.reference)
    why = ["Ce dossier est clos : votre bilan n’a pas été envoyé."]
    context = {"reference": incident.reference, "why": why, "typed_texts": words_typed}
    return render_page(request, "incidents/triage/refused.html", context)


def read_posted_work(incident: Incident, data: QueryDict) -> UnfinishedWork:
    """Return the work for which the posted page had fields. The case is closed, so this work may be finished by now.

    If the user submitted the form twice, the second report must be read whole: the service compares it with the
    report that closed the case.
    """
    return UnfinishedWork(
        interruptions=tuple(
            interruption
            for interruption in incident.interruptions.all()
            if f"ended_{interruption.service}_date" in data
        ),
        leak=find_leak_row(incident) if "leak" in data else None,
        tasks=tuple(task for task in incident.tasks.all() if f"task_{task.uid}" in data),
    )


def submit_closing(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Close the case with its report. If it is refused, show the form as it was typed."""
    is_closed = incident.status == Status.CLOSED
    remaining = read_posted_work(incident, request.POST) if is_closed else find_unfinished_work(incident)
    form, is_stale = ClosingForm(incident, remaining, request.POST), False
    try:
        if form.is_valid():
            arguments = {"ending": form.make_ending(), "seen": form.cleaned_data["seen"]}
            close_with_report(reference=incident.reference, actor=get_account(request), **arguments)
            messages.success(request, f"Dossier clos. {format_closing_notice(incident, get_account(request))}")
            return redirect_to_case(incident.reference)
    except InvalidTransition as refusal:
        why = ValidationError(explain_invalid_transition(incident, refusal))
        return report_refusal(request, incident.reference, why)
    except Stale:
        is_stale = True
        rebase_form(form, ClosingForm(incident, remaining))
    except ValidationError as error:
        form.add_service_errors(error)
    return render_closing_form(request, incident, form, is_stale=is_stale)


def render_closing_form(
    request: HttpRequest, incident: Incident, form: ClosingForm, *, is_stale: bool = False, is_restored: bool = False
) -> HttpResponse:
    context = {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "form": form,
        "is_stale": is_stale,
        "is_restored": is_restored,
        "page": describe_new_page(),
        "is_reply_begun": has_begun_reply(incident, get_account(request)),
        "writing": list_colleagues_writing(incident, get_account(request)),
        "is_message_unanswered": is_message_unanswered(incident),
        "may_share": may_share_lesson(incident.tlp),
        "offer": find_open_proposal(incident),
    }
    status = 409 if is_stale else 422 if form.errors else 200
    return render_page(request, "incidents/triage/closing.html", context, status=status)


@require_POST
def reopen_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Reopen the case. A refused form is shown on the page of the case as it was typed."""
    incident = get_incident(get_account(request), reference, to=Ability.REOPEN)
    form = ReopenForm(request.POST)
    try:
        if form.is_valid():
            reopen_incident(reference=reference, actor=get_account(request), **form.cleaned_data)
            messages.success(request, f"Dossier rouvert : vous l’avez. {format_notice_to_all(incident)}")
            return redirect_to_case(reference)
    except InvalidTransition as refusal:
        return report_refusal(request, reference, ValidationError(explain_invalid_transition(incident, refusal)))
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    context = build_page_context(request, incident)
    context["ending"] |= {"form": form}
    return render_page(request, "incidents/triage/case.html", context, status=422)

"""The views that receive what people post while they work on a case: notes, assignment, tasks, presence."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.stale import Stale
from incidents.access import check_ability, get_incident
from incidents.enums import Ability, NoteKind
from incidents.models import Incident
from incidents.services.handling.assign import assign_incident, get_colleague, list_centre_responders
from incidents.services.handling.notes import write_note
from incidents.services.handling.readings import record_departure, record_presence
from incidents.services.handling.tasks import TaskState, add_task, set_task_state
from incidents.triage.case.page import build_page_context, redirect_to_case, render_page, report_refusal
from incidents.triage.work.assign import make_assign_form
from incidents.triage.work.notes import NoteForm
from incidents.triage.work.presence import describe_presence
from incidents.triage.work.tasks import TaskForm

CONFIRMATIONS = {
    TaskState.DONE: "Tâche faite.",
    TaskState.MOOT: "Tâche sans objet.",
    TaskState.OPEN: "Tâche rouverte.",
}

LIFTED = " La question posée n’attend plus de réponse\N{NO-BREAK SPACE}: le déclarant a appelé."


@require_POST
def write_note_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Write a note on the case and redirect to it, or show the case again with the refused form."""
    form = NoteForm(request.POST)
    incident = get_incident(get_account(request), reference, to=Ability.WORK)
    try:
        if form.is_valid():
            write_note(reference=reference, actor=get_account(request), **form.make_arguments())
            is_answer = form.cleaned_data["kind"] == NoteKind.CALL_IN and bool(incident.awaited_since)
            messages.success(request, f"Note enregistrée. Le déclarant ne la lit jamais.{LIFTED if is_answer else ''}")
            return redirect_to_case(reference, "notes")
    except ValidationError as error:
        # The page of an erased case does not have this form.
        if incident.erased_at:
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    return render_case_with_form(request, incident, "notes", form)


@require_POST
def assign_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Assign the case to the colleague who was chosen, or to nobody, and redirect to the case."""
    user, tag = get_account(request), request.POST.get("assignee", "")
    incident = get_incident(user, reference, to=Ability.WORK)
    try:
        assignee = get_colleague(tag, list_centre_responders(incident.csirt_id), field="assignee")
        assign_incident(reference=reference, actor=user, assignee=assignee, seen=request.POST.get("seen", ""))
    except Stale as stale:
        return render_assign_conflict(request, incident, stale)
    except ValidationError as error:
        return report_refusal(request, reference, error)
    if assignee is None:
        messages.success(request, "Dossier remis : plus personne n’en est chargé.")
    else:
        messages.success(request, f"Dossier attribué à {assignee}.")
    return redirect_to_case(reference, "attribution")


def render_assign_conflict(request: HttpRequest, incident: Incident, stale: Stale) -> HttpResponse:
    """Show who is in charge of the case now.

    The page keeps this person's choice, and submitting it again assigns the case.
    """
    context = build_page_context(request, incident)
    fresh = make_assign_form(incident)
    fresh.initial["assignee"] = request.POST.get("assignee", "")
    context["assigned"] |= {"form": fresh, "is_stale": True, "taken_by": stale.current}
    return render_page(request, "incidents/triage/case.html", context, status=HTTPStatus.CONFLICT)


@require_POST
def add_task_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Add a task to the case and redirect to it, or show the case again with the refused form."""
    incident = get_incident(get_account(request), reference, to=Ability.WORK)
    form = TaskForm(request.POST, zone=find_zone(incident.collectivity))
    try:
        if form.is_valid():
            add_task(reference=reference, actor=get_account(request), new_task=form.make_task())
            messages.success(request, "Tâche ajoutée.")
            return redirect_to_case(reference, "taches")
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    return render_case_with_form(request, incident, "tasks", form)


@require_POST
def set_task_state_view(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Mark a task as done, not needed or open again, and redirect to the case."""
    state = request.POST.get("etat", "")
    check_ability(get_account(request), reference, to=Ability.WORK)
    if state not in set(TaskState):
        return report_refusal(request, reference, ValidationError("Dites si la tâche est faite ou sans objet."))
    set_task_state(reference=reference, actor=get_account(request), uid=uid, state=TaskState(state))
    messages.success(request, CONFIRMATIONS[TaskState(state)])
    return redirect_to_case(reference, "taches")


@never_cache
@require_POST
def record_presence_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Record that the user has the page of the case open.

    The response tells the script of the page who else has it open and what has changed. If `left` is posted, record
    instead that the user has left the page.
    """
    user = get_account(request)
    incident = check_ability(user, reference, to=Ability.WORK)
    if "left" in request.POST:
        record_departure(incident=incident, reader=user)
        return JsonResponse({})
    record_presence(incident=incident, reader=user)
    return JsonResponse(describe_presence(incident, user, request.POST.get("seen", ""), timezone.now()))


def render_case_with_form(request: HttpRequest, incident: Incident, block: str, form: Any) -> HttpResponse:
    """Return the page of the case with the refused form of this block, which keeps what was typed."""
    context = build_page_context(request, incident)
    context[block]["form"] = form
    return render_page(request, "incidents/triage/case.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)

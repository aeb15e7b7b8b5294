"""The severity of a case, which is computed from its facts or set by a responder, and never lowered automatically."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from accounts.models import User
from collectivities.zones import find_local_day, find_zone
from core.stale import Stale
from core.text import clean_line
from incidents.access import get_incident
from incidents.enums import Ability, EventKind, Severity, Status
from incidents.models import AnswerSheet, Incident, IncidentEvent, SeverityChoice
from incidents.services.handling.due import DUE_FIELDS, advance_answer_due, recompute_due
from incidents.services.history.record import record_event
from incidents.services.history.snapshots import find_leak, list_interruptions
from incidents.severity import ACKNOWLEDGE_WITHIN, Assessment, Situation, assess_situation

REASON_LIMIT = 300
# The columns that a new assessment of the severity may change.
SEVERITY_FIELDS = ("severity", "severity_found", "acknowledge_by", "answer_by")


def assess_case(incident: Incident, now: datetime) -> Assessment:
    """Return the severity that follows from the facts of the case at the instant `now`, with the reasons for it."""
    situation = Situation(
        type=incident.type,
        interruptions=list_interruptions(incident),
        leak=find_leak(incident),
        answers=map_answers_by_code(incident.sheets.order_by("id")),
        on=find_local_day(now, find_zone(incident.collectivity)),
    )
    return assess_situation(situation)


def map_answers_by_code(sheets: Iterable[AnswerSheet]) -> dict[str, Any]:
    """Return a dict from the code of a question to its newest answer. `sheets` must be sorted oldest first."""
    newest: dict[str, Mapping[str, Any]] = {sheet.section: sheet.values for sheet in sheets}
    return {code: answer for values in newest.values() for code, answer in values.items()}


def raise_severity(incident: Incident, now: datetime) -> bool:
    """Raise the severity if the facts got worse, and bring the deadlines forward. Does not save.

    Returns whether the severity rose. If a responder set the level, it stays until the facts are worse than at that
    time.
    """
    computed, before = assess_case(incident, now).severity, incident.severity_found
    incident.severity_found = computed
    if computed <= before or computed <= incident.severity:
        return False
    incident.severity = computed
    incident.acknowledge_by = min(incident.acknowledge_by, now + ACKNOWLEDGE_WITHIN[computed])
    advance_answer_due(incident)
    return True


def find_first_reception(incident: Incident) -> datetime:
    """Return when the first declaration of the case arrived.

    The declaration of a duplicate counts if nobody had acknowledged the duplicate before the merge.
    """
    untaken = {"kind": EventKind.MERGED, "data__main": incident.reference, "data__was__status": Status.DECLARED}
    merged = IncidentEvent.objects.filter(incident__merged_into=incident, **untaken)
    waited = merged.aggregate(first=Min("incident__received_at"))["first"]
    return min(incident.received_at, waited or incident.received_at)


def find_acknowledgement_wait_start(incident: Incident) -> datetime:
    """Return the instant since which the case waits to be acknowledged.

    It is the instant at which the case was last unassigned or, if it never was, the instant at which it arrived.
    """
    last = incident.events.filter(data__put_back=True).aggregate(at=Max("at"))["at"]
    return last or find_first_reception(incident)


@transaction.atomic
def set_severity(*, reference: str, severity: Severity, motive: str, actor: User, seen: str = "") -> Incident:
    """Set the severity to the level that the actor chose. `motive` is the reason. A repeated call changes nothing.

    `seen` is the level on the page, or "" if there was no page. Raises Http404, PermissionDenied, Stale if the level
    has changed since the page was opened, ValidationError: on `motive`, or without a field if the case is erased.
    """
    incident = get_incident(actor, reference, to=Ability.QUALIFY, lock=True)
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : on n’y écrit plus de motif.")
    why = clean_line(motive, limit=REASON_LIMIT, field="motive")
    if not why:
        raise ValidationError({"motive": "Écrivez pourquoi : ceux qui reprendront ce dossier le liront."})
    newest = incident.severity_choices.order_by("-id").first()
    choice = (newest.severity, newest.motive, newest.actor_id) if newest else None
    if choice == (severity, why, actor.pk) and incident.severity == severity:
        return incident
    if seen and seen != str(int(incident.severity)):
        raise Stale
    now = timezone.now()
    SeverityChoice.objects.create(incident=incident, severity=severity, motive=why, actor=actor, chosen_at=now)
    was, incident.severity = incident.severity, severity
    if incident.status == Status.DECLARED:
        incident.acknowledge_by = find_acknowledgement_wait_start(incident) + ACKNOWLEDGE_WITHIN[severity]
    advance_answer_due(incident)
    recompute_due(incident, worked_at=now)
    incident.save(update_fields=[*SEVERITY_FIELDS, *DUE_FIELDS])
    record_event(incident, EventKind.SEVERITY, at=now, actor=actor, was=int(was), severity=int(severity))
    return incident

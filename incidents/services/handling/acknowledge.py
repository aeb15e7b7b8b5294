"""Taking a case: the person who takes it becomes its assignee."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from incidents.access import get_incident
from incidents.enums import Ability, EventKind, Status
from incidents.models import Incident
from incidents.queries import is_case_abandoned
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.history.record import record_event
from incidents.workflow import InvalidTransition, check_transition

# The fields that `set_acknowledged` sets.
ACKNOWLEDGED_FIELDS = ("status", "first_acknowledged_at", "acknowledged_at", "acknowledged_by", "assignee")


@transaction.atomic
def acknowledge_incident(*, reference: str, actor: User) -> Incident:
    """Take the case: the actor acknowledges it and becomes its assignee.

    If the actor already has the case, as after a double click, nothing changes. A case can also be taken if its
    assignee has left the centre. Raises Http404, PermissionDenied, and InvalidTransition if the case is closed or
    somebody else has it.
    """
    incident = get_incident(actor, reference, to=Ability.ACKNOWLEDGE, lock=True)
    if incident.status == Status.ACKNOWLEDGED and is_case_abandoned(incident):
        return assign_abandoned_case(incident, actor)
    if incident.status == Status.ACKNOWLEDGED and incident.assignee_id == actor.pk:
        return incident
    if incident.status == Status.CLOSED:
        raise InvalidTransition(Status.CLOSED, Status.ACKNOWLEDGED)  # reopening needs a reason (`reopen_incident`)
    check_transition(Status(incident.status), Status.ACKNOWLEDGED)
    now = timezone.now()
    set_acknowledged(incident, actor, at=now)
    # a case that was worked on and unassigned keeps its due date
    recompute_due(incident, worked_at=incident.worked_at or now)
    incident.save(update_fields=[*ACKNOWLEDGED_FIELDS, *DUE_FIELDS])
    record_event(incident, EventKind.ACKNOWLEDGED, at=now, actor=actor)
    return incident


def set_acknowledged(incident: Incident, actor: User, *, at: datetime) -> None:
    """Set the case as acknowledged by `actor`, who becomes its assignee. Does not save.

    `first_acknowledged_at`, from which delays are counted, keeps the first instant.
    """
    incident.first_acknowledged_at = incident.first_acknowledged_at or at
    # two servers' clocks may differ: a later acknowledgment is not dated before the first, which a CHECK refuses
    incident.acknowledged_at = max(at, incident.first_acknowledged_at)
    incident.status, incident.acknowledged_by = Status.ACKNOWLEDGED, actor
    incident.assignee = actor


def assign_abandoned_case(incident: Incident, actor: User) -> Incident:
    """Assign the case to the actor, because its assignee has left the centre. `acknowledged_at` does not change."""
    incident.assignee = actor
    incident.save(update_fields=["assignee"])
    record_event(incident, EventKind.ASSIGNED, at=timezone.now(), actor=actor, to=str(actor.uid))
    return incident

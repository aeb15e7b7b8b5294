"""Taking a case, and verifying it by a call back."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from incidents.access import get_incident
from incidents.enums import Ability, ActorKind, EventKind, Status, Verification
from incidents.models import Incident
from incidents.queries import lacks_responder
from incidents.services.groups.merge import lock_with_main, update_main_after_call
from incidents.services.handling.due import DUE_FIELDS, settle_due
from incidents.services.handling.verify import CallBack, record_call_back
from incidents.services.history.record import record_event
from incidents.workflow import InvalidTransition, check_transition

NO_CALL_DETAILS = CallBack()
# The fields that `set_acknowledged` sets.
ACKNOWLEDGED_FIELDS = ("status", "first_acknowledged_at", "acknowledged_at", "acknowledged_by", "assignee")


@transaction.atomic
def acknowledge_incident(*, reference: str, actor: User) -> Incident:
    """Take the case for the actor.

    If the actor already has the case, as after a double click, nothing changes. A case can also be taken if its
    assignee has left the centre. Raises Http404, PermissionDenied, InvalidTransition if somebody else has the case or
    it is closed.
    """
    incident = get_incident(actor, reference, to=Ability.ACKNOWLEDGE, lock=True)
    if incident.status == Status.ACKNOWLEDGED and lacks_responder(incident):
        return assign_abandoned_case(incident, actor)
    if incident.status == Status.ACKNOWLEDGED and incident.assignee_id == actor.pk:
        return incident
    if incident.status == Status.CLOSED:
        raise InvalidTransition(Status.CLOSED, Status.ACKNOWLEDGED)  # reopening needs a reason (`reopen_incident`)
    check_transition(Status(incident.status), Status.ACKNOWLEDGED)
    now = timezone.now()
    set_acknowledged(incident, actor, at=now)
    # a case that was worked on and unassigned keeps its due date
    settle_due(incident, worked_at=incident.worked_at or now)
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
    """Assign the case to the actor after its assignee has left the centre. `acknowledged_at` does not change."""
    incident.assignee = actor
    incident.save(update_fields=["assignee"])
    record_event(incident, EventKind.ASSIGNED, at=timezone.now(), actor=actor, to=str(actor.uid))
    return incident


@transaction.atomic
def verify_incident(*, reference: str, actor: User, call: CallBack = NO_CALL_DETAILS) -> Incident:
    """Record that the actor called the body back on a number that did not come from the form.

    The call-back task of the case is marked as done and the call is noted. If the case is verified already, only the
    call is noted, unless it is the same call by the same actor. Raises Http404, PermissionDenied, and ValidationError
    for a number that cannot be called, or for an unconfirmed body, which no figure counts.
    """
    lock_with_main(reference)
    incident = get_incident(actor, reference, to=Ability.VERIFY, lock=True)
    if incident.is_verified:
        if call != NO_CALL_DETAILS:
            record_call_back(incident, actor=actor, call=call, at=timezone.now())
        return incident
    if incident.collectivity.is_unconfirmed:
        raise ValidationError("Confirmez d’abord la collectivité : elle vient de la personne qui déclare.")
    now = timezone.now()
    incident.verification, incident.verified_at, incident.is_to_call_back = Verification.CALL_BACK, now, False
    record_call_back(incident, actor=actor, call=call, at=now)
    settle_due(incident, worked_at=now)
    incident.save(update_fields=["verification", "verified_at", "is_to_call_back", *DUE_FIELDS])
    update_main_after_call(incident)
    data = {"method": Verification.CALL_BACK} | ({"source": call.source} if call.source else {})
    record_event(incident, EventKind.VERIFIED, at=now, actor=actor, by=ActorKind.USER, **data)
    return incident

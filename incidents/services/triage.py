"""What a responder does with a case: take it, verify it, close it."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from incidents.access import get_incident
from incidents.enums import Ability, ClosingReason, EventKind, Status, Verification
from incidents.models import Incident
from incidents.services.due import DUE_FIELDS, settle_due
from incidents.services.record import record_event
from incidents.workflow import InvalidTransition, check_transition


@transaction.atomic
def acknowledge_incident(*, reference: str, actor: User) -> Incident:
    """Take the case. Taking it again oneself changes nothing (a double click, a second telephone).

    Raises Http404, PermissionDenied, or InvalidTransition when somebody else has it or it is closed.
    """
    incident = get_incident(actor, reference, to=Ability.ACKNOWLEDGE, lock=True)
    if incident.status == Status.ACKNOWLEDGED and incident.acknowledged_by_id == actor.pk:
        return incident
    if incident.status == Status.CLOSED:
        raise InvalidTransition(Status.CLOSED, Status.ACKNOWLEDGED)  # reopening says why
    check_transition(Status(incident.status), Status.ACKNOWLEDGED)
    now = timezone.now()
    incident.status, incident.acknowledged_at, incident.acknowledged_by = Status.ACKNOWLEDGED, now, actor
    incident.assignee = actor
    settle_due(incident, worked_at=now)
    incident.save(update_fields=["status", "acknowledged_at", "acknowledged_by", "assignee", *DUE_FIELDS])
    record_event(incident, EventKind.ACKNOWLEDGED, at=now, actor=actor)
    return incident


@transaction.atomic
def verify_incident(*, reference: str, actor: User) -> Incident:
    """Say that one has called the body back on a number that did not come from the form. Twice changes nothing.

    Raises ValidationError while nobody has confirmed that the body exists: no figure counts a body that may not.
    """
    incident = get_incident(actor, reference, to=Ability.VERIFY, lock=True)
    if incident.is_verified:
        return incident
    if incident.collectivity.is_unconfirmed:
        raise ValidationError(_("Confirmez d’abord la collectivité : elle vient de la personne qui déclare."))
    now = timezone.now()
    incident.verification, incident.verified_at = Verification.CALL_BACK, now
    settle_due(incident, worked_at=now)
    incident.save(update_fields=["verification", "verified_at", *DUE_FIELDS])
    record_event(incident, EventKind.VERIFIED, at=now, actor=actor, method=Verification.CALL_BACK)
    return incident


@transaction.atomic
def close_incident(*, reference: str, reason: ClosingReason, actor: User) -> Incident:
    """Close the case. Raises InvalidTransition when it is closed already."""
    incident = get_incident(actor, reference, to=Ability.CLOSE, lock=True)
    check_transition(Status(incident.status), Status.CLOSED)
    now = timezone.now()
    incident.status, incident.closed_at, incident.closing_reason = Status.CLOSED, now, reason
    settle_due(incident, worked_at=now)
    incident.save(update_fields=["status", "closed_at", "closing_reason", *DUE_FIELDS])
    record_event(incident, EventKind.CLOSED, at=now, actor=actor, reason=reason)
    return incident

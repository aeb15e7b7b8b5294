"""The claim of a declaration: a member of the body who has the secret link adds the case to their account."""

from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from incidents.access import get_followed_incident, list_abilities
from incidents.enums import Ability, ClosingReason, EventKind, Verification
from incidents.models import Incident
from incidents.services.history.record import record_event


@transaction.atomic
def claim_incident(*, reference: str, access_uid: UUID, actor: User) -> Incident:
    """Attach the case to the account of a member of its body. Only the first claim counts; later claims change
    nothing.

    The claim verifies the case, unless the body is unconfirmed. Raises Http404 if `access_uid` is not a live link to
    this case, PermissionDenied for a person of another body, ValidationError for a withdrawn declaration.
    """
    incident = get_followed_incident(access_uid, lock=True)
    if incident.reference != reference:
        raise Http404
    if Ability.CLAIM not in list_abilities(actor, incident):
        raise PermissionDenied
    if incident.claimed_at:
        return incident
    if incident.closing_reason == ClosingReason.WITHDRAWN:
        raise ValidationError("Elle a été retirée. L’incident est réel ? Déclarez de nouveau, ou appelez.")
    now = timezone.now()
    incident.claimed_at, incident.claimed_by = now, actor
    # A member of an unconfirmed body cannot verify a case.
    if not incident.is_verified and not incident.collectivity.is_unconfirmed:
        incident.verification, incident.verified_at = Verification.MEMBER, now
    incident.save(update_fields=["claimed_at", "claimed_by", "verification", "verified_at"])
    record_event(incident, EventKind.CLAIMED, at=now, actor=actor)
    return incident

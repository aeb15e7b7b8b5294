"""Erasing the words and the personal values of a case. The history of what was done stays; so do the figures."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from incidents.access import get_incident
from incidents.enums import Ability, EventKind
from incidents.models import Incident, Story
from incidents.services.record import record_event


@transaction.atomic
def erase_personal_data(*, reference: str, actor: User) -> Incident:
    """Empty the story and the caller of a case, close its follow-up links, and say so in its history."""
    incident = get_incident(actor, reference, to=Ability.ERASE, lock=True)
    if incident.erased_at:
        return incident
    now = timezone.now()
    Story.objects.filter(incident=incident).update(
        description="", supplier="", contact_name="", contact_role="", contact_phone="", contact_email=""
    )
    incident.accesses.filter(revoked_at=None).update(revoked_at=now)
    incident.erased_at, incident.supplier_key = now, ""
    incident.save(update_fields=["erased_at", "supplier_key"])
    record_event(incident, EventKind.ERASED, at=now, actor=actor)
    return incident

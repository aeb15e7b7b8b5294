"""Whom the body calls when its computers are down: what its members wrote on their card."""

from collections.abc import Iterable

from django.db.models import Q

from accounts.enums import Helper
from accounts.models import EmergencyContact
from incidents.models import Incident
from incidents.triage.together import Columns, Row


def emergency_rows(incident: Incident) -> Columns:
    """Those with something written."""
    told = EmergencyContact.objects.filter(collectivity=incident.collectivity_id)
    return Columns(told.exclude(Q(name="") & Q(phone="") & Q(note="")), "kind", "name", "phone", "note")


def emergency_contacts(rows: Iterable[Row]) -> list[Row]:
    """In the order that one calls, each with who it is."""
    order = list(Helper.values)
    return [Row(one, who=Helper(one.kind).label) for one in sorted(rows, key=lambda one: order.index(one.kind))]

"""Whom the body calls when its computers are down: what its members wrote on their card."""

from typing import Any

from accounts.enums import Helper
from accounts.models import EmergencyContact
from incidents.models import Incident

WRITTEN = ("name", "phone", "note")


def emergency_contacts(incident: Incident) -> list[dict[str, Any]]:
    """Return those with something written, in the order that one calls, each with who it is. One query."""
    rows = EmergencyContact.objects.filter(collectivity=incident.collectivity_id).values(*WRITTEN, "kind")
    order = list(Helper.values)
    told = sorted(
        (one for one in rows if any(one[name] for name in WRITTEN)), key=lambda one: order.index(one["kind"])
    )
    return [one | {"who": Helper(one["kind"]).label} for one in told]

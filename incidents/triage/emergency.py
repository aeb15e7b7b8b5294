"""Whom the body calls when its computers are down: what its members wrote on their card."""

from accounts.enums import Helper
from accounts.models import EmergencyContact
from incidents.models import Incident


def emergency_contacts(incident: Incident) -> list[EmergencyContact]:
    """Those with something written, in the order that one calls."""
    order = list(Helper.values)
    told = [one for one in incident.collectivity.emergency_contacts.all() if one.name or one.phone or one.note]
    return sorted(told, key=lambda one: order.index(one.kind))

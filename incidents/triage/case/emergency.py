"""The telephone numbers of a body, for when its computers are down: its emergency card and other known numbers."""

from typing import Any, NamedTuple

from accounts.enums import EmergencyContactKind
from accounts.models import EmergencyContact
from collectivities.zones import find_local_day, find_zone
from core.french import format_day
from incidents.enums import NumberSource
from incidents.models import Incident
from incidents.services.handling.official_numbers import find_official_number_row, format_number_origin
from incidents.services.handling.verify import is_same_number

CARD_FIELDS = ("name", "phone", "note")


def list_emergency_contacts(incident: Incident) -> list[dict[str, Any]]:
    """Return the contacts of the emergency card that are filled in, in the order in which to call them.

    Each contact is a dict, with its label in `who`. Runs one query.
    """
    rows = EmergencyContact.objects.filter(collectivity=incident.collectivity_id).values(
        *CARD_FIELDS, "kind", "updated_at"
    )
    order = list(EmergencyContactKind.values)
    filled_in = sorted(
        (contact for contact in rows if any(contact[name] for name in CARD_FIELDS)),
        key=lambda contact: order.index(contact["kind"]),
    )
    return [contact | {"who": EmergencyContactKind(contact["kind"]).label} for contact in filled_in]


class NumberToCall(NamedTuple):
    """A telephone number that the page proposes to call. `source` is None for a number from the declaration.

    `words` says whose number it is, or where, when and by whom it was found. `is_declared_too` is true for an official
    number that the declaration gives too.
    """

    phone: str
    words: str
    source: NumberSource | None = None
    is_declared_too: bool = False

    @property
    def is_official(self) -> bool:
        """True if the number is on the emergency card, or if a centre found it in a public source."""
        return self.source is not None

    @property
    def is_correctable(self) -> bool:
        """True if a centre found this number. Only the body itself corrects its emergency card."""
        return self.is_official and self.source != NumberSource.CARD


def list_numbers_to_call(incident: Incident, official: NumberToCall | None) -> list[NumberToCall]:
    """Return the numbers that the page of the case proposes to call, in the order in which to try them.

    Until the case is verified, the official number comes first, because calling it verifies the declaration.
    """
    declared = incident.story.contact_phone
    if incident.is_verified and declared:
        return [NumberToCall(declared, incident.story.contact_name or "le déclarant")]
    numbers = [official] if official else []
    if declared and not (official and is_same_number(declared, official.phone)):
        numbers.append(NumberToCall(declared, "numéro du formulaire"))
    return numbers


def find_official_number(incident: Incident, emergency: list[dict[str, Any]]) -> NumberToCall | None:
    """Return the official number of the body, or None. Runs one query at most.

    It is the number of the elected contact on the emergency card. If the card has none, it is the number that a centre
    found in a public source.
    """
    zone = find_zone(incident.collectivity)
    for contact in emergency:
        if contact["kind"] == EmergencyContactKind.ELECTED and contact["phone"]:
            day = format_day(find_local_day(contact["updated_at"], zone))
            origin = f"{contact['name'] or contact['who']}, fiche d’urgence, {day}"
            return NumberToCall(contact["phone"], origin, NumberSource.CARD)
    stored = find_official_number_row(incident)
    if stored is None:
        return None
    declared = incident.story.contact_phone
    is_declared_too = bool(declared) and is_same_number(declared, stored.phone)
    words = format_number_origin(stored) + (", aussi dans le formulaire" if is_declared_too else "")
    return NumberToCall(stored.phone, words, NumberSource(stored.source), is_declared_too)

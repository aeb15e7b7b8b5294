"""The telephone numbers of a body, for when its computers are down: its emergency card and other known numbers."""

from typing import Any, NamedTuple

from django.utils.formats import date_format

from accounts.enums import Helper
from accounts.models import EmergencyContact
from collectivities.zones import find_local_day, find_zone
from incidents.enums import NumberSource
from incidents.models import Incident, OfficialNumber
from incidents.services.handling.verify import is_same_number

CARD_FIELDS = ("name", "phone", "note")


def list_emergency_contacts(incident: Incident) -> list[dict[str, Any]]:
    """Return the contacts of the emergency card that are filled in, each with its label, in the order in which to call
    them. Runs one query.
    """
    rows = EmergencyContact.objects.filter(collectivity=incident.collectivity_id).values(
        *CARD_FIELDS, "kind", "updated_at"
    )
    order = list(Helper.values)
    filled_in = sorted(
        (contact for contact in rows if any(contact[name] for name in CARD_FIELDS)),
        key=lambda contact: order.index(contact["kind"]),
    )
    return [contact | {"who": Helper(contact["kind"]).label} for contact in filled_in]


class NumberToCall(NamedTuple):
    """A telephone number. `words` says whose it is, or where and when it was found. A declared one has no `source`."""

    phone: str
    words: str
    source: NumberSource | None = None

    @property
    def is_official(self) -> bool:
        return self.source is not None


def list_numbers_to_call(incident: Incident, emergency: list[dict[str, Any]]) -> list[NumberToCall]:
    """Return the numbers that the page of the case proposes to call, the first one to try first. Runs one query at
    most.

    Until the case is verified, the official number comes before the declared one, since calling the official number
    verifies the declaration.
    """
    declared = incident.story.contact_phone
    if incident.is_verified and declared:
        return [NumberToCall(declared, incident.story.contact_name or "le déclarant")]
    official = find_official_number(incident, emergency)
    numbers = [official] if official else []
    if declared and not (official and is_same_number(declared, official.phone)):
        numbers.append(NumberToCall(declared, "numéro du formulaire"))
    return numbers


def find_official_number(incident: Incident, emergency: list[dict[str, Any]]) -> NumberToCall | None:
    """Return the number of the elected contact on the emergency card, or else the number found in a public
    source, or None.
    """
    zone = find_zone(incident.collectivity)
    for contact in emergency:
        if contact["kind"] == Helper.ELECTED and contact["phone"]:
            origin = {
                "who": contact["name"] or contact["who"],
                "day": date_format(find_local_day(contact["updated_at"], zone), "j F Y"),
            }
            return NumberToCall(contact["phone"], "{who}, fiche d’urgence, {day}".format(**origin), NumberSource.CARD)
    official = OfficialNumber.objects.filter(collectivity=incident.collectivity_id).first()
    if official is None:
        return None
    source = NumberSource(official.source)
    origin = {"source": source.label, "day": date_format(official.found_on, "j F Y")}
    return NumberToCall(official.phone, "{source}, relevé le {day}".format(**origin), source)

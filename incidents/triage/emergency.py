"""Whom the body calls when its computers are down: what its members wrote on their card."""

from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.enums import Helper
from accounts.models import EmergencyContact
from collectivities.zones import day_of, zone_of
from incidents.enums import NumberSource
from incidents.models import Incident, OfficialNumber

WRITTEN = ("name", "phone", "note")


def emergency_contacts(incident: Incident) -> list[dict[str, Any]]:
    """Return those with something written, in the order that one calls, each with who it is. One query."""
    rows = EmergencyContact.objects.filter(collectivity=incident.collectivity_id).values(
        *WRITTEN, "kind", "updated_at"
    )
    order = list(Helper.values)
    told = sorted(
        (one for one in rows if any(one[name] for name in WRITTEN)), key=lambda one: order.index(one["kind"])
    )
    return [one | {"who": Helper(one["kind"]).label} for one in told]


class NumberToCall(NamedTuple):
    """`words`: whose number it is, or where it was found and when. `source`: None for one of a declaration."""

    phone: str
    words: str
    source: NumberSource | None = None

    @property
    def is_official(self) -> bool:
        return self.source is not None


def number_to_call(incident: Incident, emergency: list[dict[str, Any]]) -> NumberToCall | None:
    """Return the number that stands on the bar of the case: until it is verified one that does not come from the form,
    where there is one, then that of the person who declared. One query at most.
    """
    own = incident.story.contact_phone
    if incident.is_verified and own:
        return NumberToCall(own, incident.story.contact_name or _("le déclarant"))
    if official := find_official_number(incident, emergency):
        return official
    return NumberToCall(own, _("numéro du formulaire")) if own else None


def find_official_number(incident: Incident, emergency: list[dict[str, Any]]) -> NumberToCall | None:
    """Return the number of the body's elected contact on its emergency card, else the one that a centre found in a
    public source.
    """
    zone = zone_of(incident.collectivity)
    for one in emergency:
        if one["kind"] == Helper.ELECTED and one["phone"]:
            said = {"who": one["name"] or one["who"], "day": date_format(day_of(one["updated_at"], zone), "j F Y")}
            return NumberToCall(one["phone"], _("%(who)s, fiche d’urgence, %(day)s") % said, NumberSource.CARD)
    found = OfficialNumber.objects.filter(collectivity=incident.collectivity_id).first()
    if found is None:
        return None
    source = NumberSource(found.source)
    said = {"source": source.label, "day": date_format(found.found_on, "j F Y")}
    return NumberToCall(found.phone, _("%(source)s, relevé le %(day)s") % said, source)

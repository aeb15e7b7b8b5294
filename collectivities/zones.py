"""The time zone of a body, from the territory where it is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from collectivities.models import Collectivity

PARIS = "Europe/Paris"
# Territory code → IANA zone, the main one if a territory has several. Clipperton has no inhabitants and no zone.
ZONES = {
    "01": "America/Guadeloupe",
    "02": "America/Martinique",
    "03": "America/Cayenne",
    "04": "Indian/Reunion",
    "06": "Indian/Mayotte",
    "975": "America/Miquelon",
    "977": "America/St_Barthelemy",
    "978": "America/Marigot",
    "984": "Indian/Kerguelen",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}

# The French name of a zone, to be written after an hour.
CLOCKS = {
    PARIS: _("heure de Paris"),
    "America/Cayenne": _("heure de Guyane"),
    "America/Guadeloupe": _("heure de Guadeloupe"),
    "America/Marigot": _("heure de Saint-Martin"),
    "America/Martinique": _("heure de Martinique"),
    "America/Miquelon": _("heure de Saint-Pierre-et-Miquelon"),
    "America/St_Barthelemy": _("heure de Saint-Barthélemy"),
    "Indian/Kerguelen": _("heure des Kerguelen"),
    "Indian/Mayotte": _("heure de Mayotte"),
    "Indian/Reunion": _("heure de La Réunion"),
    "Pacific/Gambier": _("heure des Gambier"),
    "Pacific/Marquesas": _("heure des Marquises"),
    "Pacific/Noumea": _("heure de Nouméa"),
    "Pacific/Tahiti": _("heure de Tahiti"),
    "Pacific/Wallis": _("heure de Wallis-et-Futuna"),
}


def day_of(at: datetime, zone: str) -> date:
    """Return the local date in a territory; `zone` is an IANA name."""
    return at.astimezone(ZoneInfo(zone)).date()


def zone_of(collectivity: Collectivity) -> str:
    """Return an IANA name: Europe/Paris for the mainland, Corse, and a body whose territory is unknown."""
    region = collectivity.home_region
    return zone_in(region.code if region else None)


def zone_in(region_code: str | None) -> str:
    """Return the IANA name for the code of a région."""
    return ZONES.get(region_code or "", PARIS)

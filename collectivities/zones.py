"""The time zone of a body, from the territory where it is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

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
CLOCK_LABELS = {
    PARIS: "heure de Paris",
    "America/Cayenne": "heure de Guyane",
    "America/Guadeloupe": "heure de Guadeloupe",
    "America/Marigot": "heure de Saint-Martin",
    "America/Martinique": "heure de Martinique",
    "America/Miquelon": "heure de Saint-Pierre-et-Miquelon",
    "America/St_Barthelemy": "heure de Saint-Barthélemy",
    "Indian/Kerguelen": "heure des Kerguelen",
    "Indian/Mayotte": "heure de Mayotte",
    "Indian/Reunion": "heure de La Réunion",
    "Pacific/Gambier": "heure des Gambier",
    "Pacific/Marquesas": "heure des Marquises",
    "Pacific/Noumea": "heure de Nouméa",
    "Pacific/Tahiti": "heure de Tahiti",
    "Pacific/Wallis": "heure de Wallis-et-Futuna",
}


def find_local_day(at: datetime, zone: str) -> date:
    """Return the date at a moment in a time zone. `zone` is its IANA name."""
    return at.astimezone(ZoneInfo(zone)).date()


def find_zone(collectivity: Collectivity) -> str:
    """Return the IANA name of a body's time zone: Europe/Paris for the mainland, Corse and an unknown territory."""
    region = collectivity.home_region
    return find_region_zone(region.code if region else None)


def find_region_zone(region_code: str | None) -> str:
    """Return the IANA name of the time zone of a région, given its code. Unknown codes give Europe/Paris."""
    return ZONES.get(region_code or "", PARIS)

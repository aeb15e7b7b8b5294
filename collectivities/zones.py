"""The clock on the wall of a town hall: its time zone, from the territory where it lies."""

from collectivities.models import Collectivity

PARIS = "Europe/Paris"
# Territory code → IANA zone. Clipperton has nobody and no zone; the main zone is taken where a territory has several.
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


def zone_of(collectivity: Collectivity) -> str:
    """An IANA name. Europe/Paris for the mainland, Corse, and a body whose territory is not known."""
    region = collectivity.home_region
    return ZONES.get(region.code, PARIS) if region else PARIS

"""The French names of the categories of each classification."""

from collections.abc import Mapping
from functools import cache

from django.utils.dates import MONTHS

from collectivities.models import Region
from core.french import curl_apostrophes
from incidents.enums import TYPE_TERMS, Cause, DataCategory, IncidentType, LeakStatus, PersonsBand, PublicService
from stats.disclosure.tables import OTHER_REGION
from stats.enums import CAUSE_NOT_STATED, DelayBand, HoursBand, ServiceFamily, Stratum

type Labels = Mapping[str, str]

SHORT_MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
QUARTERS = {
    "T1": "1er trimestre",
    "T2": "2e trimestre",
    "T3": "3e trimestre",
    "T4": "4e trimestre",
}
# The form asks a town hall in the first person; these names are for the readers of figures.
PERSONS: Labels = dict(PersonsBand.choices) | {PersonsBand.UNKNOWN: "nombre de personnes pas connu"}
DATA_CATEGORIES: Labels = dict(DataCategory.choices) | {DataCategory.UNKNOWN: "catégories pas connues"}
CAUSES: Labels = dict(Cause.choices) | {CAUSE_NOT_STATED: "pas dite"}
DELAYS: Labels = dict(DelayBand.choices)
# The delay before a declaration ended with it, so that an unknown delay never becomes known.
DISCOVERY: Labels = {**DELAYS, DelayBand.UNKNOWN: "pas connu"}
# Classification → category → its name. The names of the régions are in the database.
LABELS: dict[str, Labels] = {
    "month": {f"{number:02}": name for number, name in MONTHS.items()},
    "quarter": QUARTERS,
    "type": TYPE_TERMS,
    "cause": CAUSES,
    "discovery": DISCOVERY,
    "help": DELAYS,
    "closing": DELAYS,
    "persons": PERSONS,
    "status": dict(LeakStatus.choices),
    "category": DATA_CATEGORIES,
    "hours": dict(HoursBand.choices),
    "service": dict(PublicService.choices),
    "family": dict(ServiceFamily.choices),
    "stratum": dict(Stratum.choices),
}
UNKNOWN_REGION = "territoire pas connu"
OTHER_TERRITORIES = "autres territoires d’outre-mer, ou territoire pas connu"
# The categories for an unknown value, which no title presents as the most frequent category.
UNKNOWN_CATEGORIES = {
    "unknown",
    CAUSE_NOT_STATED,
    IncidentType.UNKNOWN,
    Cause.NOT_FOUND,
    PersonsBand.UNKNOWN,
    DataCategory.UNKNOWN,
}


@cache
def load_region_names() -> dict[str, str]:
    """Return a dict from the code of each région to its name. Runs one query on the first call of a process."""
    return {code: curl_apostrophes(name) for code, name in Region.objects.values_list("code", "name")}


def label_category(classification: str, code: str) -> str:
    """Return the French name of a category, such as « de 1 à 3 jours » or « Bretagne »."""
    if classification == "region":
        return OTHER_TERRITORIES if code == OTHER_REGION else load_region_names().get(code, code)
    return LABELS[classification][code]

"""How many bodies there are, by region and by stratum: the denominators of the rates. Public facts of the list."""

from collections import Counter
from datetime import date

from django.db.models import Q

from collectivities.enums import GROUPINGS, TERRITORIAL, Kind
from collectivities.models import Collectivity
from stats.enums import ALL_BANDS, Stratum

POPULATION_UNDER = (
    (500, Stratum.COMMUNE_UNDER_500),
    (2_000, Stratum.COMMUNE_UNDER_2000),
    (10_000, Stratum.COMMUNE_UNDER_10000),
)

# region (0: unknown), stratum → number of bodies
type Bodies = Counter[tuple[int, str]]


def stratum_of(kind: str, population: int | None) -> Stratum | None:
    """None where no rate is possible: no list says how many such bodies exist, or how large this one is."""
    if kind in GROUPINGS:
        return Stratum.GROUPING
    if kind in TERRITORIAL:
        return Stratum.LARGE
    if kind != Kind.COMMUNE or population is None:
        return None
    return next((stratum for limit, stratum in POPULATION_UNDER if population < limit), Stratum.COMMUNE_OVER_10000)


def listed_strata() -> dict[int, Stratum]:
    """Of each body of the official list, its stratum; bodies without one are left out."""
    rows = Collectivity.objects.filter(is_listed=True).values_list("pk", "kind", "population")
    strata = {pk: stratum_of(kind, population) for pk, kind, population in rows.iterator()}
    return {pk: stratum for pk, stratum in strata.items() if stratum}


def existing_bodies(year: int) -> Bodies:
    """How many listed bodies existed at the end of `year`, by region and stratum, and by each alone ("" and 0)."""
    there = Q(vanished_on=None) | Q(vanished_on__gt=date(year, 12, 31))
    rows = Collectivity.objects.filter(there, is_listed=True).values_list(
        "region_correction", "region", "kind", "population"
    )
    bodies: Bodies = Counter()
    for corrected, region, kind, population in rows.iterator():
        stratum = stratum_of(kind, population)
        if stratum:
            home = corrected or region or 0
            bodies.update([(home, ALL_BANDS), (0, stratum), (0, ALL_BANDS)])
    return bodies

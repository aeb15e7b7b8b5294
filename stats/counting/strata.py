"""The number of bodies by région and stratum, from the official list. The rates use these public numbers as
denominators.
"""

from collections import Counter
from datetime import date
from itertools import product

from django.db.models import Case, CharField, Count, Q, Value, When
from django.db.models.functions import Coalesce

from collectivities.enums import GROUPINGS, TERRITORIAL, Kind
from collectivities.models import Collectivity, Region
from stats.enums import ALL_BANDS, Stratum

POPULATION_UNDER = (
    (500, Stratum.COMMUNE_UNDER_500),
    (2_000, Stratum.COMMUNE_UNDER_2000),
    (10_000, Stratum.COMMUNE_UNDER_10000),
)

# (region, or 0 if unknown; stratum) → number of bodies
type Bodies = Counter[tuple[int, str]]


def make_stratum_expression(path: str = "") -> Case:
    """Return the SQL expression of the stratum of a body.

    The stratum is "" if no rate is possible: no list gives the number of such bodies, or the population is unknown.
    `path` is the prefix of the fields of the body in the query, such as `collectivity__`.
    """
    return Case(
        When(**{f"{path}kind__in": GROUPINGS}, then=Value(Stratum.GROUPING)),
        When(**{f"{path}kind__in": TERRITORIAL}, then=Value(Stratum.LARGE)),
        When(~Q(**{f"{path}kind": Kind.COMMUNE}) | Q(**{f"{path}population": None}), then=Value("")),
        *(When(**{f"{path}population__lt": limit}, then=Value(stratum)) for limit, stratum in POPULATION_UNDER),
        default=Value(Stratum.COMMUNE_OVER_10000),
        output_field=CharField(),
    )


def map_merged_bodies() -> dict[int, int]:
    """Return a dict from each merged body to the body that has its cases now. Runs one query.

    That body is a commune formed by a merger (« commune nouvelle »), or the original of a duplicate.
    """
    into = dict(Collectivity.objects.exclude(merged_into=None).values_list("pk", "merged_into_id").iterator())
    heirs = dict(into)
    for _step in range(len(into)):  # follows bodies merged several times; the bound prevents an endless loop
        further = {body: into[heir] for body, heir in heirs.items() if heir in into}
        if not further:
            break
        heirs |= further
    return heirs


def count_existing_bodies(year: int) -> Bodies:
    """Return the number of listed bodies that existed at the end of `year`, by région and stratum. Runs one query.

    Région 0 is the nation and includes bodies whose région is unknown. Stratum "" is all strata together. A stratum
    without a body in a région has a zero.
    """
    last_day = date(year, 12, 31)
    existed = Q(vanished_on=None) | Q(vanished_on__gt=last_day)
    existed &= Q(appeared_on=None) | Q(appeared_on__lte=last_day)
    rows = Collectivity.objects.filter(existed, is_listed=True).annotate(
        own_region=Coalesce("region_correction", "region"), stratum=make_stratum_expression()
    )
    bodies: Bodies = Counter()
    for region_id, stratum, number in rows.order_by().values_list("own_region", "stratum").annotate(Count("pk")):
        if stratum:
            for key in {(region_id or 0, stratum), (region_id or 0, ALL_BANDS), (0, stratum), (0, ALL_BANDS)}:
                bodies[key] += number
    bodies.update(dict.fromkeys(product({region_id for region_id, _stratum in bodies}, Stratum), 0))
    return bodies


def list_regions_with_bodies() -> list[Region]:
    """Return the régions in which the list has bodies today, sorted by name. Runs one query."""
    bodies = Collectivity.objects.filter(is_listed=True, vanished_on=None).annotate(
        own_region=Coalesce("region_correction", "region")
    )
    return list(Region.objects.filter(pk__in=bodies.values("own_region")))

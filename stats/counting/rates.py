"""Distinct bodies that declared, and their share of those that exist. They never add up over months."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from csirts.models import Coverage
from stats.counting.scope import Scope
from stats.counting.strata import existing_bodies, stratum_in_sql
from stats.enums import ALL_BANDS, Stratum
from stats.models import Presence


@dataclass(frozen=True)
class BodyCount:
    """How many bodies declared an incident, and an interruption or a leak."""

    declared: int = 0
    hit: int = 0

    def __add__(self, other: "BodyCount") -> "BodyCount":
        return BodyCount(self.declared + other.declared, self.hit + other.hit)


@dataclass(frozen=True)
class Rate:
    """Of the bodies that exist, how many declared. `before`: the same of the year before, where it can be compared."""

    label: str
    bodies: int
    declared: int
    hit: int
    before: "Rate | None" = None

    @property
    def share(self) -> float:
        return self.declared / self.bodies if self.bodies else 0.0

    @property
    def percent(self) -> float:
        return 100 * self.share


# Of one year: stratum → bodies; "" for those that no list counts. A body is of one stratum: these add up.
type Counts = dict[str, BodyCount]


def count_bodies(scope: Scope, year: int) -> tuple[Counts, Counts]:
    """Return the bodies that declared in the year before and in `year`, each once a year. One query."""
    return count_by_stratum(list_present(scope, year), year)


def list_present(scope: Scope, year: int) -> QuerySet[Presence]:
    return Presence.objects.filter(scope.row_filter, year__in=(year - 1, year), incidents__gt=0)


def count_by_stratum(present: QuerySet[Presence], year: int) -> tuple[Counts, Counts]:
    listed = Case(
        When(collectivity__is_listed=True, then=stratum_in_sql("collectivity__")),
        default=Value(""),
        output_field=CharField(),
    )
    rows = (
        present.annotate(stratum=listed)
        .values_list("year", "stratum")
        .annotate(Count("collectivity", distinct=True), hit=Count("collectivity", distinct=True, filter=Q(hits__gt=0)))
    )
    by_year: dict[int, Counts] = {year - 1: {}, year: {}}
    for of_year, stratum, declared, hit in rows:
        by_year[of_year][stratum] = BodyCount(declared, hit)
    return by_year[year - 1], by_year[year]


def total_of(counts: Counts) -> BodyCount:
    return sum(counts.values(), BodyCount())


def list_rates(scope: Scope, counts: tuple[Counts, Counts], year: int, *, today: date, has_before: bool) -> list[Rate]:
    """Return the rates that can be said, each with that of the year before where it is of the same territory.

    `counts`: what `count_bodies` returned. Five queries at most.
    """
    if scope.csirt_ids:
        return rates_of_centres(scope, year, today=today, has_before=has_before)
    before = {rate.label: rate for rate in rates_of_ground(scope, counts[0], year - 1)} if has_before else {}
    return [replace(rate, before=before.get(rate.label)) for rate in rates_of_ground(scope, counts[1], year)]


def rates_of_centres(scope: Scope, year: int, *, today: date, has_before: bool) -> list[Rate]:
    """Return the rate of the régions for which these centres answer alone; none where there is no such région."""
    regions = find_regions_alone(scope, min(today, date(year, 12, 31)))
    if not regions:
        return []
    label = _("collectivités de son territoire")
    before, now = count_by_stratum(list_present(scope, year).filter(region__in=regions), year)
    earlier = None
    if has_before and set(regions) == set(find_regions_alone(scope, date(year - 1, 12, 31))):
        earlier = make_rate(label, before, existing_in(regions, year - 1))
    return [replace(make_rate(label, now, existing_in(regions, year)), before=earlier)]


def rates_of_ground(scope: Scope, counts: Counts, year: int) -> list[Rate]:
    """Return the rate of one région; of the nation, and of each stratum there."""
    existing = existing_bodies(year)
    if scope.region_id:
        return [make_rate(_("collectivités de la région"), counts, existing[scope.region_id, ALL_BANDS])]
    strata = [make_rate(one.label, {one: counts.get(one, BodyCount())}, existing[0, one]) for one in Stratum]
    return [make_rate(_("collectivités de France"), counts, existing[0, ALL_BANDS]), *strata]


def existing_in(regions: list[int], year: int) -> int:
    existing = existing_bodies(year)
    return sum(existing[region, ALL_BANDS] for region in regions)


def make_rate(label: Any, counts: Counts, existing: int) -> Rate:
    """Return the rate of these counts. Only bodies of the official list are counted, since only those exist in it."""
    listed = total_of({stratum: count for stratum, count in counts.items() if stratum})
    return Rate(str(label), existing, listed.declared, listed.hit)


def find_regions_alone(scope: Scope, day: date) -> list[int]:
    """Return the régions for all of which these centres answer alone: elsewhere nobody knows whose a body is."""
    whole = Coverage.objects.filter(departement=None, kind="", valid__contains=day)
    return list(whole.filter(csirt__in=scope.csirt_ids).values_list("region", flat=True))

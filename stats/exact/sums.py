"""The queries of a page of exact figures for one scope and year: sums, numbers of bodies with their rates, and
quantiles.

The sums have one row for each month and band, however many cases there are. Numbers of distinct bodies and quantiles
of times cannot be added up over months. Quantiles are computed from the rows of the cases. This would cost too much
for a scope with more than `MAX_TIMED_INCIDENTS` incidents in the year, whose page shows only bands.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Case, CharField, Count, Max, Min, Q, Sum, Value, When

from collectivities.models import Region
from csirts.models import Coverage
from incidents.models import ServiceInterruption
from stats.counting.facts import IS_INCIDENT
from stats.counting.strata import count_existing_bodies, list_regions_with_bodies, make_stratum_expression
from stats.enums import ALL_BANDS, Measure, Stratum
from stats.exact.access import Scope
from stats.models import CaseFact, Presence, Rollup

# The largest number of incidents of one scope and year for which times are computed. France declares fewer in a year.
MAX_TIMED_INCIDENTS = 1000

# (measure, band) → value
type ByBand = Counter[tuple[str, str]]


class Totals(NamedTuple):
    """The counts of one or several months. Each field is named after a `Measure`."""

    declared: int
    incidents: int
    reports: int
    interruptions: int
    leaks: int


class RegionCount(NamedTuple):
    """The incidents of a région: `value` in one year, and `before` in the year before.

    `region` is None for incidents without a known région.
    """

    region: Region | None
    value: int
    before: int


@dataclass(frozen=True)
class Sums:
    """The exact sums of one year. A key is (number of the month, measure, band)."""

    year: int
    by_key: Mapping[tuple[int, str, str], int]

    def sum_months(self, first_month: int, last_month: int) -> Totals:
        """Return the totals from the first to the last month, both included."""
        by_measure: Counter[str] = Counter()
        for (measure, _band), value in self.sum_bands(first_month, last_month).items():
            by_measure[measure] += value
        return Totals(*(by_measure[measure] for measure in Totals._fields))

    def sum_bands(self, first_month: int, last_month: int) -> ByBand:
        """Return the sums by (measure, band) from the first to the last month, both included."""
        by_band: ByBand = Counter()
        for (month, measure, band), value in self.by_key.items():
            if first_month <= month <= last_month:
                by_band[measure, band] += value
        return by_band

    def find_last_month(self, today: date) -> int:
        """Return the number of the last month of this year that has begun.

        A month with figures counts as begun, because a month begins up to half a day earlier east of Paris.
        """
        if self.year < today.year:
            return 12
        begun = today.month if self.year == today.year else 1
        return max([begun, *(month for month, _measure, _band in self.by_key)])


def find_years_and_service_start(scope: Scope, today: date) -> tuple[list[int], date | None]:
    """Return (years with a page for the scope, first month of the service). Runs one query.

    The years run from the first figures of the scope to the current year, or to the last figures if they are later.
    The latest year comes first. The first month of the service is the first month with figures of any scope, or None.
    """
    of_scope = scope.row_filter
    ends = Rollup.objects.aggregate(
        first=Min("month", filter=of_scope), last=Max("month", filter=of_scope), start=Min("month")
    )
    months = [month for month in (ends["first"], ends["last"], today) if month]
    first_year, last_year = min(months).year, max(months).year
    return list(range(last_year, first_year - 1, -1)), ends["start"]


def load_sums(scope: Scope, year: int) -> tuple[Sums, Sums]:
    """Return (sums of the year before, sums of `year`) for the scope. Runs one query."""
    rows = Rollup.objects.filter(scope.row_filter, month__range=(date(year - 1, 1, 1), date(year, 12, 31)))
    by_year: dict[int, dict[tuple[int, str, str], int]] = defaultdict(dict)
    for month, measure, band, value in rows.values_list("month", "measure", "band").annotate(Sum("value")):
        by_year[month.year][month.month, measure, band] = value
    return Sums(year - 1, by_year[year - 1]), Sums(year, by_year[year])


def list_region_counts(year: int, last_month: int) -> list[RegionCount]:
    """Return the verified incidents of each région in the first `last_month` months of `year` and of the year before.

    All régions with bodies are included, the largest numbers first. Incidents without a known région come last. Runs
    two queries.
    """
    both_years = (date(year - 1, 1, 1), date(year, 12, 31))
    rows = Rollup.objects.filter(measure=Measure.INCIDENTS, month__range=both_years, month__month__lte=last_month)
    by_region: Counter[tuple[int, int | None]] = Counter()
    for of_year, region_id, value in rows.values_list("month__year", "region").annotate(Sum("value")):
        by_region[of_year, region_id] = value
    regions = list_regions_with_bodies()
    counts = [RegionCount(region, by_region[year, region.pk], by_region[year - 1, region.pk]) for region in regions]
    counts.sort(key=lambda count: (-count.value, -count.before))
    unknown = RegionCount(None, by_region[year, None], by_region[year - 1, None])
    return [*counts, unknown] if unknown.value or unknown.before else counts


# Bodies


class BodyCount(NamedTuple):
    """Two numbers of bodies: with a verified incident (`declared`), and with an interruption or a leak too (`hit`)."""

    declared: int = 0
    hit: int = 0


@dataclass(frozen=True)
class Rate:
    """The number of existing bodies, of those that declared a verified incident, and of those that were hit.

    For centres, `regions` are the régions on which the rate is computed. They may change from one year to the next.
    """

    label: str
    bodies: int
    declared: int
    hit: int
    regions: frozenset[int] = frozenset()

    @property
    def values(self) -> tuple[int | float | None, ...]:
        """The values of a table row: existing bodies, bodies that declared, their share, and bodies hit.

        Bodies hit are those with an interruption or a leak. The share is None if no body exists.
        """
        share = self.declared / self.bodies if self.bodies else None
        return self.bodies, self.declared, share, self.hit


# The counts of one year by stratum, "" for bodies without a stratum. A body has only one, so the counts add up.
type BodyCounts = dict[str, BodyCount]


def count_bodies_by_stratum(rows: Q, year: int) -> BodyCounts:
    """Return the number of distinct bodies that declared in `year`, by stratum. Runs one query.

    `rows` is the filter of the presences.
    """
    listed = Case(
        When(collectivity__is_listed=True, then=make_stratum_expression("collectivity__")),
        default=Value(""),
        output_field=CharField(),
    )
    bodies = Count("collectivity", distinct=True)
    hit_bodies = Count("collectivity", distinct=True, filter=Q(hits__gt=0))
    present = Presence.objects.filter(rows, year=year, incidents__gt=0).annotate(stratum=listed)
    by_stratum = present.values_list("stratum").annotate(bodies, hit=hit_bodies)
    return {stratum: BodyCount(declared, hit) for stratum, declared, hit in by_stratum}


def sum_bodies(counts: BodyCounts) -> BodyCount:
    """Return the sum of the counts of all strata."""
    return BodyCount(sum(count.declared for count in counts.values()), sum(count.hit for count in counts.values()))


def list_exact_rates(scope: Scope, counts: BodyCounts, year: int, today: date) -> list[Rate]:
    """Return the rates of `year`. Runs three queries at most.

    The nation has one rate for all bodies and one for each stratum. A région has one rate. Centres have one rate, for
    the régions that they cover alone: in other régions nobody knows which centre a body belongs to. The list is empty
    if the centres cover no région alone. `counts` is the result of `count_bodies_by_stratum` for the scope.
    """
    existing = count_existing_bodies(year)
    if scope.region_id:
        return [make_rate("collectivités de la région", counts, existing[scope.region_id, ALL_BANDS])]
    if scope.is_nation:
        strata = [
            make_rate(stratum.label, {stratum: counts.get(stratum, BodyCount())}, existing[0, stratum])
            for stratum in Stratum
        ]
        return [make_rate("collectivités de France", counts, existing[0, ALL_BANDS]), *strata]
    regions = find_regions_covered_alone(scope, min(today, date(year, 12, 31)))
    if not regions:
        return []
    counts = count_bodies_by_stratum(scope.row_filter & Q(region__in=regions), year)
    bodies = sum(existing[region, ALL_BANDS] for region in regions)
    return [make_rate("collectivités de son territoire", counts, bodies, regions)]


def make_rate(label: str, counts: BodyCounts, existing: int, regions: frozenset[int] = frozenset()) -> Rate:
    """Return the rate of these counts among the `existing` bodies. Bodies outside the official list are left out."""
    listed = sum_bodies({stratum: count for stratum, count in counts.items() if stratum})
    return Rate(label, existing, listed.declared, listed.hit, regions)


def find_regions_covered_alone(scope: Scope, day: date) -> frozenset[int]:
    """Return the ids of the régions that these centres, and no other centre, cover entirely on that day."""
    on_that_day = Coverage.objects.filter(valid__contains=day)
    shared_regions = on_that_day.exclude(csirt__in=scope.csirt_ids).values("region")
    own_regions = on_that_day.filter(csirt__in=scope.csirt_ids, departement=None, kind="")
    return frozenset(own_regions.exclude(region__in=shared_regions).values_list("region", flat=True))


# Times


@dataclass(frozen=True)
class Quantiles:
    """The median and the ninth decile of `number` known times."""

    number: int
    median: timedelta
    ninth_decile: timedelta


def compute_quantiles(scope: Scope, year: int, incidents: int) -> dict[str, Quantiles]:
    """Return the quantiles of times by measure. Measures without a known time are left out. Runs two queries.

    `incidents` is the number of incidents. If there are none, or more than MAX_TIMED_INCIDENTS, return {} without a
    query.
    """
    if not 0 < incidents <= MAX_TIMED_INCIDENTS:
        return {}
    facts = CaseFact.objects.filter(IS_INCIDENT, scope.row_filter, month__range=(date(year, 1, 1), date(year, 12, 31)))
    fields = (f"incident__{name}_at" for name in ("detected", "received", "first_acknowledged", "closed"))
    moments = list(facts.values_list(*fields))
    stops = ServiceInterruption.objects.filter(incident__in=facts.values("pk")).values_list("started_at", "ended_at")
    times = {
        Measure.DISCOVERY: compute_time_quantiles(
            (detected, received) for detected, received, _taken, _closed in moments
        ),
        Measure.HELP: compute_time_quantiles(
            (received, acknowledged) for _detected, received, acknowledged, _closed in moments
        ),
        Measure.CLOSING: compute_time_quantiles((received, closed) for _detected, received, _taken, closed in moments),
        Measure.INTERRUPTIONS: compute_time_quantiles(stops),
    }
    return {measure: quantiles for measure, quantiles in times.items() if quantiles}


def compute_time_quantiles(ends: Iterable[tuple[datetime | None, datetime | None]]) -> Quantiles | None:
    """Return the quantiles of the times between these pairs of moments, or None if no time is known.

    A time is known if both moments are, and if the second is not before the first.
    """
    times = sorted(end - start for start, end in ends if start and end and start <= end)
    return Quantiles(len(times), find_quantile(times, 0.5), find_quantile(times, 0.9)) if times else None


def find_quantile(times: list[timedelta], share: float) -> timedelta:
    """Return the quantile of sorted times at `share`, from 0 to 1. Interpolates as PostgreSQL's percentile_cont
    does.
    """
    position = share * (len(times) - 1)
    below = int(position)
    above = min(below + 1, len(times) - 1)
    return times[below] + (times[above] - times[below]) * (position - below)

"""Exact figures, for those entitled (`stats/access.py`). They protect nobody: nothing public is made of them.

They are read from the sums, whose number follows months and bands, never cases. Distinct bodies are counted for the
scope and the year asked, and never added up.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, CharField, Count, Max, Min, Q, QuerySet, Sum, Value, When
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from csirts.models import Coverage
from incidents.enums import TYPE_TERMS, Cause, LeakStatus, PublicService
from incidents.rsit import FIRST_CLASSIFICATION
from stats.delays import AT_MOST, Halves, halves_of
from stats.dictionary import CATEGORIES, PERSONS
from stats.enums import ALL_BANDS, LEAK_STATUSES, NOT_SAID, DelayBand, HoursBand, Measure, Stratum
from stats.models import FigureCheck, Presence, Rollup
from stats.reach import Reach
from stats.strata import existing_bodies, stratum_in_sql

type Lines = list[tuple[str, int]]
type ByBand = Counter[tuple[str, str]]

COLUMNS = (Measure.DECLARED, Measure.INCIDENTS, Measure.REPORTS, Measure.INTERRUPTIONS, Measure.LEAKS)


@dataclass(frozen=True)
class Month:
    """One month, or the year. `figures`: in the order of COLUMNS."""

    first: date
    figures: tuple[int, ...]


@dataclass(frozen=True)
class Rate:
    """Of the bodies that exist, how many declared an incident, and an interruption or a leak."""

    label: str
    bodies: int
    declared: int
    hit: int

    @property
    def percent(self) -> float:
        return 100 * self.declared / self.bodies if self.bodies else 0.0


@dataclass(frozen=True)
class Delay:
    """How long people waited, in bands; `halves` when there are few enough cases to look at each."""

    label: str
    lines: Lines
    halves: Halves | None
    # The bands that hold the one in the middle and the one after nine in ten, of those that are known.
    half_in: str
    nine_in_ten_in: str


@dataclass(frozen=True)
class ExactYear:
    """One year of one scope."""

    reach: Reach
    year: int
    years: list[int]
    months: list[Month]
    total: Month
    types: Lines
    causes: Lines
    hours: Delay
    services: Lines
    persons: Lines
    statuses: Lines
    categories: Lines
    delays: list[Delay]
    bodies: int
    bodies_hit: int
    rates: list[Rate]
    is_doubtful: bool

    @property
    def declared(self) -> int:
        return self.total.figures[0]

    @property
    def verified(self) -> int:
        return self.total.figures[1] + self.total.figures[2]

    @property
    def at_most(self) -> int:
        """Up to how many incidents halves are computed."""
        return AT_MOST


def exact_year(reach: Reach, *, year: str, today: date) -> ExactYear:
    """The year asked, "" for the current one. Raises Http404 for a year outside of the figures of this scope."""
    years = years_of(reach, today)
    if year and year not in map(str, years):
        raise Http404
    asked = int(year) if year else today.year
    sums = sums_of_year(reach, asked)
    by_band: ByBand = Counter()
    for (_month, measure, band), value in sums.items():
        by_band[measure, band] += value
    months = [month_of(sums, date(asked, number, 1)) for number in range(1, last_month(sums, asked, today) + 1)]
    total = Month(date(asked, 1, 1), tuple(sum(column) for column in zip(*(m.figures for m in months), strict=True)))
    bodies, rates = bodies_of(reach, asked, today)
    halves = halves_of(reach.limit, asked) if 0 < total.figures[1] <= AT_MOST else {}
    return ExactYear(
        reach=reach,
        year=asked,
        years=years,
        months=months,
        total=total,
        bodies=sum(declared for declared, _hit in bodies.values()),
        bodies_hit=sum(hit for _declared, hit in bodies.values()),
        rates=rates,
        is_doubtful=FigureCheck.objects.filter(mistakes__gt=0, repaired_at=None).exists(),
        **tables_of(by_band, halves),
    )


def tables_of(by_band: ByBand, halves: dict[str, Halves]) -> dict[str, Any]:
    """The fields of ExactYear that are told band by band."""
    not_yet = (str(_("pas encore dite")), by_band[Measure.CAUSES, NOT_SAID])
    unfounded = (str(LeakStatus.UNFOUNDED.label), by_band[Measure.UNFOUNDED, ALL_BANDS])
    return {
        "types": highest_first(
            (str(TYPE_TERMS[kind]), by_band[Measure.INCIDENTS, band_of(kind)]) for kind in TYPE_TERMS
        ),
        "causes": highest_first([*of_choices(by_band, Measure.CAUSES, Cause.choices), not_yet]),
        "hours": delay_of(by_band, Measure.INTERRUPTIONS, HoursBand, halves),
        "services": highest_first(of_choices(by_band, Measure.SERVICES, PublicService.choices)),
        "persons": leaks_by(by_band, 0, PERSONS.items()),
        "statuses": [*leaks_by(by_band, 1, [(one.value, one.label) for one in LEAK_STATUSES]), unfounded],
        "categories": highest_first(of_choices(by_band, Measure.CATEGORIES, CATEGORIES.items())),
        "delays": [
            delay_of(by_band, one, DelayBand, halves) for one in (Measure.DISCOVERY, Measure.HELP, Measure.CLOSING)
        ],
    }


def years_of(reach: Reach, today: date) -> list[int]:
    """From the first year that has figures to this one, the last first."""
    ends = Rollup.objects.filter(reach.limit).aggregate(first=Min("month"), last=Max("month"))
    first = min(ends["first"].year, today.year) if ends["first"] else today.year
    last = max(ends["last"].year, today.year) if ends["last"] else today.year
    return list(range(last, first - 1, -1))


def sums_of_year(reach: Reach, year: int) -> dict[tuple[date, str, str], int]:
    rows = Rollup.objects.filter(reach.limit, month__range=(date(year, 1, 1), date(year, 12, 31)))
    summed = rows.values_list("month", "measure", "band").annotate(Sum("value"))
    return {(month, measure, band): value for month, measure, band, value in summed}


def last_month(sums: Iterable[tuple[date, str, str]], year: int, today: date) -> int:
    """The current one, or the next where it has begun: east of Paris it does so half a day before."""
    if year != today.year:
        return 12
    return max([today.month, *(month.month for month, _measure, _band in sums)])


def month_of(sums: dict[tuple[date, str, str], int], first: date) -> Month:
    by_measure: Counter[str] = Counter()
    for (month, measure, _band), value in sums.items():
        if month == first:
            by_measure[measure] += value
    return Month(first, tuple(by_measure[measure] for measure in COLUMNS))


# Bands


def band_of(kind: str) -> str:
    return f"{FIRST_CLASSIFICATION[kind][0]}/{kind}"


def of_choices(by_band: ByBand, measure: Measure, choices: Iterable[tuple[str, Any]]) -> Lines:
    return [(str(label), by_band[measure, value]) for value, label in choices]


def highest_first(lines: Iterable[tuple[str, int]]) -> Lines:
    """Without the empty ones."""
    return sorted((line for line in lines if line[1]), key=lambda line: -line[1])


def leaks_by(by_band: ByBand, part: int, choices: Iterable[tuple[str, Any]]) -> Lines:
    """The bands of leaks have two parts: how many persons, then what is known of it."""
    found: Counter[str] = Counter()
    for (measure, band), value in by_band.items():
        if measure == Measure.LEAKS:
            found[band.split("/")[part]] += value
    return [(str(label), found[value]) for value, label in choices]


def delay_of(by_band: ByBand, measure: Measure, bands: Any, halves: dict[str, Halves]) -> Delay:
    lines = of_choices(by_band, measure, bands.choices)
    known = lines[:-1]  # « not known » is the last band of each
    return Delay(
        label=str(measure.label),
        lines=lines,
        halves=halves.get(measure),
        half_in=band_holding(known, 50),
        nine_in_ten_in=band_holding(known, 90),
    )


def band_holding(lines: Lines, percent: int) -> str:
    """The band in which that share of the known ones is reached; "" when none is known."""
    total, reached = sum(value for _label, value in lines), 0
    for label, value in lines:
        reached += value
        if value and reached * 100 >= percent * total:
            return label
    return ""


# Bodies


def bodies_of(reach: Reach, year: int, today: date) -> tuple[dict[str, tuple[int, int]], list[Rate]]:
    """Distinct bodies by stratum ("" for those that no list counts), and the rates that can be said."""
    there = Presence.objects.filter(reach.limit, year=year, incidents__gt=0)
    bodies = by_stratum(there)
    existing = existing_bodies(year)
    if reach.csirts:
        regions = regions_covered(reach, min(today, date(year, 12, 31)))
        if not regions:
            return bodies, []
        within = by_stratum(there.filter(region__in=regions))
        return bodies, [
            rate(_("collectivités de son territoire"), within, sum(existing[r, ALL_BANDS] for r in regions))
        ]
    if reach.region:
        return bodies, [rate(_("collectivités de la région"), bodies, existing[reach.region, ALL_BANDS])]
    strata = [rate(one.label, {one: bodies.get(one, (0, 0))}, existing[0, one]) for one in Stratum]
    return bodies, [rate(_("collectivités de France"), bodies, existing[0, ALL_BANDS]), *strata]


def rate(label: Any, bodies: dict[str, tuple[int, int]], existing: int) -> Rate:
    """Only bodies of the official list are above the line, since only those are below."""
    listed = [numbers for stratum, numbers in bodies.items() if stratum]
    return Rate(str(label), existing, sum(one for one, _hit in listed), sum(hit for _one, hit in listed))


def by_stratum(there: QuerySet[Presence]) -> dict[str, tuple[int, int]]:
    """A body is of one stratum, so that these add up to distinct bodies: stratum → (declared, hit)."""
    listed = Case(
        When(collectivity__is_listed=True, then=stratum_in_sql("collectivity__")),
        default=Value(""),
        output_field=CharField(),
    )
    rows = (
        there.annotate(stratum=listed)
        .values_list("stratum")
        .annotate(Count("collectivity", distinct=True), hit=Count("collectivity", distinct=True, filter=Q(hits__gt=0)))
    )
    return {stratum: (declared, hit) for stratum, declared, hit in rows}


def regions_covered(reach: Reach, day: date) -> list[int]:
    """The régions for all of which these centres answer, alone: others share their bodies, and no rate can be said."""
    whole = Coverage.objects.filter(departement=None, kind="", valid__contains=day)
    return list(whole.filter(csirt__in=reach.csirts).values_list("region", flat=True))

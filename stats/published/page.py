"""The page of a region or of the nation: every figure that it says, and nothing that it does not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import inf
from typing import Any, NamedTuple

from incidents.enums import PublicService
from stats.chance import Change, Count, change
from stats.dictionary import CATEGORIES, CAUSES, PERSONS
from stats.enums import LEAK_STATUSES, DelayBand, HoursBand, Measure
from stats.family import BY_MEASURE
from stats.periods import last_day_of_quarter, quarters_of
from stats.published.lines import Spread, spread
from stats.published.numbers import (
    ANY_PERSONS,
    SEVERAL,
    Cell,
    Number,
    Period,
    added,
    cell,
    of_region,
    summed,
    within,
)
from stats.published.places import ByRegion, OfStratum, Rates, by_region_of, rates_of, strata_of
from stats.published.reading import Asked, Source, UnknownSelectionError, read
from stats.published.tables import Heat, Trend, heat, named, trend

DELAYS = (Measure.DISCOVERY, Measure.HELP, Measure.CLOSING)
ALONG = (Measure.REPORTS, Measure.INTERRUPTIONS, Measure.LEAKS)


@dataclass(frozen=True)
class Totals:
    """Of the chosen place and period. None: not shown alone."""

    incidents: int | None
    reports: int | None
    interruptions: int | None
    leaks: int | None
    unfounded: int | None


NOTHING = Totals(None, None, None, None, None)


@dataclass(frozen=True)
class Comparison:
    """With the same place a year before, over those `quarters` or the year. `late`: what was counted too late then to
    have a counterpart now.
    """

    change: Change
    year: int
    quarters: tuple[int, ...]
    late: int = 0


@dataclass(frozen=True)
class Along:
    """Signalements, interruptions and leaks along the quarters of the year: label, then one cell a measure."""

    measures: list[Measure]
    lines: list[tuple[str, list[Cell]]]
    loose: list[int]
    totals: list[int | None]


@dataclass(frozen=True)
class Page:
    source: Source
    totals: Totals = NOTHING
    # By measure, what wider numbers of the same place hold beside: « non ventilé par trimestre ».
    beside: dict[str, int] = field(default_factory=dict)
    quarters: list[int] = field(default_factory=list)  # those that have a page of their own
    comparison: Comparison | None = None
    rates: Rates | None = None
    trend: Trend | None = None
    along: Along | None = None
    by_region: ByRegion | None = None
    types: Heat | None = None
    hours: Spread | None = None
    services: Spread | None = None
    persons: Spread | None = None
    status: Spread | None = None
    categories: Spread | None = None
    causes: Spread | None = None
    delays: dict[str, Spread] = field(default_factory=dict)
    strata: list[OfStratum] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Nothing at all is published, of anywhere."""
        return not self.source.year

    @property
    def has_hits(self) -> bool:
        """Whether the kinds that had an interruption or a leak are published."""
        return bool(self.source.of(Measure.STRATA_HIT))

    @property
    def tells(self) -> bool:
        return any(value is not None for value in vars(self.totals).values())


def read_page(asked: Asked) -> Page:
    """In at most eight queries. Raises UnknownSelectionError, for a quarter that has no figure of its own too."""
    source = read(asked)
    return page_of(source) if source.year else Page(source)


def page_of(source: Source) -> Page:
    totals = totals_of(source)
    quarters = [number for number in (1, 2, 3, 4) if incidents_within(source, quarter_period(source.year, number))]
    if source.quarter and source.quarter not in quarters:
        raise UnknownSelectionError
    is_year = not source.quarter
    return Page(
        source=source,
        totals=totals,
        beside={str(measure): beside(source, measure) for measure in ALONG},
        quarters=quarters,
        comparison=comparison_of(source),
        rates=rates_of(source),
        trend=trend_of(source),
        along=along_of(source) if is_year else None,
        by_region=by_region_of(source),
        types=types_of(source),
        hours=bands_of(source, Measure.INTERRUPTIONS, HoursBand.choices, in_order=True),
        services=bands_of(source, Measure.SERVICES, PublicService.choices, total=totals.interruptions),
        persons=bands_of(source, Measure.LEAKS, PERSONS.items(), in_order=True),
        status=bands_of(source, Measure.LEAKS, status_bands(), in_order=True),
        categories=bands_of(source, Measure.CATEGORIES, CATEGORIES.items()),
        causes=bands_of(source, Measure.CAUSES, CAUSES.items(), total=totals.incidents),
        delays=delays_of(source, totals.incidents),
        strata=strata_of(source) if is_year and not source.region else [],
    )


# Totals


def totals_of(source: Source) -> Totals:
    return Totals(
        incidents_within(source, source.period),
        *(total_of(source, measure) for measure in (*ALONG, Measure.UNFOUNDED)),
    )


def total_of(source: Source, measure: str) -> int | None:
    return summed(within(of_region(source.of(measure), source.key), source.period))


def beside(source: Source, measure: str) -> int:
    """In numbers that cover the period and more."""
    mine = of_region(source.of(measure), source.key)
    return sum(one.value for one in mine if source.period.meets(one) and not source.period.holds(one))


def incidents_within(source: Source, period: Period) -> int | None:
    """Of the nation, whichever of the two tables of the same incidents says more."""
    tables = [source.of(Measure.INCIDENTS, period.starts_on.year)]
    if not source.region:
        tables.append(source.of(Measure.QUARTERS, period.starts_on.year))
    sums = [summed(within(of_region(numbers, source.key), period)) for numbers in tables]
    return max((one for one in sums if one is not None), default=None)


def quarter_period(year: int, number: int) -> Period:
    first = quarters_of(year)[number - 1]
    return Period(first, last_day_of_quarter(first))


# The year before


def comparison_of(source: Source) -> Comparison | None:
    """None unless both years are told, over the whole year or quarter by quarter, and the earlier one from its start.

    What is published without detail may belong here: the comparison must be true wherever it belongs. What came late
    of the earlier one may have no counterpart yet: it must be true without that too.
    """
    year = source.year - 1
    if year not in source.years or not is_told_from_start(source, year):
        return None
    if source.quarter:
        quarters: tuple[int, ...] = (source.quarter,)
    elif source.is_over:
        quarters = ()
    else:
        quarters = tuple(
            number for number in (1, 2, 3, 4) if quarter_period(source.year, number).ends_on <= source.until
        )
    now, before = count_of(source, source.year, quarters), count_of(source, year, quarters)
    if not now or not before:
        return None
    compared = replace(change(now.in_time, before.in_time), before=before.all_told)
    return Comparison(compared, year, quarters, before.all_told - before.in_time.low)


def told_a_year_before(source: Source) -> int:
    """The number of the release that came as soon after the year before as the chosen one after its own; or of the
    first one that came later.
    """
    then = source.until.replace(year=source.until.year - 1)
    return min(release.number for release in source.releases if release.covers_until >= then)


def is_told_from_start(source: Source, year: int) -> bool:
    """Whether the service already counted when that year began; else more cases would only say that it was new."""
    first = quarter_period(year, 1)
    both = (*source.of(Measure.QUARTERS, year), *source.of(Measure.INCIDENTS, year))
    return year > min(source.years) or bool(within(both, first))


class Told(NamedTuple):
    """What one table says of some periods: `in_time`, by the release that is as old as the other year's; and since."""

    in_time: Count
    all_told: int


def count_of(source: Source, year: int, quarters: Sequence[int]) -> Told | None:
    """None where a period has no figure of its own. The whole year without `quarters`.

    Both figures are of one table, that which says more: what is in one of them alone is not late for that.
    """
    periods = [quarter_period(year, number) for number in quarters] or [Period(date(year, 1, 1), date(year, 12, 31))]
    tables = [Measure.INCIDENTS] if source.region else [Measure.QUARTERS, Measure.INCIDENTS]
    told_by = inf if year == source.year else told_a_year_before(source)
    counts = (count_in(source.of(table, year), source.key, periods, told_by) for table in tables)
    return max((one for one in counts if one), key=lambda one: one.all_told, default=None)


def count_in(numbers: Iterable[Number], region: int | None, periods: Sequence[Period], told_by: float) -> Told | None:
    mine = [number for number in numbers if region is None or number.region in (region, SEVERAL)]
    own = of_region(mine, region)
    if any(summed(within(own, period)) is None for period in periods):
        return None
    told = [number for period in periods for number in within(own, period)]
    in_time = sum(number.value for number in told if number.since <= told_by)
    may_be = sum(number.value for number in mine if any(period.meets(number) for period in periods))
    return Told(Count(in_time, may_be), sum(number.value for number in told))


# Along the year


def trend_of(source: Source) -> Trend | None:
    """By month where half of the incidents stand in months; nearly all for the nation, which has its quarters, of
    whichever of the two tables of the same incidents says more. Beside a year that was told from its start, if at all.
    """
    years = (source.year, source.year - 1)
    by_region = [number for year in years for number in source.of(Measure.INCIDENTS, year)]
    quarters = [number for year in years for number in source.of(Measure.QUARTERS, year)]
    at = (source.key, source.year, source.until)
    others = [] if source.region else quarters
    by_month = trend(by_region, *at, by_month=True, others=others)
    every = incidents_within(source, year_of(source)) or 0
    tables = [(by_region, others)] if source.region else [(quarters, by_region), (by_region, others)]
    by_quarter = (trend(numbers, *at, by_month=False, others=beside) for numbers, beside in tables)
    best = max((one for one in by_quarter if one), key=lambda one: one.alone, default=None)
    if by_month and by_month.alone >= (Fraction(1, 2) if source.region else Fraction(9, 10)) * every:
        best = by_month
    if not best:
        return None
    before = best.before if is_told_from_start(source, source.year - 1) else None
    return replace(best, apart=max(0, every - (best.now.total or 0)), before=before)


def year_of(source: Source) -> Period:
    return Period(date(source.year, 1, 1), date(source.year, 12, 31))


def along_of(source: Source) -> Along | None:
    measures = [measure for measure in ALONG if source.of(measure)]
    tables = [added(source.of(measure), by_region=bool(source.region), by_band=False) for measure in measures]
    periods = [one for one in named(source.year, by_month=False) if one.ends_on <= source.until]
    lines = [(one.label, [cell(numbers, replace(source.place, period=one)) for numbers in tables]) for one in periods]
    if not any(one.value for _label, cells in lines for one in cells):
        return None
    totals = [summed(of_region(numbers, source.key)) for numbers in tables]
    shown = [sum(cells[column].value or 0 for _label, cells in lines) for column in range(len(tables))]
    loose = [(total or 0) - some for total, some in zip(totals, shown, strict=True)]
    return Along(measures, lines, loose, totals)


def types_of(source: Source) -> Heat | None:
    """By month where half of what has a type has a month."""
    months, quarters = heat_of(source, by_month=True), heat_of(source, by_month=False)
    best = months if months and 0 < months.named <= 2 * months.alone else quarters
    apart = (incidents_within(source, source.period) or 0) - (best.total.total or 0) if best else 0
    return replace(best, apart=max(0, apart)) if best else None


def heat_of(source: Source, *, by_month: bool) -> Heat | None:
    periods = [one for one in named(source.year, by_month=by_month) if is_there(source, one)]
    others = [] if source.region else source.of(Measure.QUARTERS)
    return heat(source.of(Measure.INCIDENTS), source.place, periods, others=others)


def is_there(source: Source, period: Period) -> bool:
    inside = source.period.starts_on <= period.starts_on and period.ends_on <= source.period.ends_on
    return inside and last_day_of_quarter(period.starts_on) <= source.until


# By band


def bands_of(
    source: Source, measure: str, bands: Iterable[tuple[str, Any]], *, total: int | None = None, in_order: bool = False
) -> Spread | None:
    numbers = added(source.of(measure), by_region=bool(source.region))
    said = [(code, str(label)) for code, label in bands]
    bands_first = BY_MEASURE[Measure(measure)].shapes[0].bands_first
    return spread(numbers, source.place, said, total=total, in_order=in_order, bands_first=bands_first)


def status_bands() -> list[tuple[str, str]]:
    return [(f"{ANY_PERSONS}/{status}", str(status.label)) for status in LEAK_STATUSES]


def delays_of(source: Source, incidents: int | None) -> dict[str, Spread]:
    """Those that say something."""
    every = [(str(m), bands_of(source, m, DelayBand.choices, total=incidents, in_order=True)) for m in DELAYS]
    return {measure: one for measure, one in every if one and one.says_something}

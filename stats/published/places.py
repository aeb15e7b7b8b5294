"""What is said of several places or kinds of bodies beside each other: the map, and the rates."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from collectivities.models import Region
from stats.chance import Rate, wilson
from stats.enums import Measure, Stratum
from stats.published.numbers import (
    SEVERAL,
    Cell,
    Fit,
    Number,
    Period,
    Place,
    State,
    added,
    cell,
    fit,
    of_region,
    summed,
    within,
)
from stats.published.reading import Source
from stats.published.tables import Scale, scale_for

BESIDE = (Measure.REPORTS, Measure.INTERRUPTIONS, Measure.LEAKS)


@dataclass(frozen=True)
class Rates:
    """Of one year: bodies that declared an incident, and those with an interruption or a leak.

    `may_be_more`: bodies counted later, of several regions together, may be of this one.
    """

    year: int
    declared: Rate | None
    hit: Rate | None
    may_be_more: bool


@dataclass(frozen=True)
class OfRegion:
    """One line of the table by region, and one tile: `cells` in the order of the measures, incidents first.

    `no_rate`: why there is no rate, where there is none.
    """

    region: Region
    cells: list[Cell]
    level: int
    rate: Rate | None
    no_rate: Cell

    @property
    def incidents(self) -> Cell:
        return self.cells[0]


@dataclass(frozen=True)
class ByRegion:
    """`several`: by measure, what is counted of several regions together.

    `apart`: incidents of the nation's own table beyond the total of those by region. `is_mixed`: those of several
    regions may be of one that has a number of its own, of another release.
    """

    measures: list[Measure]
    lines: list[OfRegion]
    several: list[int | None]
    apart: int
    is_mixed: bool
    totals: list[int | None]
    scale: Scale

    @property
    def alone(self) -> list[OfRegion]:
        return [line for line in self.lines if line.incidents.value]

    @property
    def steps(self) -> list[tuple[int, int, int | None]]:
        return self.scale.steps(line.level for line in self.lines if line.level)

    @property
    def states(self) -> set[str]:
        """What the legend has to explain."""
        return {line.incidents.state.value for line in self.lines}


@dataclass(frozen=True)
class OfStratum:
    """`most`: the upper limit of the share if all that wider numbers count were of this kind; 0 if none exists."""

    label: str
    declared: Rate | None
    hit: Rate | None
    most: float = 0.0


def by_region_of(source: Source) -> ByRegion | None:
    """A region's page says its neighbours' incidents only. None where no table by region is published."""
    measures = [Measure.INCIDENTS, *(one for one in BESIDE if source.of(one) and not source.region)]
    tables = [added(source.of(measure), by_region=True, by_band=False) for measure in measures]
    if not tables[0]:
        return None
    cells = {
        region.pk: [cell(numbers, replace(source.place, region=region.pk)) for numbers in tables]
        for region in source.regions
    }
    for some in cells.values():
        some[0] = source.sure(some[0])
    scale = scale_for(some[0].value or 0 for some in cells.values())
    lines = [line_of(source, region, cells[region.pk], scale) for region in source.regions]
    lines.sort(key=lambda line: -(line.incidents.value or 0))
    inside = [within(numbers, source.period) for numbers in tables]
    several = [summed(of_region(numbers, SEVERAL)) for numbers in inside]
    totals = [summed(numbers) for numbers in inside]
    quarters = summed(within(source.of(Measure.QUARTERS), source.period)) or 0
    apart = max(0, quarters - (totals[0] or 0))
    return ByRegion(measures, lines, several, apart, are_mixed(tables[0], inside[0]), totals, scale)


def are_mixed(numbers: list[Number], inside: list[Number]) -> bool:
    """A region is put with others whole, release by release: one that has a number of the same one is not there."""
    named = {number.region for number in numbers} - {SEVERAL}
    return any(may_hold(numbers, region, of_region(inside, SEVERAL)) for region in named)


def may_hold(numbers: Iterable[Number], region: int | None, of_several: Iterable[Number]) -> bool:
    """Whether cases of a region may stand in numbers of several: of a release that has no number of it alone."""
    has_one = {number.since for number in numbers if number.region == region}
    return any(number.since not in has_one for number in of_several)


def line_of(source: Source, region: Region, cells: list[Cell], scale: Scale) -> OfRegion:
    incidents = cells[0].value
    rate = None if source.quarter else rate_of(source, Measure.BODIES, source.year, region.pk)
    return OfRegion(region, cells, scale.level(incidents) if incidents else 0, rate, no_rate_of(source, region.pk))


# Rates


def rates_of(source: Source) -> Rates | None:
    """Of the chosen year, or of the last one that is over."""
    for year in (source.year, source.year - 1):
        declared = rate_of(source, Measure.BODIES, year, source.key)
        if declared:
            hit = rate_of(source, Measure.BODIES_HIT, year, source.key)
            return Rates(year, declared, hit, may_be_more=bodies_elsewhere(source, year))
    return None


def bodies_elsewhere(source: Source, year: int) -> bool:
    numbers = source.of(Measure.BODIES, year)
    return bool(source.region) and may_hold(numbers, source.key, of_region(numbers, SEVERAL))


def rate_of(source: Source, measure: str, year: int, region: int | None) -> Rate | None:
    """Zero where none of the numbers that are published may count a body of that region."""
    numbers = source.of(measure, year)
    number = cell(numbers, whole(year, region)).value if numbers else None
    bodies = source.bodies.get((year, region or SEVERAL, ""))
    return wilson(number, bodies) if number is not None and bodies else None


def whole(year: int, region: int | None) -> Place:
    return Place(region, Period(date(year, 1, 1), date(year, 12, 31)), is_over=True)


def no_rate_of(source: Source, region: int | None) -> Cell:
    """Why a region (None: the nation) has no rate of the chosen year. Without a body, there is none to be had."""
    if not source.is_over:
        return Cell(None, State.WAITING)
    numbers = source.of(Measure.BODIES)
    is_known = any(year == source.year for year, _region, _stratum in source.bodies)
    bodies = source.bodies.get((source.year, region or SEVERAL, ""))
    if is_known and not bodies and not of_region([*numbers, *source.of(Measure.INCIDENTS)], region):
        return Cell(None, State.NOBODY)
    is_grouped = cell(numbers, whole(source.year, region)).is_withheld
    return Cell(None, State.WITHHELD if is_grouped else State.ABSENT)


def strata_of(source: Source) -> list[OfStratum]:
    """None unless the rates of two kinds are known."""
    lines = [
        OfStratum(
            str(stratum.label),
            stratum_rate(source, Measure.STRATA, stratum),
            stratum_rate(source, Measure.STRATA_HIT, stratum),
            most_of(source, stratum),
        )
        for stratum in Stratum
    ]
    return lines if sum(1 for line in lines if line.declared) > 1 else []


def stratum_rate(source: Source, measure: str, stratum: str) -> Rate | None:
    """None where that table is not published: nobody knows then that a stratum is zero."""
    numbers = source.of(measure)
    one = cell(numbers, source.place, stratum)
    bodies = source.bodies.get((source.year, SEVERAL, stratum))
    return wilson(one.value, bodies) if numbers and one.value is not None and bodies else None


def most_of(source: Source, stratum: str) -> float:
    bodies = source.bodies.get((source.year, SEVERAL, stratum), 0)
    number = sum(one.value for one in source.of(Measure.STRATA) if fit(stratum, one.band) is not Fit.APART)
    highest = wilson(min(number, bodies), bodies)
    return highest.high if highest else 0.0

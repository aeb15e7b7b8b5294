"""The rule that cuts the units of one table into safe cells: pure, and the same for every table.

For each table, one partition of its units into cells, published whole. Every public figure of a table is a sum of its
cells, so no combination of them, of one release or of several, isolates less than a cell.

A cell is safe if at least K bodies stand behind it and none of them makes more than MOST_PERCENT of it. What is unsafe
is put together along the chain of its table: all bands, then the quarter, the year, the other regions of that year
(or, where the bands matter more than the place: the other regions, then all bands). A remainder that is still unsafe
absorbs its smallest safe neighbour. What stays unsafe for the whole nation and year is not published.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from itertools import chain

from stats.enums import ALL_BANDS
from stats.periods import last_day_of_month, last_day_of_quarter, quarter_of

K = 5
MOST_PERCENT = 85


class Grain(Enum):
    """The finest period of a table."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def first(self, month: date) -> date:
        """The first day of the period that holds a month."""
        if self is Grain.MONTH:
            return month
        return quarter_of(month) if self is Grain.QUARTER else date(month.year, 1, 1)


@dataclass(frozen=True)
class Shape:
    """How finely a table is cut, and what is given up first where its cells are small."""

    grain: Grain = Grain.YEAR
    by_region: bool = True
    by_band: bool = True
    # The band is kept as long as may be, and the regions are put together first.
    bands_first: bool = False
    # Cells that are safe alone and were found to tell of few beside other tables: put together as if they were unsafe.
    refused: frozenset["Scope"] = frozenset()


@dataclass(frozen=True, slots=True)
class Unit:
    """What one case brings to one band; in the tables of distinct bodies (`fact` None), what one body brings.

    `heir`: the body that it was merged into, if it was; whoever was merged into the same one is one body to protect.
    """

    fact: int | None
    body: int
    region: int | None
    month: date
    band: str
    number: int
    heir: int | None = None

    @property
    def whose(self) -> int:
        return self.heir or self.body

    @property
    def key(self) -> tuple[int, int, int]:
        """The same from one release to the next: a case, or a body in a year."""
        return (self.fact, 0, 0) if self.fact is not None else (0, self.body, self.month.year)

    @property
    def place(self) -> tuple[str, date, int]:
        return self.band, self.month, self.region or 0


@dataclass(frozen=True)
class Scope:
    """What a cell covers, but for what smaller cells of the same release cover. No region: the others together."""

    region: int | None
    starts_on: date
    ends_on: date
    band: str


@dataclass(frozen=True)
class Cell:
    scope: Scope
    units: tuple[Unit, ...]

    @property
    def value(self) -> int:
        return sum(unit.number for unit in self.units)


@dataclass(frozen=True)
class Settled:
    """A part of the tree: all of it in safe cells, or all of it still to be put with others."""

    cells: tuple[Cell, ...]
    rest: tuple[Unit, ...]

    @property
    def units(self) -> tuple[Unit, ...]:
        return self.rest or tuple(chain.from_iterable(cell.units for cell in self.cells))

    @property
    def rank(self) -> tuple[int, str]:
        """The smallest first, then one fixed order."""
        return sum(unit.number for unit in self.units), repr(self.cells[0].scope)


def is_safe(units: Iterable[Unit]) -> bool:
    """K bodies or more, none of them above the dominance share."""
    by_body: Counter[int] = Counter()
    for unit in units:
        by_body[unit.whose] += unit.number
    return len(by_body) >= K and max(by_body.values()) * 100 <= MOST_PERCENT * by_body.total()


def settle(parts: Iterable[Settled], scope: Scope, shape: Shape) -> Settled:
    """Put together under `scope` what the parts left over; while that is unsafe, it absorbs the smallest safe part."""
    parts = list(parts)
    safe = sorted((part for part in parts if part.cells), key=lambda part: part.rank, reverse=True)
    rest = tuple(chain.from_iterable(part.rest for part in parts))
    # What was refused would be no better hidden alone in a wider cell.
    is_alone = sum(bool(part.rest) for part in parts) == 1 and any(is_inside(one, scope) for one in shape.refused)
    while rest and safe and (is_alone or scope in shape.refused or not is_safe(rest)):
        rest += safe.pop().units
        is_alone = False
    cells = tuple(chain.from_iterable(part.cells for part in reversed(safe)))
    if not rest:
        return Settled(cells, ())
    if scope not in shape.refused and is_safe(rest):
        return Settled((*cells, Cell(scope, rest)), ())
    return Settled((), rest)


def is_inside(one: Scope, other: Scope) -> bool:
    is_there = other.region in (None, one.region) and (not other.band or f"{one.band}/".startswith(f"{other.band}/"))
    return is_there and other.starts_on <= one.starts_on and one.ends_on <= other.ends_on


def partition(units: Iterable[Unit], until: date, shape: Shape) -> list[Cell]:
    """The safe cells of one table, for the quarters and the years closed by `until`.

    While a year is not closed, a quarter that is unsafe waits for it, and a table by year waits altogether.
    """
    cells: list[Cell] = []
    for year, of_year in groups(units, lambda unit: unit.month.year):
        is_closed = date(year, 12, 31) <= until
        if shape.bands_first:
            parts = settle_bands_first(year, of_year, shape) if is_closed else []
        else:
            parts = settle_regions_first(year, of_year, shape, is_closed=is_closed)
        if is_closed:
            parts = [settle(parts, of_a_year(None, year), shape)]
        cells += chain.from_iterable(part.cells for part in parts)
    return cells


def settle_regions_first(year: int, units: list[Unit], shape: Shape, *, is_closed: bool) -> list[Settled]:
    by_region = groups(units, lambda unit: region_of(unit, shape))
    return [settle_region(region, year, mine, shape, is_closed) for region, mine in by_region]


def settle_bands_first(year: int, units: list[Unit], shape: Shape) -> list[Settled]:
    return [settle_band(band, year, mine, shape) for band, mine in groups(units, lambda unit: unit.band)]


def settle_band(band: str, year: int, units: list[Unit], shape: Shape) -> Settled:
    """One band's year: each region that is safe alone, then the others together."""
    regions = [
        settle([unsettled(mine)], replace(of_a_year(region, year), band=band), shape) if region else unsettled(mine)
        for region, mine in groups(units, lambda unit: region_of(unit, shape))
    ]
    return settle(regions, replace(of_a_year(None, year), band=band), shape)


def settle_region(region: int, year: int, units: list[Unit], shape: Shape, is_closed: bool) -> Settled:
    """One region's year. Cases of no region are never a cell of their own: they go with the other regions."""
    whole = of_a_year(region or None, year)
    if shape.grain is Grain.YEAR:
        settled = settle_bands(whole, units, shape) if is_closed else unsettled(())
    else:
        quarters = [
            settle_quarter(region, first, mine, shape) for first, mine in groups(units, lambda u: quarter_of(u.month))
        ]
        if not is_closed:
            is_told = bool(region) or not shape.by_region
            return Settled(tuple(chain.from_iterable(quarter.cells for quarter in quarters if is_told)), ())
        settled = settle(quarters, whole, shape)
    return settled if region or not shape.by_region else unsettled(settled.units)


def settle_quarter(region: int, first: date, units: list[Unit], shape: Shape) -> Settled:
    scope = Scope(region or None, first, last_day_of_quarter(first), ALL_BANDS)
    if shape.grain is Grain.QUARTER:
        return settle_bands(scope, units, shape)
    months = [
        settle_bands(replace(scope, starts_on=month, ends_on=last_day_of_month(month)), mine, shape)
        for month, mine in groups(units, lambda unit: unit.month)
    ]
    return settle(months, scope, shape)


def settle_bands(scope: Scope, units: Iterable[Unit], shape: Shape) -> Settled:
    """One place and period, band by band, for bands of one part or of several."""
    units = list(units)
    if not shape.by_band or all(unit.band == scope.band for unit in units):
        return settle([unsettled(units)], scope, shape)
    below = groups(units, lambda unit: band_below(scope.band, unit.band))
    return settle([settle_bands(replace(scope, band=finer), mine, shape) for finer, mine in below], scope, shape)


def unsettled(units: Iterable[Unit]) -> Settled:
    return Settled((), tuple(units))


def of_a_year(region: int | None, year: int) -> Scope:
    return Scope(region, date(year, 1, 1), date(year, 12, 31), ALL_BANDS)


def band_below(band: str, finest: str) -> str:
    """The band one step from `band` towards `finest`: "" → "6-50" → "6-50/confirmed"."""
    depth = len(band.split("/")) if band else 0
    return "/".join(finest.split("/")[: depth + 1])


def region_of(unit: Unit, shape: Shape) -> int:
    return (unit.region or 0) if shape.by_region else 0


def groups[T: (int, str, date)](units: Iterable[Unit], key: Callable[[Unit], T]) -> list[tuple[T, list[Unit]]]:
    found: dict[T, list[Unit]] = defaultdict(list)
    for unit in units:
        found[key(unit)].append(unit)
    return sorted(found.items(), key=lambda item: item[0])

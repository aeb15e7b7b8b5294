"""What the published numbers of one year say of the finest cells, with what everybody knows besides.

A number is the sum of what lies in its scope and in no narrower number of the release in which it came first: so says
the method page. A cell may also hold what is in no number; a bold attacker takes it that nothing was left out.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise, product
from math import inf
from typing import NamedTuple

from tests.stats.attacker.served import Number, Release, generations
from tests.stats.attacker.system import Fact, System

NOWHERE = "?"  # cases of which nobody knows the region
OR = " or "  # between bands that are asked together
IN_NO_NUMBER = 0
YEAR, QUARTERS = range(1, 13), [range(first, first + 3) for first in (1, 4, 7, 10)]
BODIES = ("bodies", "bodies_hit", "strata", "strata_hit")
# The same units counted otherwise: their totals are equal, region by region.
SAME = (
    *[(other, "incidents") for other in ("quarters", "causes", "discovery", "help", "closing")],
    *[("services", "interruptions"), ("strata", "bodies"), ("strata_hit", "bodies_hit")],
)
BY_QUARTER = ("quarters",)
# A body that declared has an incident at least; one that was hit declared, and has an interruption or a leak. An
# incident has one leak at most, or one that is unfounded.
AT_MOST = (
    *[(["bodies"], ["incidents"]), (["strata"], ["incidents"])],
    *[(["bodies_hit"], ["bodies"]), (["strata_hit"], ["strata"]), (["strata_hit"], ["bodies"])],
    *[(["bodies_hit"], ["incidents"]), (["strata_hit"], ["incidents"])],
    *[(["bodies_hit"], ["interruptions", "leaks"]), (["strata_hit"], ["interruptions", "leaks"])],
    *[(["leaks"], ["incidents"]), (["unfounded"], ["incidents"]), (["leaks", "unfounded"], ["incidents"])],
)
# The same, band by band: a leak is counted once at most in each category.
BAND_AT_MOST = (("strata_hit", "strata", True), ("categories", "leaks", False))
# What a body did that was counted late, was counted late; and so was what it was hit by.
LATE_AT_MOST = (
    *[([bodies], ["incidents"]) for bodies in ("bodies", "strata")],
    *[([bodies], ["interruptions", "leaks"]) for bodies in ("bodies_hit", "strata_hit")],
)
# Behind each number of the first are five bodies or more, each with a case of its own that the other one counts.
BEHIND, FIVE = {"interruptions": "incidents", "services": "incidents", "categories": "leaks"}, 5
# What was closed within some time had been taken within it, unless nobody knows when.
IN_ORDER = ("closing", "help")
DELAYS, NOT_KNOWN = ("0-1h", "1-4h", "4-24h", "1-3d", "3-7d", "7-30d"), "unknown"


# regions, months
type Place = tuple[frozenset[str], range]


class Cell(NamedTuple):
    """`first`: the release that first counted it. `months`, `bands`: those that no number tells apart."""

    measure: str
    first: int
    region: str
    months: tuple[int, ...]
    bands: tuple[str, ...]


class Scope(NamedTuple):
    """What something is claimed of. `first` None: in whatever release. `band`: one, or « one or another »."""

    measure: str
    first: int | None
    regions: frozenset[str]
    months: Sequence[int]
    band: str


class Rest(NamedTuple):
    """What the second leaves of the first, in these regions and one year."""

    of: Scope
    by: Scope


def is_under(band: str, parent: str) -> bool:
    return not parent or any(f"{band}/".startswith(f"{one}/") for one in parent.split(OR))


def is_between(first: int, after: int, as_of: float) -> bool:
    """What is in no number came after all releases."""
    return after < (first or inf) <= as_of


class Knowledge:
    """`unfinished`: measures of which something is in no number. Call `believe` before anything is proved."""

    def __init__(self, releases: list[Release], year: int, unfinished: Collection[str]) -> None:
        self.last = releases[-1]
        self.year = year
        self.numbers = [(first, one) for first, one in generations(releases) if one.year == year]
        # That nothing is published of a measure says nothing of it; other numbers may.
        self.measures = sorted({one.measure for _first, one in self.numbers} | set(unfinished))
        self.regions = [*self.last.regions, NOWHERE]
        self.firsts = {
            measure: sorted({first for first, one in self.numbers if one.measure == measure})
            + [IN_NO_NUMBER] * (measure in unfinished)
            for measure in self.measures
        }

        self.published = list(self.of_numbers())
        self.counted = {cell for fact in self.published for cell in fact.signs}

    def believe(self, is_true: Callable[[Fact[Cell]], bool]) -> None:
        """All that is published, and those guesses that are true: a false one proves nothing, though luck may help."""
        facts = [*self.published, *(guess for guess in self.guesses() if guess.signs and is_true(guess))]
        where: dict[Cell, list[tuple[int, int]]] = defaultdict(list)
        for row, fact in enumerate(facts):
            for cell, sign in fact.signs.items():
                where[cell].append((row, sign))
        # Cells that no fact tells apart are one unknown.
        unknowns = {rows: column for column, rows in enumerate(dict.fromkeys(map(tuple, where.values())))}
        self.column = {cell: unknowns[tuple(rows)] for cell, rows in where.items()}
        self.cells: dict[int, list[Cell]] = defaultdict(list)
        for cell, column in self.column.items():
            self.cells[column].append(cell)
        self.system = System(len(unknowns), [self.merged(fact) for fact in facts])

    def merged(self, fact: Fact[Cell]) -> Fact[int]:
        return fact._replace(signs={self.column[cell]: sign for cell, sign in fact.signs.items()})

    # Cells

    @cached_property
    def months(self) -> dict[str, list[tuple[int, ...]]]:
        """Of each measure, the months of each quarter that no number tells apart."""
        found = {}
        for measure in self.measures:
            periods = {(one.first.month, one.last.month) for _first, one in self.numbers if one.measure == measure}
            alike = defaultdict(list)
            for month in YEAR:
                alike[(month - 1) // 3, tuple(sorted(p for p in periods if p[0] <= month <= p[1]))].append(month)
            found[measure] = [tuple(some) for some in alike.values()]
        return found

    @cached_property
    def bands(self) -> dict[str, list[tuple[str, ...]]]:
        """The same of bands. Those of bodies are kept apart: everybody knows how many of each kind exist."""
        found = {}
        for measure in self.measures:
            finest = self.last.bands[measure]
            named = {one.band for _first, one in self.numbers if one.measure == measure}
            alike = defaultdict(list)
            for band in finest:
                own = band if measure in BODIES or measure == "categories" else ""
                alike[own, tuple(sorted(parent for parent in named if is_under(band, parent)))].append(band)
            found[measure] = [tuple(some) for some in alike.values()]
        return found

    def inside(self, scope: Scope) -> set[Cell]:
        """The cells that lie in it whole."""
        return self.matching(scope, all)

    def touching(self, scope: Scope) -> set[Cell]:
        return self.matching(scope, any)

    def whole(self, cells: set[Cell]) -> set[int]:
        """The unknowns of which these cells are all."""
        columns = {self.column[cell] for cell in cells if cell in self.column}
        return {column for column in columns if cells.issuperset(self.cells[column])}

    def touched(self, cells: set[Cell]) -> set[int] | None:
        """None if nothing bounds one of them."""
        columns = {self.column.get(cell) for cell in cells}
        return None if None in columns else columns

    @cached_property
    def empty_regions(self) -> dict[str, frozenset[str]]:
        """Of each measure, those in which it can be proved that nothing was counted in the year: it is no secret."""
        return {measure: frozenset(self.proved_empty(measure)) for measure in self.measures}

    def proved_empty(self, measure: str) -> Iterator[str]:
        for region in self.regions:
            touched = self.touched(self.touching(Scope(measure, None, frozenset([region]), YEAR, "")))
            if touched is not None and not self.system.most(touched):
                yield region

    def cell_of(self, measure: str, first: int, region: str, month: int, band: str) -> Cell | None:
        """That in which such a unit stands; None if nothing of the measure is published."""
        if measure not in self.firsts:
            return None
        [months] = [some for some in self.months[measure] if month in some]
        [bands] = [some for some in self.bands[measure] if band in some]
        return Cell(measure, first, region, months, bands)

    def wide_places(self) -> set[frozenset[str]]:
        """Sets of regions that nobody names but that can be told apart: those of each number of several regions, those
        that no number names, and what two of these share or do not.
        """
        named = {one.region for _first, one in self.numbers}
        wide = {frozenset(self.regions), frozenset(self.regions) - named}
        for measure in self.measures:
            own = {one.region for _first, one in self.numbers if one.measure == measure}
            wide.add(frozenset(self.regions) - own)
        return {*wide, *(a & b for a, b in product(wide, wide)), *(a - b for a, b in product(wide, wide))} - {
            frozenset()
        }

    def matching(self, scope: Scope, how) -> set[Cell]:
        """Nothing that a release counted lies outside its numbers."""
        return {cell for cell in self.grid(scope, how) if cell.first == IN_NO_NUMBER or cell in self.counted}

    def grid(self, scope: Scope, how) -> set[Cell]:
        measure, first, regions, months, band = scope
        firsts = self.firsts[measure] if first is None else [first]
        there = [some for some in self.months[measure] if how(month in months for month in some)]
        bands = [some for some in self.bands[measure] if how(is_under(one, band) for one in some)]
        return {Cell(measure, *where) for where in product(firsts, sorted(regions), there, bands)}

    # Facts

    def of_numbers(self) -> Iterator[Fact[Cell]]:
        """Narrow numbers first: what is counted there is not counted again in a wider one."""
        totals: dict[Scope, int] = defaultdict(int)
        for first, one in self.numbers:
            totals[self.scope_of(first, one)] += one.value
        taken: set[Cell] = set()
        covered = ((self.grid(scope, all), value) for scope, value in totals.items())
        by_size = sorted(covered, key=lambda one: len(one[0]))
        for cells, value in by_size:
            mine = cells - taken
            taken |= mine
            yield Fact(dict.fromkeys(mine, 1), value, value)

    def scope_of(self, first: int, one: Number) -> Scope:
        regions = frozenset([one.region] if one.region else self.regions)
        return Scope(one.measure, first, regions, range(one.first.month, one.last.month + 1), one.band)

    def guesses(self) -> Iterator[Fact[Cell]]:
        """What everybody knows, but for cases that changed since they were counted."""
        for scope, number in self.kinds():
            yield Fact(dict.fromkeys(self.inside(scope), 1), -inf, number)
        every = set(self.measures)
        for left, right in ((left, right) for left, right in SAME if {left, right} <= every):
            for place in self.places(QUARTERS if left in BY_QUARTER else [YEAR]):
                for as_of in self.moments(left, right):
                    yield self.compared([left], [right], place, at_least=0, as_of=as_of)
        for left, right in ((left, right) for left, right in AT_MOST if {*left, *right} <= every):
            periods = QUARTERS if left == ["leaks"] else [YEAR]
            yield from (self.compared(left, right, place) for place in self.places(periods))
        yield from self.guesses_of_late(every)
        yield from self.guesses_by_band(every)
        yield from self.guesses_behind()
        if every.issuperset(IN_ORDER):
            yield from self.guesses_in_order()

    def guesses_of_late(self, every: set[str]) -> Iterator[Fact[Cell]]:
        for left, right in ((left, right) for left, right in LATE_AT_MOST if {*left, *right} <= every):
            for place, first in product(self.places([YEAR]), filter(None, self.firsts[left[0]])):
                yield self.compared(left, right, place, after=first)

    def guesses_in_order(self) -> Iterator[Fact[Cell]]:
        """Of all cases, and of those that came from each release to the next that counted the same."""
        later, earlier = IN_ORDER
        moments = [0, *sorted(self.moments(later, earlier))]
        for place, number, span in product(
            self.places([YEAR]), range(1, len(DELAYS) + 1), {(0, inf), *pairwise(moments)}
        ):
            quick = [Scope(later, None, *place, band) for band in DELAYS[:number]]
            soon = [Scope(earlier, None, *place, band) for band in (*DELAYS[:number], NOT_KNOWN)]
            signs = dict.fromkeys(set().union(*map(self.inside, quick)), 1)
            signs |= dict.fromkeys(set().union(*map(self.touching, soon)), -1)
            yield Fact({cell: sign for cell, sign in signs.items() if is_between(cell.first, *span)}, -inf, 0)

    def guesses_behind(self) -> Iterator[Fact[Cell]]:
        for fact in self.published:
            other = BEHIND.get(next(iter(fact.signs)).measure) if fact.signs else None
            if other in self.firsts:
                there = {(cell.region, month) for cell in fact.signs for month in cell.months}
                whole = self.inside(Scope(other, None, frozenset(self.regions), YEAR, ""))
                mine = [cell for cell in whole if any((cell.region, month) in there for month in cell.months)]
                yield Fact(dict.fromkeys(mine, 1), FIVE, inf)

    def guesses_by_band(self, every: set[str]) -> Iterator[Fact[Cell]]:
        for left, right, is_same_band in BAND_AT_MOST:
            if {left, right} <= every:
                for place, band in product(self.places([YEAR]), self.last.bands[left]):
                    yield self.compared([left], [right], place, bands=(band, band if is_same_band else ""))

    def kinds(self) -> Iterator[tuple[Scope, int]]:
        """Of bodies by region or by stratum, how many exist."""
        for measure in self.measures:
            for (year, region, stratum), number in self.last.bodies.items():
                if measure in BODIES and year == self.year and (stratum in ("", *self.last.bands[measure])):
                    there = frozenset([region] if region else self.regions)
                    yield Scope(measure, None, there, YEAR, stratum), number

    def places(self, periods: Iterable[range]) -> Iterator[Place]:
        return product([frozenset([region]) for region in self.regions], periods)

    def moments(self, left: str, right: str) -> Iterator[float]:
        """After which releases both had counted as many, which must be the same ones; and now (inf)."""
        yield inf
        for as_of in sorted({first for first, _number in self.numbers}):
            sums = [
                sum(one.value for at, one in self.numbers if at <= as_of and one.measure == of) for of in (left, right)
            ]
            if 0 < sums[0] == sums[1]:
                yield as_of

    def compared(self, left, right, place: Place, *, bands=("", ""), at_least=-inf, as_of=inf, after=0) -> Fact[Cell]:
        """What there is more in these measures than in those: nothing, and at least that."""
        signs = {}
        for measures, band, sign in ((left, bands[0], 1), (right, bands[1], -1)):
            for measure in measures:
                cells = self.inside(Scope(measure, None, *place, band))
                signs |= dict.fromkeys((one for one in cells if is_between(one.first, after, as_of)), sign)
        return Fact(signs, at_least, 0)

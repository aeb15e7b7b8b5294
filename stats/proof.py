"""What an attacker could make of the whole family of tables, put as a system for the auditor (`stats/audit.py`).

The atoms are the finest cells of each table, release by release; those of release 0 are what is not published. Each
block is a sum of the atoms that its scope covers and no smaller block of its release does. Tables that count the same
cases otherwise are linked, region by region and period by period. What must stay hidden is every cell, and every union
of cells on the way up to the nation's year, in which fewer than K bodies stand.

Years are audited one by one: no block covers two, and no link either.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import combinations, product
from math import inf

from stats.atoms import Atom, Atoms, atom_at, cells, firsts_of, grain_of, prefixes_of, scope_of, size_of
from stats.audit import Cap, Family, Link, Node, Sum
from stats.enums import ALL_BANDS, FINEST, DelayBand, Measure
from stats.family import AT_MOST, BY_BAND, BY_MEASURE, HIT_BY, IN_ORDER, LATE_AT_MOST, ONE_LEAK, tied_to
from stats.partition import Cell, Grain, K, Scope, Shape, Unit
from stats.strata import Bodies

COUNTS_BODIES = (Measure.BODIES, Measure.BODIES_HIT, Measure.STRATA, Measure.STRATA_HIT)
UNPUBLISHED = 0


@dataclass(frozen=True)
class Shown:
    """A block as everybody sees it, and what it is made of. `release`: the number of the first that held it."""

    measure: Measure
    release: int
    scope: Scope
    units: tuple[Unit, ...]
    block: int | None = None

    @cached_property
    def held(self) -> dict[Atom, Counter[int]]:
        """Cell by cell, how many units each body has there. Each audit of a night asks for it."""
        return held_of(self.measure, self.release, self.units)


@dataclass
class Draft:
    """One year of a release in the making; `bodies` says how many exist, which is public.

    `fresh`: cells that become blocks.
    """

    number: int
    year: int
    until: date
    bodies: Bodies
    fresh: list[tuple[Measure, Cell]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    # What is to be put in blocks, and what of it is in none.
    units: dict[Measure, list[Unit]] = field(default_factory=dict)
    unshown: dict[Measure, list[Unit]] = field(default_factory=dict)
    # What has become of cases that stand in a block as they were: it is in no block either.
    became: dict[Measure, list[Unit]] = field(default_factory=dict)
    # How each table is cut; None: nothing new of it is shown.
    shapes: dict[Measure, Shape | None] = field(default_factory=dict)

    def cells(self, measure: Measure) -> list[Cell]:
        return [cell for one, cell in self.fresh if one == measure]


type Releases = frozenset[int]
# measure, release (None: all), regions, first day, period, band
type Where = tuple[str, int | None, frozenset[int], date, Grain, str]


@dataclass(frozen=True)
class Question:
    """One year of some tables: the blocks, the units in none, and how many bodies exist."""

    year: int
    tables: tuple[Measure, ...]
    shown: Sequence[Shown]
    unshown: Mapping[Measure, list[Unit]]
    regions: frozenset[int]
    bodies: Bodies

    def family(self) -> Family:
        return Family(
            sums=list(self.sums()),
            links=list(self.links()),
            caps=list(self.caps()),
            nodes=list(self.nodes()),
            units={body: {atom: atoms[atom] for atom in atoms} for body, atoms in sorted(self.units.items())},
        )

    @cached_property
    def releases(self) -> dict[str, list[int]]:
        """Of each table, the releases of which it has blocks of this year; 0 where something is in no block."""
        found: dict[str, set[int]] = defaultdict(set)
        for one in self.shown:
            found[one.measure].add(one.release)
        for measure, units in self.unshown.items():
            if units:
                found[measure].add(UNPUBLISHED)
        return {measure: sorted(releases) for measure, releases in found.items()}

    @cached_property
    def units(self) -> dict[int, Counter[Atom]]:
        """The truth: body → atom → units."""
        found: dict[int, Counter[Atom]] = defaultdict(Counter)
        everything = [one.held for one in self.shown]
        everything += [held_of(measure, UNPUBLISHED, units) for measure, units in self.unshown.items()]
        for held in everything:
            for atom, bodies in held.items():
                for body, number in bodies.items():
                    found[body][atom] += number
        return found

    def atoms(self, measure: str, scope: Scope, release: int, regions: frozenset[int] | None = None) -> Atoms:
        """What `scope` covers; of these `regions` alone where some are given.

        All that a release counted first lies in its blocks: its other cells are known to be empty.
        """
        if regions is None:
            regions = self.regions if scope.region is None else frozenset([scope.region])
        there = cells(measure, release, regions, (scope.starts_on, scope.ends_on), scope.band)
        if release == UNPUBLISHED or there <= self.counted[measure, release]:
            return there
        return there & self.counted[measure, release]

    @cached_property
    def counted(self) -> dict[tuple[str, int], set[Atom]]:
        """Of each table and release, the cells that its blocks cover."""
        found: dict[tuple[str, int], set[Atom]] = defaultdict(set)
        for one in self.shown:
            found[one.measure, one.release] |= self.covered(one)
        return found

    def covered(self, one: Shown) -> Atoms:
        """Where a block is of several regions, those that have a number beside it are not among them: a region is put
        with others whole (`stats/partition.py`), and every reader of a page takes it so.
        """
        named = self.named[one.measure, one.release, beside(one)]
        regions = self.regions - named if one.scope.region is None else frozenset([one.scope.region])
        return cells(one.measure, one.release, regions, (one.scope.starts_on, one.scope.ends_on), one.scope.band)

    @cached_property
    def named(self) -> dict[tuple[str, int, str], set[int]]:
        """Of each table and release, the regions that have a number; band by band where bands come first."""
        found: dict[tuple[str, int, str], set[int]] = defaultdict(set)
        for one in self.shown:
            if one.scope.region:
                found[one.measure, one.release, beside(one)].add(one.scope.region)
        return found

    def atoms_of(
        self, measure: str, scope: Scope, regions: frozenset[int] | None = None, of: Releases | None = None
    ) -> Atoms:
        """The same, in whatever release; or in those of these releases."""
        releases = [one for one in self.releases.get(measure, []) if of is None or one in of]
        found = [self.atoms(measure, scope, release, regions) for release in releases]
        return found[0] if len(found) == 1 else frozenset().union(*found)

    def sums(self) -> Iterator[Sum]:
        """The smallest scopes first: each takes its atoms from the larger ones."""
        taken: set[Atom] = set()
        by_size = sorted(self.shown, key=lambda one: (size_of(one.scope, self.regions, one.measure), repr(one.scope)))
        for one in by_size:
            mine = self.covered(one) - taken
            taken |= mine
            yield Sum(mine, sum(unit.number for unit in one.units))

    def links(self) -> Iterator[Link]:
        """Equal where the truth is; where it was corrected since a block was published, as unequal as it is."""
        for measure in self.tables:
            other = BY_MEASURE[measure].same_units_as
            if other in self.tables:
                for of in self.alike(measure, other):
                    yield from self.links_between((measure,), (other,), at_most=False, of=of)
        at_most = [((measure,), others) for measure, others in (*AT_MOST, *HIT_BY)]
        for some, others in (*at_most, ONE_LEAK):
            if {*some, *others} <= set(self.tables):
                yield from self.links_between(some, others, at_most=True)
        yield from self.links_of_late()
        yield from self.links_of_bands()

    def links_of_late(self) -> Iterator[Link]:
        for measure, other in LATE_AT_MOST:
            if {measure, other} <= set(self.tables):
                releases = {*self.releases[measure], *self.releases[other]}
                for at in filter(None, self.releases[measure]):
                    late = frozenset(one for one in releases if one > at or one == UNPUBLISHED)
                    yield from self.links_between((measure,), (other,), at_most=True, of=late)

    def links_of_bands(self) -> Iterator[Link]:
        for measure, other, is_same_band in BY_BAND:
            if {measure, other} <= set(self.tables):
                yield from self.links_by_band(measure, other, is_same_band=is_same_band)
        if set(IN_ORDER) <= set(self.tables):
            yield from self.links_in_order(*IN_ORDER)

    def links_by_band(self, measure: Measure, other: Measure, *, is_same_band: bool) -> Iterator[Link]:
        """Of each band at most the same one of the other table, or at most all that it has."""
        for region, band in product(sorted(self.regions), FINEST[measure]):
            there = frozenset([region])
            left, right = (
                self.atoms_of(one, scope_of(date(self.year, 1, 1), Grain.YEAR, of_band), there)
                for one, of_band in ((measure, band), (other, band if is_same_band else ALL_BANDS))
            )
            if left and self.total(left) <= self.total(right):
                yield Link(left, right, at_most=True)

    def links_in_order(self, later: Measure, earlier: Measure) -> Iterator[Link]:
        """Of the two delays of each case the first is not the longer one."""
        *bands, unknown = DelayBand.values
        whole = scope_of(date(self.year, 1, 1), Grain.YEAR, ALL_BANDS)
        for region, number in product(sorted(self.regions), range(1, len(bands))):
            left, right = (
                frozenset(atom for atom in self.atoms_of(one, whole, frozenset([region])) if atom.band in within)
                for one, within in ((later, bands[:number]), (earlier, [*bands[:number], unknown]))
            )
            if left and self.total(left) <= self.total(right):
                yield Link(left, right, at_most=True)

    def links_between(
        self, some: tuple[Measure, ...], others: tuple[Measure, ...], *, at_most: bool, of: Releases | None = None
    ) -> Iterator[Link]:
        grain = max((grain_of(one) for one in (*some, *others)), key=list(Grain).index)
        for region, first in product(sorted(self.regions), firsts_of(self.year, grain)):
            left, right = (
                frozenset().union(*(self.within(one, region, first, grain, of) for one in tables))
                for tables in (some, others)
            )
            here, there = self.total(left), self.total(right)
            # What one of them says nothing of is empty there, and so in the other one.
            if (left or right) and (here <= there or not at_most):
                yield Link(*((left, right) if here <= there else (right, left)), at_most or here != there)

    def alike(self, measure: Measure, other: Measure) -> list[Releases | None]:
        """All releases, and those up to each by which both tables had counted as many cases: everybody takes these for
        the same, and those that came later as well.
        """
        whole = scope_of(date(self.year, 1, 1), Grain.YEAR, ALL_BANDS)
        releases = sorted({*self.releases.get(measure, ()), *self.releases.get(other, ())})
        # Up to the last one, where all is published, is all.
        earlier = releases[1:] if UNPUBLISHED in releases else releases[:-1]
        first = [frozenset(range(UNPUBLISHED + 1, at + 1)) for at in earlier]
        totals = [[self.total(self.atoms_of(one, whole, of=of)) for one in (measure, other)] for of in first]
        return [None, *(of for of, (here, there) in zip(first, totals, strict=True) if 0 < here == there)]

    def within(self, measure: Measure, region: int, first: date, grain: Grain, of: Releases | None) -> Atoms:
        return self.atoms_of(measure, scope_of(first, grain, ALL_BANDS), frozenset([region]), of)

    @cached_property
    def totals(self) -> Counter[Atom]:
        found: Counter[Atom] = Counter()
        for atoms in self.units.values():
            found.update(atoms)
        return found

    def total(self, atoms: Iterable[Atom]) -> int:
        return sum(self.totals[atom] for atom in atoms)

    def caps(self) -> Iterator[Cap]:
        """The bodies that exist, where a table counts bodies: that all of them were hit must not be told either.

        Of those that declared some may have gone, or changed region, before the end of the year.
        """
        for measure in (measure for measure in COUNTS_BODIES if measure in self.tables):
            for (region, stratum), number in sorted(self.bodies.items()):
                whole = scope_of(date(self.year, 1, 1), Grain.YEAR, stratum)
                mine = self.atoms_of(measure, whole, frozenset([region]) if region else None)
                if mine and (stratum or region):
                    yield Cap(f"{measure} {region} {stratum}", mine, max(number, self.total(mine)))

    def nodes(self) -> Iterator[Node]:
        for where, bodies in sorted(self.standing().items(), key=repr):
            if len(bodies) < K:
                measure, release, regions, first, grain, band = where
                scope = scope_of(first, grain, band)
                if release is None:
                    atoms = self.atoms_of(measure, scope, regions)
                else:
                    atoms = self.atoms(measure, scope, release, regions)
                name = f"{measure} {release or 'all'} {sorted(regions)} {first} {grain.value} {band}"
                yield Node(name, atoms, self.most_in(regions))

    def most_in(self, regions: frozenset[int]) -> float:
        """Three bodies on an island have three incidents at most, would anybody say."""
        existing = sum(self.bodies[region, ALL_BANDS] for region in regions if region)
        return existing if 0 < existing < K else inf

    def standing(self) -> dict[Where, set[int]]:
        """Every cell and every union on its way up → the bodies that stand in it, of each release and of all; of the
        many bodies of a large one, K or more.
        """
        found: dict[Where, set[int]] = defaultdict(set)
        everywhere = self.regions
        for atom, bodies in self.bodies_by_atom().items():
            own = list(Grain).index(grain_of(atom.measure))
            for release, grain, band in product(self.alone(atom), list(Grain)[own:], prefixes_of(atom.band)):
                gathered = [
                    regions
                    for regions in self.gatherings[atom.measure]
                    if atom.region in regions and grain is not Grain.MONTH
                ]
                for regions in {frozenset([atom.region]), everywhere, *gathered}:
                    standing = found[atom.measure, release, regions, grain.first(atom.first), grain, band]
                    if len(standing) < K:
                        standing |= bodies
        return found | self.pairs_of_regions(found)

    def pairs_of_regions(self, standing: Mapping[Where, set[int]]) -> dict[Where, set[int]]:
        """Over a quarter or a year, whatever the band, two regions of few bodies where few stand in both."""
        beside: dict[tuple[str, int | None, date, Grain], list[tuple[frozenset[int], set[int]]]] = defaultdict(list)
        for (measure, release, regions, first, grain, band), bodies in standing.items():
            if len(regions) == 1 and len(bodies) < K and band == ALL_BANDS and grain is not Grain.MONTH:
                beside[measure, release, first, grain].append((regions, bodies))
        return {
            (measure, release, one | other, first, grain, ALL_BANDS): here | there
            for (measure, release, first, grain), some in beside.items()
            for (one, here), (other, there) in combinations(some, 2)
            if len(here | there) < K
        }

    def alone(self, atom: Atom) -> tuple[int | None, ...]:
        """All releases together, and its own where there are several: late cases must not be told apart either."""
        return (None, atom.release) if len(self.releases[atom.measure]) > 1 else (None,)

    def bodies_by_atom(self) -> dict[Atom, set[int]]:
        found: dict[Atom, set[int]] = defaultdict(set)
        for body, atoms in self.units.items():
            for atom in atoms:
                if len(found[atom]) < K:
                    found[atom].add(body)
        return found

    @cached_property
    def gatherings(self) -> dict[str, set[frozenset[int]]]:
        """Of each table, the sets of regions that tables held against each other tell apart, though none is named:
        those that no block names, all but one that is named, those that a block of several regions covers, and, of
        tables that count the same cases, what two of these share or do not.
        """
        ties = {frozenset(tied_to(measure, set(self.tables), with_hits=False)) for measure in self.tables}
        wide = {tables: self.wide(tables) for tables in ties}
        named = {one.scope.region for one in self.shown if one.scope.region}
        everywhere = frozenset().union(*wide.values()) | {self.regions - {region} for region in named}
        found: dict[str, set[frozenset[int]]] = {}
        for tables, mine in wide.items():
            shared = {*(a & b for a, b in product(mine, mine)), *(a - b for a, b in product(mine, mine))}
            found |= dict.fromkeys(tables, {*everywhere, *shared} - {frozenset()})
        return found

    def wide(self, tables: frozenset[Measure]) -> frozenset[frozenset[int]]:
        named = {one.scope.region for one in self.shown if one.scope.region and one.measure in tables}
        cells = [
            [atom for atom in one.atoms if isinstance(atom, Atom) and atom.measure in tables] for one in self.sums()
        ]
        covered = [frozenset(atom.region for atom in atoms) for atoms in cells]
        return frozenset({self.regions - named, *(regions for regions in covered if len(regions) > 1)})


def families_with(draft: Draft, measure: Measure) -> Iterator[Family]:
    """What is to be audited of the tables that `measure` is tied to, and of it, as they are shown.

    A table of cases that is tied to no other is one partition, which tells nothing of fewer than K bodies whatever its
    numbers; one of distinct bodies is held against how many exist. A case that changed since it was counted is taken
    as it was, then both as it was and as it is: it depends on that which tables agree.
    """
    tables = tied_to(measure, {one.measure for one in draft.shown})
    if len(tables) < 2 and measure not in COUNTS_BODIES:
        return
    unshown = [draft.unshown]
    if any(draft.became.get(table) for table in tables):
        unshown.append({table: [*draft.unshown.get(table, []), *draft.became.get(table, [])] for table in tables})
    for left in unshown:
        yield question_of(draft, tables, left).family()


def question_of(draft: Draft, tables: set[Measure], unshown: Mapping[Measure, list[Unit]]) -> Question:
    """`unshown`: what is in no block."""
    mine = tuple(one for one in draft.shown if one.measure in tables)
    left = {table: unshown.get(table, []) for table in tables}
    regions = {unit.region or 0 for one in mine for unit in one.units} | {0}
    regions |= {region for region, _stratum in draft.bodies}
    return Question(draft.year, tuple(sorted(tables)), mine, left, frozenset(regions), draft.bodies)


def beside(one: Shown) -> str:
    """The band within which regions are put together: all bands, unless they come first."""
    return one.scope.band if BY_MEASURE[one.measure].shapes[0].bands_first else ALL_BANDS


def held_of(measure: str, release: int, units: Iterable[Unit]) -> dict[Atom, Counter[int]]:
    found: dict[Atom, Counter[int]] = defaultdict(Counter)
    for unit in units:
        found[atom_at(measure, release, unit.region or 0, unit.month, unit.band)][unit.whose] += unit.number
    return found

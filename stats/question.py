"""One year of tables that are held against each other: which cells each number covers, and what is in them in truth.

The atoms are the finest cells of each table, release by release; those of release 0 are what is not published. Each
block is a sum of the atoms that its scope covers and no smaller block of its release does.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from stats.atoms import Atom, Atoms, atom_at, cells, size_of
from stats.audit import Sum
from stats.enums import ALL_BANDS, Measure
from stats.family import BY_MEASURE
from stats.partition import Scope, Unit
from stats.strata import Bodies

UNPUBLISHED = 0
UNKNOWN_REGION = 0

type Releases = frozenset[int]


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


@dataclass(frozen=True)
class Question:
    """One year of some tables: the blocks, the units in none, and how many bodies exist."""

    year: int
    tables: tuple[Measure, ...]
    shown: Sequence[Shown]
    unshown: Mapping[Measure, list[Unit]]
    regions: frozenset[int]
    bodies: Bodies

    @cached_property
    def releases(self) -> dict[str, list[int]]:
        """Of each table, the releases of which it has blocks of this year; 0 where something is in no block, or might
        be, since it has none.
        """
        found: dict[str, set[int]] = defaultdict(set)
        for one in self.shown:
            found[one.measure].add(one.release)
        for measure, units in self.unshown.items():
            if units:
                found[measure].add(UNPUBLISHED)
        for measure in self.tables:
            found[measure] = found[measure] or {UNPUBLISHED}
        return {measure: sorted(releases) for measure, releases in found.items()}

    @cached_property
    def units(self) -> dict[int, Counter[Atom]]:
        """The truth: body → atom → units."""
        found: dict[int, Counter[Atom]] = defaultdict(Counter)
        for atom, parts in self.held_in.items():
            for bodies in parts:
                for body, number in bodies.items():
                    found[body][atom] += number
        return found

    @cached_property
    def held_in(self) -> dict[Atom, list[Counter[int]]]:
        """The same the other way round: atom → body → units, of each number and of what is in none."""
        found: dict[Atom, list[Counter[int]]] = defaultdict(list)
        everything = [one.held for one in self.shown]
        everything += [held_of(measure, UNPUBLISHED, units) for measure, units in self.unshown.items()]
        for held in everything:
            for atom, bodies in held.items():
                found[atom].append(bodies)
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
        for one, atoms in self.parts():
            yield Sum(atoms, sum(unit.number for unit in one.units))

    def parts(self) -> Iterator[tuple[Shown, Atoms]]:
        """The smallest scopes first: each takes its atoms from the larger ones."""
        taken: set[Atom] = set()
        by_size = sorted(self.shown, key=lambda one: (size_of(one.scope, self.regions, one.measure), repr(one.scope)))
        for one in by_size:
            mine = self.covered(one) - taken
            taken |= mine
            yield one, mine

    @cached_property
    def totals(self) -> Counter[Atom]:
        found: Counter[Atom] = Counter()
        for atoms in self.units.values():
            found.update(atoms)
        return found

    def total(self, atoms: Iterable[Atom]) -> int:
        return sum(self.totals[atom] for atom in atoms)


def beside(one: Shown) -> str:
    """The band within which regions are put together: all bands, unless they come first."""
    return one.scope.band if BY_MEASURE[one.measure].shapes[0].bands_first else ALL_BANDS


def held_of(measure: str, release: int, units: Iterable[Unit]) -> dict[Atom, Counter[int]]:
    found: dict[Atom, Counter[int]] = defaultdict(Counter)
    for unit in units:
        found[atom_at(measure, release, unit.region or 0, unit.month, unit.band)][unit.whose] += unit.number
    return found

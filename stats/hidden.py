"""What must stay hidden: every cell, and every union of cells on the way up to the nation's year, in which fewer than
K bodies stand; and whatever bands, quarters or regions together, as far as a link or a number speaks of all of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, product
from math import inf

from stats.atoms import Atom, Atoms, grain_of, is_under, prefixes_of, scope_of
from stats.audit import Choice, Node
from stats.enums import ALL_BANDS, FINEST, Measure
from stats.family import BY_MEASURE, COUNTS_BODIES, HITS, tied_to
from stats.partition import Grain, K
from stats.periods import quarters_of
from stats.question import UNKNOWN_REGION, Question

# measure, release (None: all), regions, first day, period, band
type Where = tuple[str, int | None, frozenset[int], date, Grain, str]
# the last three
type Part = tuple[date, Grain, str]


@dataclass(frozen=True)
class Hidden:
    nodes: list[Node]
    choices: list[Choice]


def hidden_in(asked: Question) -> Hidden:
    stands = standing_by_atom(asked)
    bodies_of = standing(asked, stands)
    regions_of: dict[str, set[int]] = defaultdict(set)
    for atom in stands:
        regions_of[atom.measure].add(atom.region)
    small = sorted((where for where, bodies in bodies_of.items() if len(bodies) < K), key=repr)
    return Hidden([node_at(asked, where, regions_of) for where in small], list(choices_of(asked, bodies_of)))


def node_at(asked: Question, where: Where, regions_of: Mapping[str, set[int]]) -> Node:
    measure, release, regions, first, grain, band = where
    name = f"{measure} {said(release)} {sorted(regions)} {first} {grain.value} {band}"
    return Node(name, atoms_in(asked, where), most_in(asked, measure, regions & regions_of[measure], [band]))


def choices_of(asked: Question, bodies_of: Mapping[Where, set[int]]) -> Iterator[Choice]:
    """Of each place and year whatever bands or quarters; of each band and period whatever regions; and of what hits a
    body whichever it is.
    """
    for where, bodies in sorted(bodies_of.items(), key=repr):
        measure, release, regions, first, grain, band = where
        if len(bodies) >= K and grain is Grain.YEAR and band == ALL_BANDS:
            parts = [(measure, release, regions, *part) for part in parts_of(measure, first.year)]
            yield from choice_of(asked, f"{measure} {said(release)} {sorted(regions)}", parts, bodies_of)
    beside = {(where[0], where[1], *where[3:]) for where in bodies_of if where[4] is not Grain.MONTH}
    for measure, release, first, grain, band in sorted(beside, key=repr):
        alone = [(measure, release, frozenset([region]), first, grain, band) for region in sorted(asked.regions)]
        yield from choice_of(asked, f"{measure} {said(release)} {first} {grain.value} {band}", alone, bodies_of)
    yield from choices_of_hits(asked, bodies_of)


def choices_of_hits(asked: Question, bodies_of: Mapping[Where, set[int]]) -> Iterator[Choice]:
    """That a body was hit may be known without knowing by what."""
    if set(HITS) <= set(asked.tables):
        years = {one[1:] for one in bodies_of if one[0] in HITS and one[4:] == (Grain.YEAR, ALL_BANDS)}
        for where in sorted(years, key=repr):
            both = [(measure, *where) for measure in HITS]
            yield from choice_of(asked, f"hits {said(where[0])} {sorted(where[1])}", both, bodies_of)


def choice_of(
    asked: Question, name: str, parts: Sequence[Where], bodies_of: Mapping[Where, set[int]]
) -> Iterator[Choice]:
    """Of those in which few stand, or nobody: no reader knows which."""
    small = [one for one in parts if len(bodies_of.get(one, ())) < K]
    if len(small) > 1 and any(bodies_of.get(one) for one in small):
        yield Choice(name, {f"{one[0]} {sorted(one[2])} {one[3]} {one[5]}": atoms_in(asked, one) for one in small})


def said(release: int | None) -> str:
    """The same name in each audit of a night. 0: what is in no number."""
    return "all" if release is None else str(release)


def atoms_in(asked: Question, where: Where) -> Atoms:
    measure, release, regions, first, grain, band = where
    scope = scope_of(first, grain, band)
    if release is None:
        return asked.atoms_of(measure, scope, regions)
    return asked.atoms(measure, scope, release, regions)


def parts_of(measure: str, year: int) -> list[Part]:
    """Those of which some are told apart from the others of a region together: where tables of the same cases say the
    total, and numbers of the region some of its bands; where as many of a kind exist; where cases are in order; where
    the nation has its quarters; where incidents of a quarter bound what happened in it.
    """
    if measure in (Measure.INCIDENTS, Measure.QUARTERS, Measure.LEAKS, Measure.INTERRUPTIONS):
        return [(first, Grain.QUARTER, ALL_BANDS) for first in quarters_of(year)]
    if BY_MEASURE[Measure(measure)].same_units_as:
        return [(date(year, 1, 1), Grain.YEAR, band) for band in FINEST[measure]]
    return []


def most_in(asked: Question, measure: str, regions: frozenset[int], bands: Sequence[str]) -> float:
    """Three bodies on an island have three incidents at most, would anybody say; and of one that is a département one
    département at most is counted. `regions`: those in which anybody is: that nobody is elsewhere is no secret.
    """
    is_of_strata = measure in COUNTS_BODIES and all(bands)
    kinds = [one for one in FINEST[Measure.STRATA] if any(is_under(one, band) for band in bands)]
    existing = sum(asked.bodies[where] for where in product(regions, kinds if is_of_strata else [ALL_BANDS]))
    return existing if 0 < existing < K and UNKNOWN_REGION not in regions else inf


def standing(asked: Question, stands: Mapping[Atom, set[int]]) -> dict[Where, set[int]]:
    """Every cell and every union on its way up → the bodies that stand in it, of each release and of all; of the
    many bodies of a large one, K or more.
    """
    found: dict[Where, set[int]] = defaultdict(set)
    gathered = gatherings(asked)
    for atom, bodies in stands.items():
        own = list(Grain).index(grain_of(atom.measure))
        for release, grain, band in product(alone(asked, atom), list(Grain)[own:], prefixes_of(atom.band)):
            together = [] if grain is Grain.MONTH else [some for some in gathered[atom.measure] if atom.region in some]
            for regions in {frozenset([atom.region]), asked.regions, *together}:
                there = found[atom.measure, release, regions, grain.first(atom.first), grain, band]
                if len(there) < K:
                    there |= bodies
    return found | pairs_of_regions(found)


def pairs_of_regions(standing: Mapping[Where, set[int]]) -> dict[Where, set[int]]:
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


def alone(asked: Question, atom: Atom) -> tuple[int | None, ...]:
    """All releases together, and its own where there are several: late cases must not be told apart either."""
    return (None, atom.release) if len(asked.releases[atom.measure]) > 1 else (None,)


def standing_by_atom(asked: Question) -> dict[Atom, set[int]]:
    """Atom → the bodies that stand there; of many, K."""
    found: dict[Atom, set[int]] = defaultdict(set)
    for body, atoms in asked.units.items():
        for atom in atoms:
            if len(found[atom]) < K:
                found[atom].add(body)
    return found


def gatherings(asked: Question) -> dict[str, set[frozenset[int]]]:
    """Of each table, the sets of regions that tables held against each other tell apart, though none is named:
    those that no block names, all but one that is named, those that a block of several regions covers, and, of
    tables that count the same cases, what two of these share or do not.
    """
    ties = {frozenset(tied_to(measure, set(asked.tables), with_hits=False)) for measure in asked.tables}
    wide_of = {tables: wide(asked, tables) for tables in ties}
    named = {one.scope.region for one in asked.shown if one.scope.region}
    everywhere = frozenset().union(*wide_of.values()) | {asked.regions - {region} for region in named}
    found: dict[str, set[frozenset[int]]] = {}
    for tables, mine in wide_of.items():
        shared = {*(a & b for a, b in product(mine, mine)), *(a - b for a, b in product(mine, mine))}
        found |= dict.fromkeys(tables, {*everywhere, *shared} - {frozenset()})
    return found


def wide(asked: Question, tables: frozenset[Measure]) -> frozenset[frozenset[int]]:
    named = {one.scope.region for one in asked.shown if one.scope.region and one.measure in tables}
    cells = [[atom for atom in one.atoms if isinstance(atom, Atom) and atom.measure in tables] for one in asked.sums()]
    covered = [frozenset(atom.region for atom in atoms) for atoms in cells]
    return frozenset({asked.regions - named, *(regions for regions in covered if len(regions) > 1)})

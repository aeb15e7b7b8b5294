"""What must stay hidden: every cell, and every union of cells on the way up to the nation's year, in which fewer than
K bodies stand; and those unions of bands or of quarters of which a link speaks as a whole.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations, product
from math import inf
from typing import Any

from stats.atoms import Atom, Atoms, grain_of, is_under, prefixes_of, scope_of
from stats.audit import Node
from stats.enums import ALL_BANDS, FINEST, DelayBand, Measure, Stratum
from stats.family import COUNTS_BODIES, tied_to
from stats.partition import Grain, K
from stats.periods import quarters_of
from stats.question import UNKNOWN_REGION, Question

# measure, release (None: all), regions, first day, period, band
type Where = tuple[str, int | None, frozenset[int], date, Grain, str]
# the last three
type Part = tuple[date, Grain, str]


def nodes_of(asked: Question) -> Iterator[Node]:
    stands = standing_by_atom(asked)
    regions_of: dict[str, set[int]] = defaultdict(set)
    for atom in stands:
        regions_of[atom.measure].add(atom.region)
    bodies_of = standing(asked, stands)
    for where, bodies in sorted(bodies_of.items(), key=repr):
        if len(bodies) < K:
            measure, release, regions, first, grain, band = where
            name = f"{measure} {said(release)} {sorted(regions)} {first} {grain.value} {band}"
            yield Node(name, atoms_in(asked, where), most_in(asked, measure, regions & regions_of[measure], [band]))
    for wheres in large_unions(bodies_of):
        measure, release, regions, *_said = wheres[0]
        name = f"{measure} {said(release)} {sorted(regions)} " + " + ".join(f"{one[3]} {one[5]}" for one in wheres)
        atoms = frozenset[Any]().union(*(atoms_in(asked, where) for where in wheres))
        most = most_in(asked, measure, regions & regions_of[measure], [band for *_where, band in wheres])
        # Among thousands of cases some pair could nearly always prove something of such a wide union: the nation would
        # have no quarters. The method says so.
        yield Node(name, atoms, most, with_pairs=False)


def said(release: int | None) -> str:
    """The same name in each audit of a night. 0: what is in no number."""
    return "all" if release is None else str(release)


def atoms_in(asked: Question, where: Where) -> Atoms:
    measure, release, regions, first, grain, band = where
    scope = scope_of(first, grain, band)
    if release is None:
        return asked.atoms_of(measure, scope, regions)
    return asked.atoms(measure, scope, release, regions)


def large_unions(standing: Mapping[Where, set[int]]) -> Iterator[list[Where]]:
    """The largest unions in which fewer than K bodies stand, unless fewer stand in all of it: what is certain of a
    smaller one is certain of it.
    """
    for where, bodies in sorted(standing.items(), key=repr):
        measure, release, regions, first, grain, band = where
        if len(bodies) >= K and grain is Grain.YEAR and band == ALL_BANDS:
            found: list[list[Where]] = []
            for parts in unions_in(measure, first.year):
                wheres = [(measure, release, regions, *part) for part in parts]
                there = frozenset[int]().union(*(standing.get(one, ()) for one in wheres))
                if 0 < len(there) < K and not any(set(wheres) < set(larger) for larger in found):
                    found.append(wheres)
            yield from found


def unions_in(measure: str, year: int) -> list[list[Part]]:
    """The largest first. What was closed within some time is held against what was taken within it, or nobody knows
    when; of the bodies of a region there are no more of some kinds than exist, so that others are of the rest; and two
    numbers of the nation's quarters leave to a region what is of one or the other.
    """
    *delays, unknown = DelayBand.values
    bands: list[Sequence[str]] = []
    if measure == Measure.CLOSING:
        bands = [delays[:number] for number in range(len(delays) - 1, 1, -1)]
    elif measure == Measure.HELP:
        bands = [[*delays[:number], unknown] for number in range(len(delays) - 1, 0, -1)]
    elif measure in (Measure.STRATA, Measure.STRATA_HIT):
        bands = [some for number in range(len(Stratum) - 1, 1, -1) for some in combinations(Stratum.values, number)]
    elif measure in (Measure.INCIDENTS, Measure.QUARTERS):
        quarters = [some for number in (3, 2) for some in combinations(quarters_of(year), number)]
        return [[(first, Grain.QUARTER, ALL_BANDS) for first in some] for some in quarters]
    return [[(date(year, 1, 1), Grain.YEAR, band) for band in some] for some in bands]


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

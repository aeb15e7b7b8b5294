"""What one number leaves of another that holds it: of the bodies that declared, those that were not hit; of incidents,
those without a leak. No table has it, and it is a subtraction away: it must tell as little as a cell of its own.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from stats.atoms import Atom, Atoms, scope_of
from stats.audit import Link, Node
from stats.enums import ALL_BANDS, FINEST, Measure
from stats.hidden import gatherings, most_in
from stats.partition import Grain, K
from stats.question import Question

# The table, what another one takes of it, and whether it does so within each band, or band by band of all.
TAKEN = (
    (Measure.BODIES, Measure.BODIES_HIT, False),
    (Measure.STRATA, Measure.STRATA_HIT, True),
    (Measure.INCIDENTS, Measure.LEAKS, False),
    (Measure.LEAKS, Measure.CATEGORIES, False),
)


@dataclass(frozen=True)
class Rest:
    """Of some regions. `units`: what is left of each body there. `link`: what is taken, and it, are the whole."""

    atom: Atom
    units: Mapping[int, int]
    link: Link
    node: Node


@dataclass(frozen=True)
class Sides:
    """In one region: the cells of the whole and of what is taken, and what is left of each body."""

    whole: Atoms
    taken: Atoms
    left: Counter[int]


def rests_of(asked: Question) -> Iterator[Rest]:
    """Those of one to K - 1 bodies: of each region, and of the sets of regions that tables tell apart."""
    gathered = gatherings(asked)
    for of, by, is_within in TAKEN:
        if {of, by} <= set(asked.tables):
            places = {*(frozenset([region]) for region in asked.regions), asked.regions, *gathered[of], *gathered[by]}
            for band in FINEST[by] if by in (Measure.STRATA_HIT, Measure.CATEGORIES) else [ALL_BANDS]:
                sides = sides_by_region(asked, (of, band if is_within else ALL_BANDS), (by, band))
                yield from rests_in(asked, (of, by, band), sides, places)


def sides_by_region(asked: Question, of: tuple[Measure, str], by: tuple[Measure, str]) -> dict[int, Sides]:
    found = {}
    for region in sorted(asked.regions):
        whole, taken = (
            asked.atoms_of(measure, scope_of(date(asked.year, 1, 1), Grain.YEAR, band), frozenset([region]))
            for measure, band in (of, by)
        )
        left: Counter[int] = Counter()
        for atom in whole:
            left.update(asked.held_in[atom])
        for atom in taken:
            left.subtract(asked.held_in[atom])
        found[region] = Sides(whole, taken, left)
    return found


def rests_in(
    asked: Question,
    name: tuple[Measure, Measure, str],
    sides: Mapping[int, Sides],
    places: Collection[frozenset[int]],
) -> Iterator[Rest]:
    """Not where a correction since leaves less than nothing of some body."""
    of, by, band = name
    for regions in sorted(places, key=sorted):
        left: Counter[int] = Counter()
        for region in regions:
            left.update(sides[region].left)
        units = {body: number for body, number in left.items() if number}
        if 0 < len(units) < K and min(units.values()) > 0:
            whole, taken = (
                frozenset[Atom]().union(*(getattr(sides[region], side) for region in regions))
                for side in ("whole", "taken")
            )
            there = frozenset(region for region in regions if any(sides[region].left.values()))
            atom = Atom(f"{of} − {by} {sorted(regions)}", 0, min(there), date(asked.year, 1, 1), band)
            # What those who collude learn of a difference is a limit that the method tells.
            node = Node(
                f"{atom.measure} {band}", frozenset([atom]), most_in(asked, of, there, [band]), with_pairs=False
            )
            yield Rest(atom, units, Link(taken | {atom}, whole), node)

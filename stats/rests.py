"""What one number leaves of another that holds it: of the bodies that declared, those that were not hit; of incidents,
those without a leak. No table has it, and it is a subtraction away. That few are left says of nearly all the others
that they were hit, and must not be told; that some are left at least says nothing of anybody.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
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
    """In one region: the cells of the whole and of what is taken, and what is left of each body; None: of many."""

    whole: Atoms
    taken: Atoms
    left: Counter[int] | None


def rests_of(asked: Question) -> Iterator[Rest]:
    """Those of one to K - 1 bodies: of each region, and of the sets of regions that tables tell apart."""
    gathered = gatherings(asked)
    for of, by, is_within in TAKEN:
        if {of, by} <= set(asked.tables):
            places = {*(frozenset([region]) for region in asked.regions), asked.regions, *gathered[of], *gathered[by]}
            for band in FINEST[by] if by in (Measure.STRATA_HIT, Measure.CATEGORIES) else [ALL_BANDS]:
                named = (of, band if is_within else ALL_BANDS), (by, band)
                sides = {region: sides_in(asked, region, *named) for region in sorted(asked.regions)}
                yield from rests_in(asked, (of, by, band), sides, places)


def sides_in(asked: Question, region: int, of: tuple[Measure, str], by: tuple[Measure, str]) -> Sides:
    """Of many: whoever was moved to another region since, they are more than K."""
    whole, taken = (
        asked.atoms_of(measure, scope_of(date(asked.year, 1, 1), Grain.YEAR, band), frozenset([region]))
        for measure, band in (of, by)
    )
    there, gone = ([one for atom in atoms for one in asked.held_in.get(atom, ())] for atoms in (whole, taken))
    if len(set().union(*there)) - sum(sum(one.values()) for one in gone) >= 2 * K:
        return Sides(whole, taken, None)
    left: Counter[int] = Counter()
    for one in there:
        left.update(one)
    for one in gone:
        left.subtract(one)
    return Sides(whole, taken, left)


def rests_in(
    asked: Question,
    name: tuple[Measure, Measure, str],
    sides: Mapping[int, Sides],
    places: Collection[frozenset[int]],
) -> Iterator[Rest]:
    """Not where a correction since leaves less than nothing of some body."""
    for regions in sorted(places, key=sorted):
        units = left_in(sides[region].left for region in regions)
        if 0 < len(units) < K and min(units.values()) > 0:
            yield rest_in(asked, name, {region: sides[region] for region in regions}, units)


def left_in(parts: Iterable[Counter[int] | None]) -> dict[int, int]:
    """Empty where many are left."""
    left: Counter[int] = Counter()
    for one in parts:
        if one is None:
            return {}
        left.update(one)
    return {body: number for body, number in left.items() if number}


def rest_in(
    asked: Question, name: tuple[Measure, Measure, str], sides: Mapping[int, Sides], units: Mapping[int, int]
) -> Rest:
    of, by, band = name
    there = frozenset(region for region, one in sides.items() if one.left and any(one.left.values()))
    whole = frozenset[Atom]().union(*(one.whole for one in sides.values()))
    taken = frozenset[Atom]().union(*(one.taken for one in sides.values()))
    atom = Atom(f"{of} − {by} {sorted(sides)}", 0, min(there), date(asked.year, 1, 1), band)
    most = most_in(asked, of, there, [band])
    node = Node(f"{atom.measure} {band}", frozenset([atom]), most, with_least=False)
    return Rest(atom, units, Link(taken | {atom}, whole), node)

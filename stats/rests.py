"""What one number leaves of another that holds it: of the bodies that declared, those that were not hit; of incidents,
those without a leak. No table has it, and it is a subtraction away. That few are left says of nearly all the others
that they were hit, and must not be told; that some are left at least says nothing of anybody.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product

from stats.atoms import Atom, Atoms, firsts_of, scope_of
from stats.audit import Link, Node
from stats.enums import ALL_BANDS, FINEST, Measure
from stats.hidden import gatherings, most_in
from stats.partition import Grain, K
from stats.question import Question


@dataclass(frozen=True)
class Taken:
    """The table, and those that take of it over such periods: in all, or band by band, of the same band or of all."""

    of: Measure
    by: tuple[Measure, ...]
    grain: Grain = Grain.YEAR
    has_bands: bool = False
    is_within: bool = False


TAKEN = (
    Taken(Measure.BODIES, (Measure.BODIES_HIT,)),
    Taken(Measure.STRATA, (Measure.STRATA_HIT,), has_bands=True, is_within=True),
    Taken(Measure.INCIDENTS, (Measure.LEAKS,)),
    Taken(Measure.INCIDENTS, (Measure.LEAKS,), Grain.QUARTER),
    Taken(Measure.INCIDENTS, (Measure.LEAKS, Measure.UNFOUNDED)),
    Taken(Measure.LEAKS, (Measure.CATEGORIES,), has_bands=True),
)


@dataclass(frozen=True)
class Rest:
    """Of some regions and one period. `units`: what is left of each body there. `link`: what is taken, and it, are the
    whole.
    """

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
    for one in TAKEN:
        if {one.of, *one.by} <= set(asked.tables):
            apart = frozenset[frozenset[int]]().union(*(gathered[table] for table in (one.of, *one.by)))
            places = {*(frozenset([region]) for region in asked.regions), asked.regions, *apart}
            bands = FINEST[one.by[0]] if one.has_bands else [ALL_BANDS]
            for first, band in product(firsts_of(asked.year, one.grain), bands):
                sides = {region: sides_in(asked, one, region, first, band) for region in sorted(asked.regions)}
                yield from rests_in(asked, one, first, band, sides, places)


def sides_in(asked: Question, one: Taken, region: int, first: date, band: str) -> Sides:
    """Of many: whoever was moved to another region since, they are more than K."""
    there = frozenset([region])
    whole = asked.atoms_of(one.of, scope_of(first, one.grain, band if one.is_within else ALL_BANDS), there)
    taken = frozenset().union(*(asked.atoms_of(by, scope_of(first, one.grain, band), there) for by in one.by))
    held, gone = ([part for atom in atoms for part in asked.held_in.get(atom, ())] for atoms in (whole, taken))
    if len(set().union(*held)) - sum(sum(part.values()) for part in gone) >= 2 * K:
        return Sides(whole, taken, None)
    left: Counter[int] = Counter()
    for part in held:
        left.update(part)
    for part in gone:
        left.subtract(part)
    return Sides(whole, taken, left)


def rests_in(
    asked: Question,
    one: Taken,
    first: date,
    band: str,
    sides: Mapping[int, Sides],
    places: Collection[frozenset[int]],
) -> Iterator[Rest]:
    for regions in sorted(places, key=sorted):
        units = told_of(left_in(sides[region].left for region in regions))
        if 0 < len(units) < K:
            yield rest_in(asked, one, first, band, {region: sides[region] for region in regions}, units)


def left_in(parts: Iterable[Counter[int] | None]) -> dict[int, int]:
    """Empty where many are left."""
    left: Counter[int] = Counter()
    for one in parts:
        if one is None:
            return {}
        left.update(one)
    return {body: number for body, number in left.items() if number}


def told_of(left: Mapping[int, int]) -> dict[int, int]:
    """Where a correction since leaves less than nothing of some body, readers find so much less of the others."""
    missing = -sum(number for number in left.values() if number < 0)
    units = {}
    for body, number in sorted(left.items()):
        if number > 0:
            units[body] = number - min(number, missing)
            missing -= min(number, missing)
    return {} if missing else {body: number for body, number in units.items() if number}


def rest_in(
    asked: Question, one: Taken, first: date, band: str, sides: Mapping[int, Sides], units: Mapping[int, int]
) -> Rest:
    there = frozenset(region for region, side in sides.items() if side.left and any(side.left.values()))
    whole = frozenset[Atom]().union(*(side.whole for side in sides.values()))
    taken = frozenset[Atom]().union(*(side.taken for side in sides.values()))
    name = f"{one.of} − {' − '.join(one.by)} {sorted(sides)} {first} {one.grain.value}"
    atom = Atom(name, 0, min(there), first, band)
    most = most_in(asked, one.of, there, [band])
    node = Node(f"{name} {band}", frozenset([atom]), most, with_least=False)
    return Rest(atom, units, Link(taken | {atom}, whole), node)

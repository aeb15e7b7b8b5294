"""What one number leaves of another that holds it: of the bodies that declared, those that were not hit; of incidents,
those without a leak. No table has it, and it is a subtraction away: it must tell as little as a cell of its own.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from stats.atoms import Atom, scope_of
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

type Units = Mapping[int, int]


@dataclass(frozen=True)
class Rest:
    """In one region. `units`: what is left of each body there. `link`: what is taken, and it, are the whole."""

    atom: Atom
    units: Units
    link: Link


@dataclass(frozen=True)
class Rests:
    """What is to be hidden, and the cells of that, with what everybody knows of them."""

    nodes: list[Node]
    cells: list[Rest]


def rests_of(asked: Question) -> Rests:
    nodes, cells = [], dict[Atom, Rest]()
    for of, by, is_within in TAKEN:
        if {of, by} <= set(asked.tables):
            for band in FINEST[by] if by in (Measure.STRATA_HIT, Measure.CATEGORIES) else [ALL_BANDS]:
                left = left_by_region(asked, of, by, band if is_within else ALL_BANDS, band)
                for node in nodes_of(asked, of, by, left):
                    nodes.append(node)
                    cells |= {atom: left[atom.region] for atom in node.atoms if isinstance(atom, Atom)}
    return Rests(nodes, list(cells.values()))


def left_by_region(asked: Question, of: Measure, by: Measure, of_band: str, by_band: str) -> dict[int, Rest]:
    """Not where a correction since leaves less than nothing of some body."""
    first = date(asked.year, 1, 1)
    found = {}
    for region in sorted(asked.regions):
        whole, taken = (
            asked.atoms_of(measure, scope_of(first, Grain.YEAR, band), frozenset([region]))
            for measure, band in ((of, of_band), (by, by_band))
        )
        units: Counter[int] = Counter()
        for atom in whole:
            units.update(asked.held_in[atom])
        for atom in taken:
            units.subtract(asked.held_in[atom])
        if whole and min(units.values(), default=0) >= 0:
            atom = Atom(f"{of} − {by}", 0, region, first, by_band)
            left = {body: number for body, number in units.items() if number}
            found[region] = Rest(atom, left, Link(taken | {atom}, whole))
    return found


def nodes_of(asked: Question, of: Measure, by: Measure, left: Mapping[int, Rest]) -> Iterator[Node]:
    """Of each region, and of the sets of regions that tables tell apart."""
    gathered = gatherings(asked)
    wide = {asked.regions, *gathered.get(of, ()), *gathered.get(by, ())}
    for regions in [*(frozenset([region]) for region in left), *sorted(wide, key=sorted)]:
        there = frozenset().union(*(left[one].units for one in regions if one in left))
        if regions <= left.keys() and 0 < len(there) < K:
            atoms = frozenset(left[one].atom for one in regions)
            some = next(iter(atoms))
            most = most_in(asked, of, frozenset(one for one in regions if left[one].units), [some.band])
            # What those who collude learn of a difference is a limit that the method tells.
            yield Node(f"{some.measure} {sorted(regions)} {some.band}", atoms, most, with_pairs=False)

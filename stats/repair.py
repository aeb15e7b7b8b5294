"""Where an audit finds something, which cells are put with others before a whole shape or a table is given up.

It judges nothing: whatever it chooses, the family that comes of it is audited whole again (`stats/cutting.py`).
"""

from collections.abc import Iterable

from stats.atoms import Atoms, is_under
from stats.partition import Cell, Scope


def cells_to_merge(cells: Iterable[Cell], told: Iterable[Atoms]) -> frozenset[Scope]:
    """For each finding the smallest cell of the regions that it names, else of its band elsewhere, else of any.

    What it is put with then holds five bodies more, so that the little that was told of is hidden among them. What is
    told of several bands is so because no more can be in the others: then it is a cell of one of those.
    """
    cells = [cell for cell in cells if not is_whole(cell.scope)]
    return frozenset(min(cells, key=lambda cell: rank(cell, atoms)).scope for atoms in told if cells)


def is_whole(scope: Scope) -> bool:
    """All that is left of a nation's year: there is nothing to put it with."""
    return not scope.region and not scope.band and scope.starts_on.month == 1 and scope.ends_on.month == 12


def rank(cell: Cell, atoms: Atoms) -> tuple[bool, int, int, str]:
    scope = cell.scope
    is_then = any(scope.starts_on <= atom.first <= scope.ends_on for atom in atoms)
    is_there = any(scope.region == atom.region for atom in atoms)
    has_band = any(is_under(atom.band, scope.band) for atom in atoms)
    is_other = has_band != (len({atom.band for atom in atoms}) > 1)
    # The regions of a band are put together before bands are.
    near = 2 * is_there + is_other if scope.region else has_band - 2
    return not is_then, -near, cell.value, repr(scope)

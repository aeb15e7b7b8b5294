"""How finely the tables of one year may be shown: as finely as no audit finds anything (`stats/proof.py`).

Where one does, a few cells are put with others (`stats/repair.py`) and all is audited again; after some rounds the
table is tried in its next shape, which is coarser, and in the end it is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from time import monotonic

from stats.audit import Cap, Node, audit
from stats.enums import Measure
from stats.family import BY_MEASURE
from stats.partition import Cell, K, Shape, Unit, partition
from stats.proof import Atom, Atoms, Draft, Shown, families_with, forget_cells, ties_of
from stats.repair import cells_to_merge

# Times that cells of one shape are put with others: what needs more has little left to show. An audit of all pairs
# takes long.
ROUNDS, ROUNDS_WITH_COALITIONS = 12, 4


def cut(draft: Draft, deadline: float) -> None:
    """Add the blocks of that year to `draft`. `deadline`: as `time.monotonic` counts.

    Raises `audit.AuditTimeout` and `audit.AuditError`.
    """
    try:
        for measure in draft.units:
            accept(draft, measure, BY_MEASURE[measure].shapes, deadline, with_coalitions=False)
        # Colluding bodies are looked for once, in the end. Where they find something, table by table.
        for tables in sorted(ties_of(draft), key=sorted):
            if what_tells(draft, min(tables), deadline, with_coalitions=True):
                accept_again(draft, tables, deadline)
    finally:
        forget_cells()


def accept_again(draft: Draft, tables: Iterable[Measure], deadline: float) -> None:
    """With colluding bodies, and no finer than each of them was found to pass without."""
    shapes = {measure: shape for measure, shape in draft.shapes.items() if measure in tables and shape}
    for measure in shapes:
        show(draft, measure, None)
    for measure, shape in shapes.items():
        coarser = BY_MEASURE[measure].shapes[number_of(measure, shape) + 1 :]
        accept(draft, measure, [shape, *coarser], deadline, with_coalitions=True)


def accept(draft: Draft, measure: Measure, shapes: Iterable[Shape], deadline: float, *, with_coalitions: bool) -> None:
    """Add the table as finely as the whole family passes; else only what was published before."""
    for declared in shapes:
        shape = declared
        for _round in range(ROUNDS_WITH_COALITIONS if with_coalitions else ROUNDS):
            show(draft, measure, shape)
            told = what_tells(draft, measure, deadline, with_coalitions=with_coalitions)
            if not told:
                return
            merged = cells_to_merge(draft.cells(measure), told)
            if not merged:
                break
            shape = replace(shape, refused=shape.refused | merged)
    show(draft, measure, None)


def show(draft: Draft, measure: Measure, shape: Shape | None) -> None:
    """What is to be cut of that table in that shape, instead of however it was shown; None: not at all."""
    units = draft.units[measure]
    cells = partition(units, draft.until, shape) if shape else []
    draft.shapes[measure] = shape
    draft.fresh = [(one, cell) for one, cell in draft.fresh if one != measure]
    draft.fresh += [(measure, cell) for cell in cells]
    draft.shown = [one for one in draft.shown if (one.measure, one.release) != (measure, draft.number)]
    draft.shown += [Shown(measure, draft.number, cell.scope, cell.units) for cell in cells]
    draft.unshown = draft.unshown | {measure: left_out(units, cells)}


def left_out(units: list[Unit], cells: list[Cell]) -> list[Unit]:
    held = {(unit.key, unit.place) for cell in cells for unit in cell.units}
    return [unit for unit in units if (unit.key, unit.place) not in held]


def what_tells(draft: Draft, measure: Measure, deadline: float, *, with_coalitions: bool) -> list[Atoms]:
    """The cells of each finding in the tables that `measure` is tied to; colluding bodies are looked for once nothing
    is found without.
    """
    for family in families_with(draft, measure):
        found = audit(family, k=K, deadline=deadline - monotonic(), coalitions=())
        if not found and with_coalitions:
            found = audit(family, k=K, deadline=deadline - monotonic())
        if found:
            judged: list[Node | Cap] = [*family.nodes, *family.caps]
            atoms = {one.name: one.atoms for one in judged}
            return [frozenset(atom for atom in atoms[one.name] if isinstance(atom, Atom)) for one in found]
    return []


def coarsened(draft: Draft) -> Iterator[tuple[Measure, int | None]]:
    """The tables that are not as fine as they are declared, and the numbers of their shapes: 0, but for a few cells;
    None, left out.
    """
    for measure, shape in draft.shapes.items():
        if shape is None:
            yield measure, None
        elif shape not in BY_MEASURE[measure].shapes[:1]:
            yield measure, number_of(measure, shape)


def number_of(measure: Measure, shape: Shape) -> int:
    """Which of the declared shapes it is, but for the cells that it refuses."""
    return BY_MEASURE[measure].shapes.index(replace(shape, refused=frozenset()))

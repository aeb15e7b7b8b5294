"""How finely the tables of one year may be shown: as finely as no audit finds anything (`stats/proof.py`).

Where one does, a few cells are put with others (`stats/repair.py`) and all is audited again; after some rounds the
table is tried in its next shape, which is coarser, and in the end it is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from math import inf
from time import monotonic

from stats.atoms import Atom, Atoms, forget_cells
from stats.audit import Finding, Reason, audit
from stats.enums import Measure
from stats.family import BY_MEASURE, tied_to, tried_before
from stats.partition import Cell, K, Shape, Unit, partition
from stats.proof import Draft, families_with
from stats.question import Shown
from stats.repair import cells_to_merge

# Times that cells of one shape are put with others: what needs more has little left to show.
ROUNDS = 10

# What is told of whom, and whether only to bodies that collude: to tell it to everybody is to tell more.
type About = tuple[str, Reason, bool]
# What old numbers tell: about whom → the interval in which their total lies.
type Already = Mapping[About, tuple[int, float]]


def cut(draft: Draft, deadline: float) -> None:
    """Add the blocks of that year to `draft`. `deadline`: as `time.monotonic` counts.

    Raises `audit.AuditTimeout` and `audit.AuditError`.
    """
    try:
        already = told_already(draft, deadline)
        for measure in draft.units:
            accept(draft, measure, already, deadline)
    finally:
        forget_cells()


def told_already(draft: Draft, deadline: float) -> Already:
    """What earlier numbers tell of late cases (of fourteen bodies that declared ten were hit: four others at most will
    ever be), of what has become of a case, or of two bodies that were merged: no new number can undo that.
    """
    if not draft.shown or not any(draft.units.values()):
        return {}
    there = {one.measure for one in draft.shown}
    ties = {frozenset(tied_to(measure, there)) for measure in there}
    last = {max(tables, key=lambda one: len(tried_before(one))) for tables in ties}
    families = [family for measure in sorted(last) for family in families_with(draft, measure)]
    told: dict[About, tuple[int, float]] = {}
    for one in chain.from_iterable(audit(family, k=K, deadline=deadline - monotonic()) for family in families):
        if one.reason is Reason.CERTAIN and not one.lo and not one.coalition:
            continue  # some union that counts as found since its search took too long: of which, nothing tells
        # Of what two readings tell, the less excuses.
        lo, hi = told.get(about(one), (one.lo, one.hi))
        told[about(one)] = min(lo, one.lo), max(hi, one.hi)
    return told


def about(one: Finding) -> About:
    return one.name, one.reason, bool(one.coalition)


def is_new(one: Finding, already: Already) -> bool:
    """Unless as much was told before, or more."""
    lo, hi = already.get(about(one), (0, inf))
    return one.lo > lo or one.hi < hi or about(one) not in already


def accept(draft: Draft, measure: Measure, already: Already, deadline: float) -> None:
    """Add the table as finely as the whole family passes; else only what was published before."""
    for declared in BY_MEASURE[measure].shapes:
        shape = declared
        for _round in range(ROUNDS):
            show(draft, measure, shape)
            found = what_tells(draft, measure, already, deadline) if draft.cells(measure) else []
            if not found:
                return
            merged = cells_to_merge(draft.cells(measure), found)
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


def what_tells(draft: Draft, measure: Measure, already: Already, deadline: float) -> list[Atoms]:
    """The cells of each finding in the tables that `measure` is tied to, but for those that are `already` told.

    Colluding bodies are looked for once nothing is found without; and of what is found, what is certain goes first: a
    narrow finding is often gone with what is certain beside it.
    """
    for family in families_with(draft, measure):
        for coalitions in ((), None):
            found = audit(family, k=K, deadline=deadline - monotonic(), coalitions=coalitions)
            if new := [one for one in found if is_new(one, already)]:
                worst = {one.name for one in new if one.reason is not Reason.NARROW} or {one.name for one in new}
                return [atoms_of(one) for one in new if one.name in worst]
    return []


def atoms_of(found: Finding) -> Atoms:
    return frozenset(atom for atom in found.atoms if isinstance(atom, Atom))


def coarsened(draft: Draft) -> Iterator[tuple[Measure, int | None]]:
    """The tables that are not as fine as they are declared, and the numbers of their shapes: 0, but for a few cells;
    None, left out.
    """
    for measure, shape in draft.shapes.items():
        if shape is None:
            yield measure, None
        elif shape != BY_MEASURE[measure].shapes[0]:
            yield measure, BY_MEASURE[measure].shapes.index(replace(shape, refused=frozenset()))

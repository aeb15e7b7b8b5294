"""The worlds that agree with linear rows, by HiGHS. See stats.audit for what they are good for."""

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import highspy
import numpy as np
from numpy.typing import NDArray

type Atom = Hashable
type Atoms = frozenset[Atom]
type Units = NDArray[np.int64]
type Chosen = NDArray[np.bool_]

TOLERANCE = 1e-5  # ten times what the solver allows itself


class AuditError(Exception):
    """No verdict: the input contradicts itself, or the solver failed. Publish nothing."""


class AuditTimeout(AuditError):
    """No verdict within the time given. Publish nothing."""


@dataclass(frozen=True)
class Row:
    """lower ≤ Σ sign · atom ≤ upper"""

    signs: Mapping[Atom, int]
    lower: float
    upper: float
    says: str


class Classes:
    """The variables: each is all the atoms that stand in the same rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        stands: dict[Atom, list[tuple[int, int]]] = defaultdict(list)
        for number, row in enumerate(rows):
            for atom, sign in row.signs.items():
                stands[atom].append((number, sign))
        # Sorted by rows: the order in which a set gives its atoms changes nothing.
        self.rows_of = sorted({tuple(where) for where in stands.values()})
        column = {where: n for n, where in enumerate(self.rows_of)}
        self.of = {atom: column[tuple(where)] for atom, where in stands.items()}
        self.size = np.bincount(np.fromiter(self.of.values(), int, len(self.of)), minlength=len(self))

    def __len__(self) -> int:
        return len(self.rows_of)

    def touched(self, atoms: Atoms) -> list[int]:
        return sorted({self.of[atom] for atom in atoms if atom in self.of})

    def whole(self, atoms: Atoms) -> list[int]:
        inside = np.bincount([self.of[atom] for atom in atoms if atom in self.of] or [], minlength=len(self))
        return np.flatnonzero((inside == self.size) & (self.size > 0)).tolist()

    def near(self, columns: Iterable[int]) -> set[int]:
        """The classes that some chain of rows ties to these."""
        members: dict[int, set[int]] = defaultdict(set)
        for column, where in enumerate(self.rows_of):
            for row, _ in where:
                members[row].add(column)
        found, ahead = set(), set(columns)
        while ahead:
            found |= ahead
            rows = {row for column in ahead for row, _ in self.rows_of[column]}
            ahead = set().union(*(members.pop(row, ()) for row in rows)) - found
        return found


class Groups:
    """Sets of classes side by side: the totals of all of them in one world."""

    def __init__(self, groups: Sequence[Sequence[int]], width: int) -> None:
        self.width, self.count = width, len(groups)
        self.owner = np.repeat(np.arange(self.count), [len(group) for group in groups])
        self.columns = np.array([column for group in groups for column in group], np.int64)
        self.is_empty = np.array([not group for group in groups], bool)

    def totals(self, world: Units) -> Units:
        totals = np.bincount(self.owner, world[self.columns], minlength=self.count)
        return totals.astype(np.int64)

    def weights(self, chosen: Chosen) -> NDArray[np.float64]:
        return np.bincount(self.columns, chosen[self.owner], minlength=self.width).astype(np.float64)


class Worlds:
    """The solver: one model, of which only the costs and the lower bounds change."""

    def __init__(self, classes: Classes, rows: Sequence[Row], room: int, ends_at: float) -> None:
        self.ends_at, self.room, self.width = ends_at, room, len(classes)
        self.columns = np.arange(self.width, dtype=np.int32)
        self.own = np.zeros(self.width, np.int64)
        # What one more unit known would have cost in the last fractions: where it is not 0, the solver had to heed it.
        self.prices = np.zeros(self.width)
        self.lower, self.upper = (np.array([getattr(row, side) for row in rows], float) for side in ("lower", "upper"))
        entries = [(row, sign) for where in classes.rows_of for row, sign in where]
        self.row, self.sign = (np.array([entry[n] for entry in entries], np.int32) for n in (0, 1))
        lengths = [len(where) for where in classes.rows_of]
        self.column = np.repeat(self.columns, lengths)
        self.highs = silent_solver()
        self.highs.passModel(self.model(np.cumsum([0, *lengths])))

    def model(self, starts: NDArray[np.int64]) -> highspy.HighsLp:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.width, len(self.lower)
        lp.col_cost_ = np.zeros(self.width)
        lp.col_lower_, lp.col_upper_ = np.zeros(self.width), np.full(self.width, float(self.room))
        lp.row_lower_, lp.row_upper_ = self.lower, self.upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, self.row, self.sign.astype(float)
        return lp

    def collude(self, own: Units) -> None:
        """From now on these units are known, and worlds tell what the others have."""
        self.own = own
        self.highs.changeColsBounds(self.width, self.columns, own.astype(float), np.full(self.width, float(self.room)))

    def lowest(self, costs: NDArray[np.float64]) -> Units:
        """A world of the least cost, checked in whole numbers."""
        self.highs.changeColsCost(self.width, self.columns, costs)
        world = self.solve()
        if world is None:
            world = self.solve_in_whole_numbers()
        if world is None:
            raise AuditError("The solver's whole numbers do not agree with what is published.")
        return world - self.own

    def solve_in_whole_numbers(self) -> Units | None:
        kinds = np.full(self.width, int(highspy.HighsVarType.kInteger), np.uint8)
        self.highs.changeColsIntegrality(self.width, self.columns, kinds)
        try:
            return self.solve()
        finally:
            self.highs.changeColsIntegrality(self.width, self.columns, np.zeros_like(kinds))

    def solve(self) -> Units | None:
        """The optimum; None if it is not in whole numbers."""
        left = self.ends_at - monotonic()
        if left <= 0:
            raise AuditTimeout("The time given is over.")
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + left)  # its clock adds up the runs
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kTimeLimit:
            raise AuditTimeout("The time given is over.")
        if status != highspy.HighsModelStatus.kOptimal:
            raise AuditError(f"The solver says: {self.highs.modelStatusToString(status)}.")
        solution = self.highs.getSolution()
        found = np.array(solution.col_value)
        if solution.dual_valid:
            self.prices = np.maximum(np.array(solution.col_dual), 0)
        world = np.rint(found).astype(np.int64)
        return world if np.abs(found - world).max() < TOLERANCE and self.agrees(world) else None

    def agrees(self, world: Units) -> bool:
        totals = np.bincount(self.row, self.sign * world[self.column], minlength=len(self.lower))
        return bool((world >= self.own).all() and (totals >= self.lower).all() and (totals <= self.upper).all())


@contextmanager
def without_banner() -> Iterator[None]:
    """HiGHS says its version on the standard output as soon as it is there, whatever its options."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def silent_solver() -> highspy.Highs:
    with without_banner():
        highs = highspy.Highs()  # type: ignore[no-untyped-call]  # its own constructor has no types
    highs.silent()
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("solver", "simplex")
    # The gap suffices: costs are whole, so less than one from the bound is the optimum.
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", 0.99)
    return highs


def unmet(
    worlds: Worlds,
    groups: Groups,
    asked: Chosen,
    is_enough: Callable[[Units], Chosen],
    sign: int = 1,
) -> dict[int, int]:
    """The groups asked whose lowest total (sign 1) or highest (-1) is not enough in any world, with that total.

    One world can do for many groups: they are asked together as long as that settles some, then one by one.
    """
    found: dict[int, int] = {}
    together, left = True, asked
    while left.any():
        first = np.arange(groups.count) == left.argmax()
        totals = groups.totals(worlds.lowest(sign * groups.weights(left if together else first)))
        after = left & ~is_enough(totals)
        if not together:
            found |= {int(n): int(totals[n]) for n in np.flatnonzero(after & first)}
            after &= ~first
        together &= bool((after != left).any())
        left = after
    return found

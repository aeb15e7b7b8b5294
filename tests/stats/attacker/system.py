"""Every content of the cells that agrees with what is known: the smallest and the greatest total that any cells have.

The numbers are whole and never negative. Linear programming answers first; where it answers in fractions, whole
numbers are asked for.
"""

from collections.abc import Iterable
from typing import NamedTuple

import highspy
import numpy as np

UNBOUNDED = float("inf")
# Nobody believes that a cell holds more; a total that reaches it is not bounded by what is known.
ROOM = 100_000


class ContradictionError(Exception):
    """No content agrees with all that is believed."""


class Fact[Of](NamedTuple):
    """at_least ≤ Σ sign · cell ≤ at_most"""

    signs: dict[Of, int]
    at_least: float
    at_most: float


class System:
    def __init__(self, width: int, facts: Iterable[Fact[int]]) -> None:
        self.width = width
        self.columns = np.arange(width, dtype=np.int32)
        self.solver = highspy.Highs()
        self.solver.silent()
        self.solver.setOptionValue("threads", 1)
        self.solver.addVars(width, np.zeros(width), np.full(width, float(ROOM)))
        for fact in facts:
            columns = np.array(list(fact.signs), np.int32)
            signs = np.array(list(fact.signs.values()), np.float64)
            self.solver.addRow(fact.at_least, fact.at_most, len(columns), columns, signs)

    def know(self, own: dict[int, int]) -> None:
        """From now on these cells hold that much at least."""
        lower = np.zeros(self.width)
        for column, number in own.items():
            lower[column] = number
        self.solver.changeColsBounds(self.width, self.columns, lower, np.full(self.width, float(ROOM)))

    def world(self, weights: np.ndarray) -> np.ndarray:
        """A content whose weighted total is the smallest."""
        self.solver.changeColsCost(self.width, self.columns, weights.astype(np.float64))
        found = self.solved()
        if np.abs(found - np.rint(found)).max(initial=0) > 1e-6:
            self.wholly(highspy.HighsVarType.kInteger)
            try:
                found = self.solved()
            finally:
                self.wholly(highspy.HighsVarType.kContinuous)
        return np.rint(found)

    def wholly(self, kind: highspy.HighsVarType) -> None:
        self.solver.changeColsIntegrality(self.width, self.columns, np.full(self.width, int(kind), np.uint8))

    def solved(self) -> np.ndarray:
        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise ContradictionError
        return np.array(self.solver.getSolution().col_value)

    def least(self, cells: Iterable[int]) -> float:
        weights = self.weights(cells)
        return float(weights @ self.world(weights))

    def most(self, cells: Iterable[int]) -> float:
        weights = self.weights(cells)
        total = float(weights @ self.world(-weights))
        return UNBOUNDED if total >= ROOM / 2 else total

    def weights(self, cells: Iterable[int]) -> np.ndarray:
        weights = np.zeros(self.width)
        weights[list(cells)] = 1
        return weights

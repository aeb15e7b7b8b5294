"""The search for assignments of numbers that agree with what is known, by linear and integer programming."""

from collections.abc import Iterable, Sequence

import highspy
import numpy as np

from tests.proofs.knowledge import Row, Unknown

EPSILON = 1e-6


class Contradiction(Exception):
    """No assignment agrees with what the reader believes."""


class Program:
    """The linear program of an attack. `solves` counts the programs solved, and `whole_solves` those solved in whole
    numbers.
    """

    def __init__(self, unknowns: Sequence[Unknown], rows: Sequence[Row]) -> None:
        self.columns = {unknown: number for number, unknown in enumerate(unknowns)}
        self.width = len(unknowns)
        self.indices = np.arange(self.width, dtype=np.int32)
        self.solves = self.whole_solves = 0
        self.solver = highspy.Highs()
        self.solver.silent()
        # All programs of a process must request the same number of threads, as the audit does.
        self.solver.setOptionValue("threads", 1)
        self.solver.addVars(self.width, np.zeros(self.width), np.full(self.width, 1e9))
        for row in rows:
            self.add_row(row)

    def add_row(self, row: Row) -> None:
        columns = np.array([self.columns[unknown] for unknown in row.signs], np.int32)
        signs = np.array(list(row.signs.values()), np.float64)
        self.solver.addRow(row.least, row.most, len(columns), columns, signs)

    def matrix(self, rows: Iterable[Row]) -> np.ndarray:
        """Return the signs of the rows as a matrix."""
        chosen = list(rows)
        matrix = np.zeros((len(chosen), self.width), np.int64)
        for number, row in enumerate(chosen):
            for unknown, sign in row.signs.items():
                matrix[number, self.columns[unknown]] = sign
        return matrix

    def set_bounds(self, least: np.ndarray, most: np.ndarray) -> None:
        self.solver.changeColsBounds(self.width, self.indices, least.astype(float), most.astype(float))

    def find_assignment(self, weights: np.ndarray) -> np.ndarray:
        """Return the assignment, in whole numbers, whose weighted total is smallest. Raise Contradiction if there
        is no assignment.
        """
        self.solver.changeColsCost(self.width, self.indices, weights.astype(np.float64))
        self.solves += 1
        solution = self.solve()
        if np.abs(solution - np.rint(solution)).max(initial=0) > EPSILON:
            solution = self.solve_in_whole_numbers()
        return np.rint(solution).astype(np.int64)

    def solve_in_whole_numbers(self) -> np.ndarray:
        self.whole_solves += 1
        self.set_type(highspy.HighsVarType.kInteger)
        try:
            return self.solve()
        finally:
            self.set_type(highspy.HighsVarType.kContinuous)

    def set_type(self, kind: highspy.HighsVarType) -> None:
        self.solver.changeColsIntegrality(self.width, self.indices, np.full(self.width, int(kind), np.uint8))

    def solve(self) -> np.ndarray:
        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise Contradiction
        return np.array(self.solver.getSolution().col_value)

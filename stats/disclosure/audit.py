"""The audit: a search, by linear programming, for what printed figures prove about few bodies.

A release is printed only if this audit finds nothing. The audit reads nothing but the figures. The fact that it passed
therefore reveals nothing more, and anybody may repeat it with the program `verify.py` of each published package.

A *feasible assignment* is one choice of true numbers that agrees with all printed figures. The *remainder* of a total
consists of the units that are in none of its parts: incidents without a leak, leaks without a category, incidents
beyond the number of bodies, units whose category has no figure. The audit checks three things of all figures together:

1. one feasible assignment has zero in every dash. No dash, sum of dashes or remainder is then proved not empty,
   whatever a reader believes about the number of units behind a dash;
2. each dash may also hide `THRESHOLD - 1` units, even for a reader who believes that no dash hides more;
3. no remainder is proved to be between 1 and `2 * (THRESHOLD - 1)`.

A yearly release is audited alone, for a reader who knows that cases were corrected since the quarters were printed. It
is also audited with the quarterly releases of its year, for a reader who believes that no case was corrected, apart
from the corrections that the figures themselves show.
"""

import importlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from stats.disclosure.figures import THRESHOLD, UNBOUNDED, CellAddress, Figures, Printed, Remainder

MAX_SENSITIVE_REMAINDER = 2 * (THRESHOLD - 1)  # no remainder from 1 to this number may be proved
EPSILON = 1e-6


def find_failing_tables(printed: Printed, earlier: Sequence[Printed] = ()) -> set[str]:
    """Return the codes of the tables of `printed` in which the figures prove too much. Return an empty set if the
    audit passes.

    For a crossing, the code is followed by the région of the failing row: « code/53 ». `printed` has the keys
    « period » and « tables ». `earlier` are the quarterly releases of the same year. Every table with cells fails if
    the release has no feasible assignment.
    """
    failing = audit_releases([printed], printed)
    if failing is None:
        return {table["code"] for table in printed["tables"] if table["cells"]}
    return failing or (audit_releases([*earlier, printed], printed) or set() if earlier else set())


def audit_releases(releases: Sequence[Printed], printed: Printed) -> set[str] | None:
    """Return the codes of the tables of `printed` that fail. Return None if one release has no feasible assignment.

    If only several releases together have no feasible assignment, cases changed between them. The audit then assumes
    only the smallest changes that explain the figures.
    """
    figures = Figures(releases)
    if not figures.bounds:
        return set()
    program = FeasibilityProgram(figures)
    hidden = dict.fromkeys([*figures.dashes, *figures.unlisted], 1.0)
    least = program.find_assignment(hidden)
    if least is None and len(releases) > 1:
        program.allow_least_change()
        least = program.require_assignment(hidden)
    if least is None:
        return None
    failing = {cell for cell in hidden if least[cell] > EPSILON}
    if not failing:
        program.limit_dashes()
        failing = {*find_cells_proved_low(program, figures)} or {*find_remainders_proved_small(program, figures)}
    return {figures.find_table_to_close(cell, printed) for cell in failing}


def find_cells_proved_low(program: "FeasibilityProgram", figures: "Figures") -> Iterator[CellAddress]:
    """Yield the dashes that are proved to hide fewer than `THRESHOLD - 1` units.

    One call of the solver can settle several dashes.
    """
    unsettled = list(figures.dashes)
    while unsettled:
        most = program.require_assignment(dict.fromkeys(unsettled, -1.0))
        full = {cell for cell in unsettled if most[cell] > THRESHOLD - 1 - EPSILON}
        if not full:
            cell = unsettled[0]
            full = {cell}
            if program.require_assignment({cell: -1.0})[cell] < THRESHOLD - 1 - EPSILON:
                yield cell
        unsettled = [cell for cell in unsettled if cell not in full]


def find_remainders_proved_small(program: "FeasibilityProgram", figures: "Figures") -> Iterator[CellAddress]:
    """Yield one part of each whole that has a remainder proved to be small but not zero.

    One call of the solver can settle several wholes. The function skips a whole if the bounds of its cells already
    prove a large remainder.
    """
    unsettled = [
        remainder
        for remainder in figures.list_remainders()
        if figures.find_least_remainder(remainder) <= MAX_SENSITIVE_REMAINDER
    ]
    while unsettled:
        units = program.require_assignment(sum_weights(unsettled))
        settled = [remainder for remainder in unsettled if count_remainder(remainder, units) <= EPSILON]
        if not settled:
            settled = unsettled[:1]
            units = program.require_assignment(sum_weights(settled))
            if EPSILON < count_remainder(settled[0], units) <= MAX_SENSITIVE_REMAINDER:
                yield settled[0][1][0]
        unsettled = [remainder for remainder in unsettled if remainder not in settled]


def sum_weights(remainders: Iterable[Remainder]) -> dict[CellAddress, float]:
    """Return the weight of each cell in the sum of these remainders: wholes count positively, parts negatively."""
    weights: dict[CellAddress, float] = defaultdict(float)
    for whole, parts in remainders:
        for cell in whole:
            weights[cell] += 1
        for part in parts:
            weights[part] -= 1
    return weights


def count_remainder(remainder: Remainder, units: Mapping[CellAddress, float]) -> float:
    """Return the number of units of the whole that are in none of its parts. `units` is the number of units of each
    cell.
    """
    whole, parts = remainder
    return sum(units[cell] for cell in whole) - sum(units[part] for part in parts)


@cache
def load_solver() -> Any:
    """Import and return the library of the solver. Only an audit imports it, because it needs 13 MB with numpy."""
    return importlib.import_module("highspy")


def start_solver() -> Any:
    """Return a new solver that prints nothing.

    The constructor of the solver writes a banner to file descriptor 1, so this descriptor is redirected meanwhile.
    """
    stdout_copy = os.dup(1)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            solver = load_solver().Highs()
    finally:
        os.dup2(stdout_copy, 1)
        os.close(stdout_copy)
    solver.silent()
    solver.setOptionValue("threads", 1)
    return solver


class FeasibilityProgram:
    """The linear program whose solutions are the feasible assignments."""

    def __init__(self, figures: Figures) -> None:
        self.cells, self.dashes = list(figures.bounds), figures.dashes
        self.columns = {cell: number for number, cell in enumerate(self.cells)}
        self.solver = start_solver()
        for low, high in figures.bounds.values():
            self.solver.addVar(low, high)
        for total, parts, is_whole in figures.list_sums():
            self.add_row([total], parts, low=0 if is_whole else -UNBOUNDED, high=0)
        for total, parts in figures.list_inclusions():
            self.add_row([total], parts, low=-UNBOUNDED, high=0)
        for total, parts in figures.list_covers():
            self.add_row([total], parts, low=0, high=UNBOUNDED)
        for bodies, least in figures.list_body_lower_bounds():
            self.add_row([], bodies, low=least, high=UNBOUNDED)
        for cells, others in figures.list_inequalities():
            self.add_row(others, cells, low=-UNBOUNDED, high=0)

    def add_row(self, whole: Iterable[CellAddress], parts: Iterable[CellAddress], *, low: float, high: float) -> None:
        """Require that the sum of the parts minus the whole lie between `low` and `high`.

        A row with cells of several releases also gets two columns for changes between these releases. These columns
        stay zero until `allow_least_change` is called.
        """
        weights = dict.fromkeys(parts, 1.0) | dict.fromkeys(whole, -1.0)
        columns, values = [self.columns[cell] for cell in weights], [*weights.values()]
        if len({cell[0] for cell in weights}) > 1:
            for sign in (1.0, -1.0):
                self.solver.addVar(0, 0)
                columns.append(self.solver.getNumCol() - 1)
                values.append(sign)
        self.solver.addRow(low, high, len(columns), columns, values)

    def allow_least_change(self) -> None:
        """Allow changes between releases in the rows in which the smallest explanation of the figures needs them.

        Raises ArithmeticError if even changes do not explain the figures.
        """
        changes = range(len(self.cells), self.solver.getNumCol())
        for column in changes:
            self.solver.changeColBounds(column, 0, UNBOUNDED)
        costs = [0.0] * len(self.cells) + [1.0] * len(changes)
        least = self.minimise(costs)
        if least is None:
            raise ArithmeticError("a release that fitted alone fits no more")
        for column in changes:
            self.solver.changeColBounds(column, 0, UNBOUNDED if least[column] > EPSILON else 0)

    def limit_dashes(self) -> None:
        """Limit each dash to fewer than `THRESHOLD` units.

        The caller has checked that all dashes may be zero together. The program therefore still has a solution.
        """
        for cell in self.dashes:
            self.solver.changeColBounds(self.columns[cell], 0, THRESHOLD - 1)

    def find_assignment(self, weights: Mapping[CellAddress, float]) -> dict[CellAddress, float] | None:
        """Return a feasible assignment with the least weighted sum of these cells, or None if none exists."""
        costs = [weights.get(cell, 0.0) for cell in self.cells]
        values = self.minimise(costs + [0.0] * (self.solver.getNumCol() - len(costs)))
        return None if values is None else dict(zip(self.cells, values, strict=False))

    def minimise(self, costs: Sequence[float]) -> list[float] | None:
        """Return the value of each column at the least cost, or None if no solution exists.

        Raises ArithmeticError if the solver does not decide.
        """
        self.solver.changeColsCost(len(costs), list(range(len(costs))), list(costs))
        self.solver.run()
        status = self.solver.getModelStatus()
        statuses = load_solver().HighsModelStatus
        if status == statuses.kOptimal:
            return list(self.solver.getSolution().col_value)
        if status in (statuses.kInfeasible, statuses.kUnboundedOrInfeasible):
            return None
        raise ArithmeticError(f"the solver gave no answer: {status}")

    def require_assignment(self, weights: Mapping[CellAddress, float]) -> dict[CellAddress, float]:
        """Return a feasible assignment, as `find_assignment` does. Raises ArithmeticError if there is none."""
        assignment = self.find_assignment(weights)
        if assignment is None:
            raise ArithmeticError("the solver lost a feasible assignment")
        return assignment

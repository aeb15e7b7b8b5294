"""From exact counts to printed figures: threshold, dominance, random rounding, and redrawing.

In the terms of the handbooks of statistical disclosure control, a cell is sensitive if it has fewer than `THRESHOLD`
contributors (threshold rule) or if one contributor makes more than `LARGEST_SHARE` of it (dominance rule). A sensitive
cell is suppressed, and so is a true zero, so that a dash means « zero or few ». Every other cell is rounded at random,
without bias, to one of the two multiples of `BASE` around it. The figures are not additive: totals are rounded like
any other cell.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from stats.disclosure.audit import find_failing_tables
from stats.disclosure.figures import BASE, OPENS_FROM, THRESHOLD, Printed, bound_value, is_in_quarter
from stats.disclosure.tables import SHORT_LIST_OF, Period, Table, list_tables

LARGEST_SHARE = 0.85
MAX_DRAWS = 300  # draws before the table that fails most often is closed
MORE_BODIES_THAN_EXIST = 10**9

# The categories of a cell: one for each classification of its table.
type Categories = tuple[str, ...]
type Values = dict[Categories, int | None]


class CellCount(NamedTuple):
    """The exact count of one cell. `largest` is the number of units of the largest contributor.

    `bodies_outside_cell` is set only for the strata of a yearly release: the bodies of the stratum that exist in the
    régions whose number of incidents is printed, minus `bodies`. Elsewhere its default is too large to matter.
    """

    units: int
    bodies: int
    largest: int
    bodies_outside_cell: int = MORE_BODIES_THAN_EXIST


EMPTY_COUNT = CellCount(0, 0, 0)

# Table → categories of a cell → its count; a cell without units may be absent.
type CountsByTable = Mapping[str, Mapping[Categories, CellCount]]


@dataclass(frozen=True)
class DrawResult:
    """The result of a draw: the printed `tables`, and the number of `draws` that it took.

    `closed` are the codes of the tables that no draw made safe.
    """

    tables: list[dict[str, Any]]
    draws: int
    closed: tuple[str, ...]


class UnsafeRelease(Exception):
    """The audit still fails after every draw and after all possible tables were closed."""


def draw_release(counts: CountsByTable, *, period: Period, earlier: Sequence[Printed], key: bytes) -> DrawResult:
    """Draw the tables until the audit passes. After `MAX_DRAWS` failures, close the table that failed most often and
    continue.

    `earlier` are the printed quarterly releases of the same year. `key` is the secret of the rounding. The same
    arguments give the same figures. Raises UnsafeRelease if only closed tables fail.
    """
    closed: set[str] = set()
    draws = 0
    while True:
        failures: Counter[str] = Counter()
        for attempt in range(MAX_DRAWS):
            draws += 1
            tables = RoundingDraw(counts, period, earlier, key, attempt).build_printed_tables(closed)
            failing = find_failing_tables({"period": str(period), "tables": tables}, earlier)
            if not failing:
                return DrawResult(tables, draws, tuple(sorted(closed)))
            failures.update(failing)
        if not failures.keys() - closed:
            raise UnsafeRelease(str(period))
        closed.add(choose_table_to_close(failures, closed))


def choose_table_to_close(failures: Counter[str], closed: set[str]) -> str:
    """Return the open table that failed most often. Return a total only if no other open table failed.

    Closing a total would also close all tables that it opens.
    """
    return max(failures.keys() - closed, key=lambda code: ("_by_" in code, failures[code], code))


@dataclass(frozen=True)
class RoundingDraw:
    """One attempt to draw all tables. Each cell has its own random number, derived from the key and the attempt."""

    counts: CountsByTable
    period: Period
    earlier: Sequence[Printed]
    key: bytes
    attempt: int

    def build_printed_tables(self, closed: set[str]) -> list[dict[str, Any]]:
        """Return all tables of the period as the printed document stores them. The tables in `closed` have no
        cells.
        """
        printed: dict[str, Values] = {}
        for table in list_tables(self.period):
            printed[table.code] = {} if table.code in closed else dict(self.list_drawn_cells(table, printed, closed))
        for long, short in SHORT_LIST_OF.items():
            if printed.get(long):
                printed[short] = {}
        return [format_table(table, printed[table.code]) for table in list_tables(self.period)]

    def list_drawn_cells(
        self, table: Table, printed: dict[str, Values], closed: set[str]
    ) -> Iterator[tuple[Categories, int | None]]:
        """Yield each cell to print in one table, with its number, or with None for a dash.

        `printed` are the tables drawn before.
        """
        months = self.find_months_to_print()
        for cell in table.list_cells():
            is_other_month = table.by == ("month",) and cell[0] not in months
            if is_other_month or f"{table.code}/{cell[0] if cell else ''}" in closed:
                continue
            value = self.draw_value(table, cell)
            if is_table_open(table, cell, printed | {table.code: {(): value}}):
                yield cell, value

    def find_months_to_print(self) -> set[str]:
        """Return the months that this release prints. A month that a quarterly release has printed is not printed
        again.

        If the year has quarterly releases, the months before its first quarterly release are left out: the service had
        not begun.
        """
        quarters = {release["period"] for release in self.earlier} or {str(self.period)}
        months = {month for month in self.period.months if any(is_in_quarter(month, quarter) for quarter in quarters)}
        return months - find_printed_months(self.earlier)

    def draw_value(self, table: Table, cell: Categories) -> int | None:
        """Return the number to print in a cell, or None for a dash."""
        count = self.counts.get(table.code, {}).get(cell, EMPTY_COUNT)
        return None if is_sensitive(count) else round_randomly(count.units, self.draw_number(table, cell))

    def draw_number(self, table: Table, cell: Categories) -> float:
        """Return the random number of a cell, from 0 (included) to 1 (excluded). It does not depend on the count.

        Otherwise nested cells with the same units would be rounded alike, and differencing would reveal that.
        """
        name = "|".join((str(self.period), table.code, *cell, str(self.attempt)))
        return int.from_bytes(hmac.digest(self.key, name.encode(), hashlib.sha256)[:8]) / 2**64


def is_sensitive(count: CellCount) -> bool:
    """Tell whether the cell must be suppressed.

    The largest contributor knows its own units. It must not learn that the other contributors have fewer than
    `THRESHOLD` units, since these could be one unit of each of four bodies.
    """
    is_few = count.bodies < THRESHOLD or count.bodies_outside_cell < THRESHOLD
    _least, most = bound_value(count.units - count.units % BASE)
    return is_few or count.largest > LARGEST_SHARE * count.units or most - count.largest < THRESHOLD


def round_randomly(units: int, number: float) -> int:
    """Return one of the two multiples of `BASE` around `units`. The mean error is zero.

    `number` is uniform from 0 to 1. The result is the upper multiple if `number` is less than `units % BASE / BASE`.
    """
    below, rest = divmod(units, BASE)
    return BASE * (below + (number < rest / BASE))


def is_table_open(table: Table, cell: Categories, printed: Mapping[str, Values]) -> bool:
    """Tell whether each printed total above the cell is large enough to open the table."""
    reached = reaches_opening(printed, table.opened_by, cell[:-1], table.opens_from)
    return reached and reaches_opening(printed, table.categories_opened_by, cell[-1:], OPENS_FROM)


def reaches_opening(printed: Mapping[str, Values], code: str, cell: Categories, opening: int) -> bool:
    """Tell whether the printed number of this cell of the table `code` reaches `opening`. A dash does not.

    Return True if `code` is empty, because the table then has no condition.
    """
    total = printed[code].get(cell) if code else opening
    return total is not None and total >= opening


def find_printed_months(earlier: Sequence[Printed]) -> set[str]:
    """Return the months that quarterly releases have printed, including dashes."""
    tables = [table for release in earlier for table in release["tables"] if table["by"] == ["month"]]
    return {cell[0] for table in tables for cell, _value in table["cells"]}


def format_table(table: Table, values: Values) -> dict[str, Any]:
    """Return a table as the printed document stores it."""
    return {
        "code": table.code,
        "counts": table.counts,
        "by": list(table.by),
        "is_open": bool(values),
        "cells": [[list(cell), value] for cell, value in values.items()],
    }

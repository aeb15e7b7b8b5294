"""The printed figures of a year. Pages, reports, files and the API read them from here."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from stats.disclosure.figures import OPENS_FROM, bound_value
from stats.disclosure.tables import Period, Table
from stats.releases.rows import Denominator, Figure, Release

# Table → cell → value; None is a dash.
type Tables = dict[str, dict[tuple[str, ...], int | None]]


class CellState(StrEnum):
    """The state of a cell: it has a printed number, or a reason why it has none."""

    SHOWN = "shown"
    BELOW = "below"  # fewer than five bodies: zero or few
    CLOSED = "closed"  # its table is not open
    WAITING = "waiting"  # its period is not published yet
    EARLIER = "earlier"  # its period ended before the service began


@dataclass(frozen=True)
class PrintedCell:
    """One cell as a reader sees it. `value` is a number rounded at random to a multiple of 5.

    It is None unless the state is SHOWN.
    """

    value: int | None
    state: CellState

    @property
    def is_shown(self) -> bool:
        """True if the cell has a printed number."""
        return self.state is CellState.SHOWN

    @property
    def low(self) -> int:
        """The least possible true number of units in the cell. It is 0 if the cell has no printed number."""
        return bound_value(self.value)[0] if self.value is not None else 0

    @property
    def high(self) -> int:
        """The greatest possible true number of units in the cell. Use it only if `is_shown` is true."""
        return bound_value(self.value or 0)[1]


BELOW, CLOSED, WAITING = (PrintedCell(None, state) for state in (CellState.BELOW, CellState.CLOSED, CellState.WAITING))
EARLIER = PrintedCell(None, CellState.EARLIER)


@dataclass(frozen=True)
class PrintedYear:
    """The printed figures of one year. `release` is the yearly release, or None until it is published.

    `quarters` are its quarterly releases by number.
    """

    year: int
    release: Release | None = None
    quarters: dict[int, Release] = field(default_factory=dict)
    # Quarter (0 for the year) → its tables.
    tables: dict[int, Tables] = field(default_factory=dict)
    # Stratum → the number of bodies at the end of the year.
    existing: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, year: int) -> Self:
        """Return the printed figures of a year, which may be empty. Runs three queries."""
        releases = {release.quarter: release for release in Release.objects.filter(year=year).defer("printed")}
        tables: dict[int, Tables] = {quarter: defaultdict(dict) for quarter in releases}
        rows = Figure.objects.filter(release__year=year)
        for quarter, table, first, second, value in rows.values_list(
            "release__quarter", "table", "first", "second", "value"
        ):
            tables[quarter][table][first, second] = value
        bodies = Denominator.objects.filter(release__year=year).values_list("stratum", "bodies")
        yearly = releases.pop(0, None)
        return cls(year, yearly, dict(sorted(releases.items())), tables, dict(bodies))

    @property
    def is_year_published(self) -> bool:
        """True if the yearly release is published."""
        return self.release is not None

    def get_cell(self, table: str, *categories: str, quarter: int = 0) -> PrintedCell:
        """Return a cell of a table of the yearly release, or of the release of that quarter if `quarter` is not 0."""
        if quarter not in self.tables:
            return WAITING
        cells, key = self.tables[quarter].get(table, {}), (*categories, "", "")[:2]
        if key not in cells:
            return CLOSED
        value = cells[key]
        return BELOW if value is None else PrintedCell(value, CellState.SHOWN)

    def get_month(self, month: str) -> PrintedCell:
        """Return the incidents of the nation in a month, « 01 » to « 12 ».

        Either a quarterly release or the yearly release printed the month.
        """
        quarter = (int(month) + 2) // 3
        printed = self.get_cell("incidents_by_month", month, quarter=quarter)
        if printed.state in (CellState.SHOWN, CellState.BELOW):
            return printed
        yearly = self.get_cell("incidents_by_month", month)
        if yearly.value is None and quarter < min(self.quarters, default=0):
            return EARLIER
        return yearly if self.is_year_published else printed

    def is_open(self, table: str) -> bool:
        """Tell whether the yearly release printed a cell of this table."""
        return bool(self.tables.get(0, {}).get(table))

    def list_values(self, table: str) -> list[int | None]:
        """Return the numbers that the yearly release printed in this table, with None for a dash.

        The list is empty if the table is closed.
        """
        return list(self.tables.get(0, {}).get(table, {}).values())

    def has_quarter(self, quarter: int) -> bool:
        """Tell whether this quarter is published."""
        return quarter in self.quarters


def are_totals_scarce(table: Table, totals: Iterable[int | None], crossed: Iterable[int | None]) -> bool:
    """Tell whether the totals that open a table are too small.

    `totals` are the printed numbers of the table `opened_by`, and `crossed` those of the table `categories_opened_by`.
    Only a crossing uses `crossed`.
    """
    is_rare = max((value or 0 for value in totals), default=0) < table.opens_from
    is_crossing = bool(table.categories_opened_by)
    return is_rare or (is_crossing and max((value or 0 for value in crossed), default=0) < OPENS_FROM)


def map_released_years() -> dict[int, bool]:
    """Return a dict that tells, for each year with a release, whether the whole year is published. Runs one query.

    The latest year comes first.
    """
    years: dict[int, bool] = {}
    for period in sorted((Period(*row) for row in Release.objects.values_list("year", "quarter")), reverse=True):
        years[period.year] = years.get(period.year, False) or not period.quarter
    return years

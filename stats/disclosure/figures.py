"""The printed figures of some releases, and the relations between them that every reader knows.

A printed cell is a multiple of `BASE`, whose true number of units lies within `BASE - 1` of it, or a dash: fewer than
`THRESHOLD` bodies, however many units they have. Every reader also knows which cells are parts of other cells.

This file, the audit and `verify.py` are joined to one program in each published package. They read only the figures.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

THRESHOLD = 5  # distinct bodies
BASE = 5
# The printed total from which a table opens. A total of a quarter that is smaller is not printed at all.
OPENS_FROM = 40
UNBOUNDED = 1e7  # more units than any cell has
TOTAL: tuple[str, ...] = ()

type Printed = Mapping[str, Any]
# Period, unit, classification and categories of a cell: « 2025 », « incidents », ("region",), ("53",)
type CellAddress = tuple[str, str, tuple[str, ...], tuple[str, ...]]
# A whole (one or several cells) and its parts. Its remainder is the units that are in none of the parts.
type Remainder = tuple[list[CellAddress], list[CellAddress]]


def bound_value(value: int) -> tuple[int, int]:
    """Return the least and the greatest number of units of a cell printed as `value`."""
    return max(THRESHOLD, value - BASE + 1), value + BASE - 1


@dataclass
class Figures:
    """The printed cells of some releases, and the relations between them that every reader knows."""

    releases: Sequence[Printed]
    # Address → the least and the greatest number of its units.
    bounds: dict[CellAddress, tuple[float, float]] = field(default_factory=dict)
    dashes: list[CellAddress] = field(default_factory=list)
    # The number of bodies in no stratum. It is not a dash, but must not be proved to be above zero either.
    unlisted: list[CellAddress] = field(default_factory=list)
    # Totals of quarters that are not printed. Any reader can infer that they are too small.
    small_totals: set[CellAddress] = field(default_factory=set)

    def __post_init__(self) -> None:
        for release in self.releases:
            for table in release["tables"]:
                for categories, value in table["cells"]:
                    self.add_cell(locate_cell(release, table, categories), value)
                if not table["cells"] and not table["by"] and "-" in release["period"]:
                    self.add_small_total(locate_cell(release, table, ()))
            if self.list_cells(release["period"], "bodies"):
                self.add_unlisted_bodies((release["period"], "bodies", ("stratum",), ("",)))

    def add_cell(self, cell: CellAddress, value: int | None) -> None:
        """Store the bounds of a printed cell. `value` is None for a dash."""
        if value is None:
            self.bounds[cell] = (0, UNBOUNDED)
            self.dashes.append(cell)
        else:
            self.bounds[cell] = bound_value(value)

    def add_unlisted_bodies(self, cell: CellAddress) -> None:
        """Add a cell for the bodies without a stratum. Their number is not printed."""
        self.bounds[cell] = (0, UNBOUNDED)
        self.unlisted.append(cell)

    def add_small_total(self, cell: CellAddress) -> None:
        """Store the bounds of a total that is not printed, as if it were too small to open its table.

        A total is not printed either if nearly all its units belong to one body. Such a total may be larger than this
        bound.
        """
        self.bounds[cell] = (0, OPENS_FROM - 1)
        self.small_totals.add(cell)

    def find_total(self, period: str, counts: str) -> CellAddress | None:
        """Return the address of the total of the unit `counts`, or None if it has no bounds."""
        cell = (period, counts, TOTAL, TOTAL)
        return cell if cell in self.bounds else None

    def list_cells(self, period: str, counts: str) -> list[CellAddress]:
        """Return the cells of the unit `counts`, without its total."""
        return [cell for cell in self.bounds if cell[:2] == (period, counts) and cell[2]]

    def find_table_to_close(self, cell: CellAddress, printed: Printed) -> str:
        """Return the code of the table to close because of this cell. For a crossing, the région follows the code.

        A cell of a quarterly release is already printed, so a table of the year that depends on it is closed instead.
        For incidents, this is a table by quarter or by month, if one of them is open. Otherwise it is the total of the
        unit. If that total is closed, it is the total of incidents.
        """
        period, counts, by, categories = cell
        open_tables = {
            (table["counts"], tuple(table["by"])): table["code"] for table in printed["tables"] if table["cells"]
        }
        if period == printed["period"]:
            return "/".join((str(open_tables[counts, by]), *categories[: len(by) - 1]))
        of_incidents = [("incidents", ("region", "quarter")), ("incidents", ("month",))]
        dependent_tables = [*(of_incidents if counts == "incidents" else []), (counts, TOTAL), ("incidents", TOTAL)]
        return next(str(open_tables[key]) for key in dependent_tables if key in open_tables)

    # What everybody knows

    def list_sums(self) -> Iterator[tuple[CellAddress, list[CellAddress], bool]]:
        """Yield (total, parts, True if these are all parts of the total). Parts without bounds are left out."""
        for release in self.releases:
            yield from self.list_sums_of_tables(release)
        yield from self.list_sums_over_time()
        yield from self.list_sums_of_quarters()

    def list_remainders(self) -> Iterator[Remainder]:
        """Yield each remainder that the audit checks, as the cells of the whole and the cells of its parts."""
        for total, parts in self.list_inclusions():
            if not self.small_totals.intersection(parts):
                yield [total], parts
        for release in self.releases:
            yield from ((months, crossed) for crossed, months in self.list_quarter_inequalities(release))
            yield from self.list_body_remainders(release)
        for total, all_parts, has_all in self.list_sums():
            parts = [part for part in all_parts if part not in self.small_totals]
            if not parts:
                continue
            is_whole = has_all and parts == all_parts
            # A yearly release that is audited alone lacks the months of the quarterly releases, which everybody knows.
            is_alone = len(self.releases) == 1 and "-" not in total[0]
            if not is_whole and not (is_alone and parts[0][2] == ("month",)):
                yield [total], parts
                numbers = [part for part in parts if self.bounds[part][0]]
                if len(parts[0][2]) > 1 and numbers:
                    yield [total], sorted(numbers, key=lambda cell: -self.bounds[cell][0])

    def list_body_remainders(self, release: Printed) -> Iterator[Remainder]:
        """Yield the total of incidents as the whole, and the bodies of each stratum as its parts.

        Each body has at least one incident. The remainder is the further incidents of these bodies, and all incidents
        of bodies without a stratum.
        """
        incidents = self.find_total(release["period"], "incidents")
        listed = [cell for cell in self.list_cells(release["period"], "bodies") if cell not in self.unlisted]
        if incidents and listed:
            yield [incidents], listed

    def find_least_remainder(self, remainder: Remainder) -> float:
        """Return the smallest remainder that the bounds of the whole and of its parts allow."""
        whole, parts = remainder
        return sum(self.bounds[cell][0] for cell in whole) - sum(self.bounds[part][1] for part in parts)

    def list_sums_of_tables(self, release: Printed) -> Iterator[tuple[CellAddress, list[CellAddress], bool]]:
        """Yield the sums within each table of a release, as `list_sums` does."""
        sizes = {tuple(table["by"]): len(table["cells"]) for table in release["tables"]} | {("quarter",): 4}
        for table in release["tables"]:
            by = tuple(table["by"])
            for at in range(len(by)):
                parts: dict[CellAddress, list[CellAddress]] = defaultdict(list)
                for categories, _value in table["cells"]:
                    cell = locate_cell(release, table, categories)
                    total = (*cell[:2], by[:at] + by[at + 1 :], cell[3][:at] + cell[3][at + 1 :])
                    parts[total].append(cell)
                for total, inner in parts.items():
                    if total in self.bounds and by != ("month",):
                        yield total, inner, len(inner) == sizes.get((by[at],), len(inner))

    def list_sums_over_time(self) -> Iterator[tuple[CellAddress, list[CellAddress], bool]]:
        """Yield the sums between months, quarters and years, as `list_sums` does.

        These are each quarter and year with its months, and each year with its quarters.
        """
        periods = [release["period"] for release in self.releases]
        months = [cell for cell in self.bounds if cell[2] == ("month",)]
        for total in [cell for cell in self.bounds if cell[2] == TOTAL]:
            period, counts = total[:2]
            inner = [cell for cell in months if cell[1] == counts and is_in_quarter(cell[3][0], period)]
            # A quarter without a release ended before the service began, so the year has none of its months.
            quarters = [self.find_total(quarter, counts) for quarter in periods if quarter.startswith(f"{period}-")]
            if inner:
                yield total, inner, len(inner) == (3 if "-" in period else 3 * len(quarters) or 12)
            quarter_cells = [cell for cell in quarters if cell]
            if quarter_cells:
                yield total, quarter_cells, len(quarter_cells) == len(quarters)

    def list_sums_of_quarters(self) -> Iterator[tuple[CellAddress, list[CellAddress], bool]]:
        """Yield the total of each quarter of the nation with its régions, as `list_sums` does.

        The yearly release prints the cells of the régions.
        """
        parts: dict[CellAddress, list[CellAddress]] = defaultdict(list)
        for cell in self.bounds:
            if cell[2] == ("region", "quarter"):
                parts[f"{cell[0]}-{cell[3][1]}", cell[1], TOTAL, TOTAL].append(cell)
        yield from ((total, inner, False) for total, inner in parts.items() if total in self.bounds)

    def list_inclusions(self) -> Iterator[tuple[CellAddress, list[CellAddress]]]:
        """Yield (total, parts) such that the sum of the parts cannot exceed the total."""
        for release in self.releases:
            period = release["period"]
            incidents, leaks = self.find_total(period, "incidents"), self.find_total(period, "leaks")
            unfounded, bodies = self.find_total(period, "unfounded"), self.list_cells(period, "bodies")
            if incidents and leaks:
                yield incidents, [leaks]
            if incidents and leaks and unfounded:
                yield incidents, [leaks, unfounded]
            if incidents and bodies:
                yield incidents, bodies
            if leaks:
                yield from ((leaks, [category]) for category in self.list_cells(period, "leak_categories"))

    def list_inequalities(self) -> Iterator[tuple[list[CellAddress], list[CellAddress]]]:
        """Yield (first cells, second cells) such that the sum of the first cannot exceed the sum of the second."""
        for release in self.releases:
            yield from self.list_delay_inequalities(release)
            yield from self.list_quarter_inequalities(release)

    def list_quarter_inequalities(self, release: Printed) -> Iterator[tuple[list[CellAddress], list[CellAddress]]]:
        """Yield (régions of a quarter, months of that quarter) for each quarter whose three months are printed.

        The régions cannot have more incidents than the nation has in these months.
        """
        cells = self.list_cells(release["period"], "incidents")
        crossed = [cell for cell in cells if cell[2] == ("region", "quarter")]
        months = [cell for cell in cells if cell[2] == ("month",)]
        for quarter in {cell[3][1] for cell in crossed}:
            inner = [cell for cell in months if is_in_quarter(cell[3][0], f"-{quarter}")]
            if len(inner) == 3:
                yield [cell for cell in crossed if cell[3][1] == quarter], inner

    def list_delay_inequalities(self, release: Printed) -> Iterator[tuple[list[CellAddress], list[CellAddress]]]:
        """For each delay, yield two lists of the cells up to that delay: closed cases, then acknowledged cases.

        The second list also has the cell of unknown delays. Its sum is at least that of the first list, because a case
        is acknowledged before it is closed.
        """
        of_incidents = self.list_cells(release["period"], "incidents")
        closings, acknowledgements = (
            [cell for cell in of_incidents if cell[2] == (by,)] for by in ("closing", "help")
        )
        for number in range(1, len(closings) if len(closings) == len(acknowledgements) else 0):
            yield closings[:number], [*acknowledgements[:number], acknowledgements[-1]]

    def list_covers(self) -> Iterator[tuple[CellAddress, list[CellAddress]]]:
        """Yield the total of leaks of each release with the cells of their categories.

        The sum of these cells is at least the total, because each leak has at least one category.
        """
        for release in self.releases:
            period = release["period"]
            leaks, categories = self.find_total(period, "leaks"), self.list_cells(period, "leak_categories")
            if leaks and categories:
                yield leaks, categories

    def list_body_lower_bounds(self) -> Iterator[tuple[list[CellAddress], int]]:
        """Yield (cells that count the bodies of a year, lower bound of their sum) for each year.

        Each région with a number has at least THRESHOLD bodies, and each body counts in one région only.
        """
        for release in self.releases:
            bodies = self.list_cells(release["period"], "bodies")
            regions = [cell for cell in self.list_cells(release["period"], "incidents") if cell[2] == ("region",)]
            if bodies:
                yield bodies, THRESHOLD * sum(self.bounds[region][0] > 0 for region in regions)


def locate_cell(release: Printed, table: Printed, categories: Iterable[str]) -> CellAddress:
    """Return the address of a cell: period, unit, classifications and categories."""
    return release["period"], table["counts"], tuple(table["by"]), tuple(categories)


def is_in_quarter(month: str, period: str) -> bool:
    """Tell whether a month, « 01 » to « 12 », is in the quarter at the end of `period`, such as « 2025-T1 » or
    « -T1 ».

    A period without a quarter contains every month.
    """
    _year, dash, quarter = period.partition("-T")
    return not dash or (int(month) + 2) // 3 == int(quarter)

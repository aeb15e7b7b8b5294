"""The printed figures of the nation or of a région in one year, arranged for sentences and charts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from psycopg.types.range import DateRange

from collectivities.models import Region
from csirts.models import Coverage
from stats.categories import label_category
from stats.disclosure.tables import CATEGORIES, MONTHS, QUARTERS, REGIONS, TABLES
from stats.releases.reading import CellState, PrintedCell, PrintedYear, map_released_years

TOTALS = ("incidents", "reports", "interruptions", "leaks")
DELAYS = ("discovery", "help", "closing")


class UnknownSelection(Exception):
    """The requested région does not exist, or the requested year has no published figures."""


class UnknownRegion(UnknownSelection):
    """The requested région does not exist."""


@dataclass(frozen=True)
class CategoryLine:
    """One category of a breakdown, with its label and its printed cell."""

    code: str
    label: str
    cell: PrintedCell


@dataclass(frozen=True)
class Breakdown:
    """The printed cells of one table, by the categories of one classification, and their total.

    The total is rounded on its own, so the cells need not add up to it.
    """

    table: str
    classification: str
    lines: tuple[CategoryLine, ...]
    total: PrintedCell

    @property
    def numbered_lines(self) -> list[CategoryLine]:
        """The categories with a printed number."""
        return [line for line in self.lines if line.cell.is_shown]

    @property
    def dashed_lines(self) -> list[CategoryLine]:
        """The categories with a dash, which means zero or few."""
        return [line for line in self.lines if line.cell.state is CellState.BELOW]

    @property
    def unpublished_lines(self) -> list[CategoryLine]:
        """The categories without a printed cell. They are too rare in the nation to be crossed with a région."""
        return [line for line in self.lines if line.cell.state is CellState.CLOSED]


@dataclass(frozen=True)
class FiguresPage:
    """The printed figures of one place and year. `region` is None for the nation.

    `before` are the printed figures of the year before, empty if there are none. `has_centre` is false if no centre
    covered any part of the région in that year.
    """

    regions: list[Region]
    region: Region | None
    years: dict[int, bool]
    printed: PrintedYear
    before: PrintedYear
    has_centre: bool = True

    @property
    def year(self) -> int:
        return self.printed.year

    @property
    def is_empty(self) -> bool:
        """True if no figures of any year are published."""
        return not self.years

    @property
    def is_year_published(self) -> bool:
        """True if the yearly release is published. Before that, only quarterly totals of the nation are."""
        return self.printed.is_year_published

    def get_total(self, counts: str = "incidents", *, before: bool = False) -> PrintedCell:
        """Return the printed total of the unit `counts` for the place of the page.

        The total is that of the year of the page, or of the year before if `before` is true. A région has a total of
        incidents only. For any other unit, the cell of a région has no number.
        """
        printed = self.before if before else self.printed
        if self.region is None:
            return printed.get_cell(counts)
        if counts != "incidents":
            return printed.get_cell("")  # an unknown table is closed, or waiting before the release
        return printed.get_cell("incidents_by_region", self.region.code)

    def list_months(self, *, before: bool = False) -> list[PrintedCell]:
        """Return the incidents of the nation in each of the twelve months."""
        printed = self.before if before else self.printed
        return [printed.get_month(month) for month in MONTHS]

    def list_quarters(self, counts: str = "incidents", *, before: bool = False) -> list[PrintedCell]:
        """Return the units `counts` of the nation in each of the four quarters.

        For a région, return its incidents, whatever `counts` is.
        """
        printed = self.before if before else self.printed
        if self.region is None:
            return [printed.get_cell(counts, quarter=number) for number in (1, 2, 3, 4)]
        code = self.region.code
        return [printed.get_cell("incidents_by_region_and_quarter", code, quarter) for quarter in QUARTERS]

    def has_quarter_totals(self) -> bool:
        """Tell whether any total of a published quarter of the nation has a number.

        The page of a région never has such totals.
        """
        quarters = self.printed.quarters if self.region is None else ()
        return any(self.printed.get_cell(counts, quarter=number).is_shown for counts in TOTALS for number in quarters)

    def get_region_breakdown(self, *, before: bool = False) -> Breakdown:
        """Return the incidents of each région of the nation."""
        return build_breakdown(self.before if before else self.printed, "incidents_by_region")

    def find_breakdown(self, table: str) -> Breakdown | None:
        """Return the breakdown of a table for the place and year, or None if the table is not open."""
        if self.region is not None:
            return self.find_crossing_breakdown(table)
        return build_breakdown(self.printed, table) if self.printed.is_open(table) else None

    def find_crossing_breakdown(self, table: str) -> Breakdown | None:
        """Return the row of the région in the crossing of this table. Return None if no cell of the row is printed."""
        crossing = find_crossing_code(table)
        if self.region is None or crossing is None:
            return None
        row = build_breakdown(self.printed, crossing, self.region.code)
        return row if row.numbered_lines or row.dashed_lines else None

    def is_comparable(self) -> bool:
        """Tell whether the year and the year before may be compared.

        Both must be published, and the service must have begun before the second quarter of the year before.
        """
        return self.is_year_published and self.before.is_year_published and self.before.has_quarter(1)

    def find_services_breakdown(self) -> Breakdown | None:
        """Return the interruptions by service, or by family of services if there are few interruptions.

        Return None if neither table is open.
        """
        return self.find_breakdown("interruptions_by_service") or self.find_breakdown("interruptions_by_family")


def find_crossing_code(table: str) -> str | None:
    """Return the code of the crossing of this table with the régions, or None if there is none."""
    crossing = table.replace("incidents_by_", "incidents_by_region_and_")
    return crossing if crossing != table and crossing in TABLES else None


def build_breakdown(printed: PrintedYear, table: str, *within: str) -> Breakdown:
    """Return the breakdown of a table. For a crossing, `within` is the code of the région.

    The total of a crossing is the total of that région.
    """
    classification = TABLES[table].by[-1]
    return Breakdown(
        table=table,
        classification=classification,
        lines=tuple(
            CategoryLine(code, label_category(classification, code), printed.get_cell(table, *within, code))
            for code in CATEGORIES[classification]
        ),
        total=printed.get_cell("incidents_by_region", *within)
        if within
        else printed.get_cell(table.partition("_by_")[0]),
    )


def read_figures_page(*, region: str = "", year: str = "") -> FiguresPage:
    """Return the page of a région (its code, or "" for the nation) and of a year. For year "", see `choose_year`.

    Runs ten queries at most. Raises UnknownSelection if the région or the year has no page.
    """
    regions, years = list_regions(), map_released_years()
    chosen = next((candidate for candidate in regions if candidate.code == region), None)
    if region and chosen is None:
        raise UnknownRegion(region)
    number = choose_year(years, year)
    has_centre = chosen is None or not number or is_covered(chosen, number)
    return FiguresPage(regions, chosen, years, PrintedYear.read(number), PrintedYear.read(number - 1), has_centre)


def is_covered(region: Region, year: int) -> bool:
    """Tell whether a centre covered any part of the région on any day of the year. Runs one query."""
    days = DateRange(date(year, 1, 1), date(year + 1, 1, 1))
    return Coverage.objects.filter(region=region, valid__overlap=days).exists()


def choose_year(years: Mapping[int, bool], year: str) -> int:
    """Return the requested year. If `year` is "", return the latest year that is published as a whole.

    If there is none, return the latest year with a published quarter, or 0 if nothing is published. `years` tells
    whether each year is published as a whole. Raises UnknownSelection if `years` does not contain the requested year.
    """
    if not year:
        return next((number for number, is_over in years.items() if is_over), max(years, default=0))
    if year not in map(str, years):
        raise UnknownSelection(year)
    return int(year)


def list_regions() -> list[Region]:
    """Return the régions of the fixed list of tables."""
    return list(Region.objects.filter(code__in=REGIONS))

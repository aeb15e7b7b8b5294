"""One release as open data: its rows, and the reasons why tables are closed. It reads printed figures only.

A numbered release never changes, so each process caches the last releases that it read.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localtime

from accounts.installation import is_demonstration
from core.french import format_day
from stats.categories import label_category
from stats.disclosure.tables import SHORT_LIST_OF, Table, list_tables
from stats.enums import Stratum
from stats.open_data.definitions import explain_opening, format_table_name
from stats.printed_wording import format_period
from stats.releases.reading import CellState, PrintedCell, are_totals_scarce
from stats.releases.rows import Release
from stats.releases.seal import Printed, list_quarterly_releases, load_printed

type Row = dict[str, Any]

# The number of releases that a process caches. Each takes some hundred kilobytes with its files.
MAX_CACHED_EDITIONS = 4


class TableState(NamedTuple):
    """The numbers of cells of a table: with a number (`numbered`), with a dash (`below`) and not printed (`closed`).

    If no cell is printed, `why` is the French reason. Otherwise it is "".
    """

    code: str
    name: str
    numbered: int
    below: int
    closed: int
    why: str


@dataclass(frozen=True, eq=False)
class Edition:
    """A release and its texts. Its numbers are read on first access. `is_invented` is true in a demonstration."""

    release: Release
    is_invented: bool

    @property
    def number(self) -> int:
        return self.release.number

    @property
    def period(self) -> str:
        """The name of the period: « année 2025 » or « 3e trimestre 2025 »."""
        return format_period(self.release.period)

    @property
    def path(self) -> str:
        return reverse("stats_release", args=[self.number])

    @property
    def url(self) -> str:
        return settings.SITE_URL + self.path

    @property
    def published_on(self) -> date:
        """The date of publication in Paris, which may differ from the date in UTC."""
        return localtime(self.release.published_at).date()

    @property
    def published_day(self) -> str:
        """The date of publication as French text."""
        return format_day(self.published_on)

    @property
    def title(self) -> str:
        words = {"period": self.period, "number": self.number}
        title = "Incidents déclarés par les collectivités, {period}, publication no {number}".format(**words)
        return f"Démonstration, nombres inventés : {title}" if self.is_invented else title

    @property
    def citation(self) -> str:
        """The citation of the release on one line, for a bibliography."""
        return (
            f"Tocsin, Incidents déclarés par les collectivités, {self.period}, publication no {self.number} "
            f"du {self.published_day}, nombres arrondis. {self.url} Licence Ouverte 2.0. "
            f"SHA-256 {self.release.digest}."
        )

    @cached_property
    def has_new_key(self) -> bool:
        """True if the secret of the rounding differs from that of the previous release."""
        before = Release.objects.filter(number__lt=self.number).order_by("-number").first()
        return before is not None and before.rounding_key != self.release.rounding_key

    @property
    def tables(self) -> tuple[Table, ...]:
        return list_tables(self.release.period)

    @cached_property
    def printed_document(self) -> Printed:
        """The signed document of the release, with every printed cell."""
        return load_printed(self.release)

    @cached_property
    def earlier_documents(self) -> list[Printed]:
        """The signed documents of the quarterly releases of the same year. The list is empty for a quarterly
        release.
        """
        return [load_printed(release) for release in list_quarterly_releases(self.release.period)]

    @cached_property
    def figures(self) -> list[Row]:
        """The rows of all cells of the fixed list, printed or not. A month comes from the only release that printed
        it.
        """
        cells = {
            (table["code"], *cell): {"release": printed["number"], "period": printed["period"], "value": value}
            for printed in (*self.earlier_documents, self.printed_document)
            for table in printed["tables"]
            if printed is self.printed_document or table["by"] == ["month"]
            for cell, value in table["cells"]
        }
        return [
            describe_figure(table, cell, cells.get((table.code, *cell)), self.release)
            for table in self.tables
            for cell in table.list_cells()
            if table.by != ("month",) or cell[0] in self.release.period.months
        ]

    @property
    def printed_figures(self) -> list[Row]:
        """The rows of the printed cells, including dashes."""
        rows = [row for row in self.figures if not row["table_closed"]]
        return [{name: value for name, value in row.items() if name != "table_closed"} for row in rows]

    @cached_property
    def denominators(self) -> list[Row]:
        """The rows of the number of bodies of each stratum. The list is empty for a quarterly release."""
        return [
            {"year": year, "stratum": code, "stratum_label": str(Stratum(code).label), "bodies": bodies}
            for year, code, bodies in self.printed_document["existing"]
        ]

    @cached_property
    def table_states(self) -> list[TableState]:
        """The state of each table of the fixed list."""
        return [self.describe_state(table) for table in self.tables]

    @property
    def closed_tables(self) -> list[TableState]:
        """The states of the tables that have no printed cell."""
        return [state for state in self.table_states if state.why]

    def describe_state(self, table: Table) -> TableState:
        """Return the state of a table: how many cells are printed, and the reason if no cell is."""
        rows = [row for row in self.figures if row["table"] == table.code]
        flags = ("rounded", "below_threshold", "table_closed")
        printed, below, closed = (sum(row[flag] for row in rows) for flag in flags)
        reason = "" if printed or below else self.explain_closing(table)
        return TableState(table.code, format_table_name(table.code), printed, below, closed, reason)

    def explain_closing(self, table: Table) -> str:
        """Return the French reason why no cell of a table is printed."""
        long = next((long for long, short in SHORT_LIST_OF.items() if short == table.code), "")
        if any(row["table"] == long and not row["table_closed"] for row in self.figures):
            return f"« {format_table_name(long)} » paraît à sa place, avec plus de détail."
        if not self.has_scarce_totals(table):
            return "À côté des autres nombres, il en aurait trop dit : la vérification l’a fermé."
        return "Trop peu de cas pour ce tableau." + " " + explain_opening(table)

    def has_scarce_totals(self, table: Table) -> bool:
        """Tell whether a closed table has totals that are too small to open it.

        If this is false, the audit closed the table or its total.
        """
        total = [row for row in self.figures if row["table"] == table.opened_by]
        if not total or (table.opened_by != table.code and all(row["table_closed"] for row in total)):
            return False
        crossed = [row["value"] for row in self.figures if row["table"] == table.categories_opened_by]
        return are_totals_scarce(table, [row["value"] for row in total], crossed)


def list_editions() -> list[Edition]:
    """Return the edition of every release, the latest first."""
    return [Edition(release, is_demonstration()) for release in Release.objects.order_by("-number")]


def find_last_edition() -> Edition | None:
    """Return the edition of the latest yearly release, or None if nothing is published.

    If no year is published, return the edition of the latest release.
    """
    releases = Release.objects.order_by("-number")
    release = releases.filter(quarter=0).first() or releases.first()
    return read_edition(release) if release else None


def read_edition(release: Release) -> Edition:
    """Return the edition of a release, cached by this process. The first access to its numbers runs a few queries."""
    return load_edition(release, release.digest, is_demonstration())


@lru_cache(maxsize=MAX_CACHED_EDITIONS)
def load_edition(release: Release, _digest: str, is_invented: bool) -> Edition:
    """Return the edition of a release. `_digest`, from the signed document, is only a part of the cache key."""
    return Edition(release, is_invented)


def describe_figure(table: Table, cell: tuple[str, ...], printed: Row | None, release: Release) -> Row:
    """Return the row of a cell. `printed` has its value and release, or is None if the cell is not printed."""
    row = printed or {"release": release.number, "period": str(release.period), "value": None}
    printed_cell = PrintedCell(row["value"], CellState.SHOWN) if row["value"] is not None else None
    return {
        "release": row["release"],
        "period": row["period"],
        "table": table.code,
        "table_label": format_table_name(table.code),
        "counts": table.counts,
        **describe_cell_categories(table, cell),
        "value": row["value"],
        "low": printed_cell and printed_cell.low,
        "high": printed_cell and printed_cell.high,
        "rounded": printed_cell is not None,
        "below_threshold": printed is not None and printed_cell is None,
        "table_closed": printed is None,
    }


def describe_cell_categories(table: Table, cell: tuple[str, ...]) -> Row:
    """Return the columns for the région of a cell and for its other category. A column that does not apply is None."""
    categories: Row = dict.fromkeys(("region", "region_label", "category", "category_label"))
    for classification, code in zip(table.by, cell, strict=True):
        name = "region" if classification == "region" else "category"
        categories |= {name: code, f"{name}_label": label_category(classification, code)}
    return categories

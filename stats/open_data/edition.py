"""One release as open data: its rows, and why a table is closed. Read from what was printed, and from nothing else.

A numbered release never changes, so each process reads one once and keeps the last few that were asked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.installation import is_demonstration
from stats.categories import QUARTERS, label_category
from stats.disclosure.tables import SHORT_LIST_OF, TABLES, Period, Table, list_tables
from stats.enums import Stratum
from stats.open_data.dictionary import explain_opening, name_table
from stats.pages.wording import format_day
from stats.releases.reading import Cell, State
from stats.releases.rows import Release
from stats.releases.seal import Printed, list_earlier, load_printed

type Row = dict[str, Any]

# How many releases a process keeps: each is some hundred kilobytes, files included.
EDITIONS_KEPT = 4


class PrintedCell(NamedTuple):
    """`release`, `period`: those that printed it, which may be an earlier quarter."""

    release: int
    period: str
    value: int | None


# Table → categories → the printed cell.
type Cells = Mapping[str, Mapping[tuple[str, ...], PrintedCell]]


@dataclass(frozen=True)
class Heading:
    """What a release tells of itself."""

    release: Release

    @property
    def number(self) -> int:
        return self.release.number

    @property
    def period(self) -> str:
        return format_period(self.release.period)

    @property
    def path(self) -> str:
        return reverse("stats_release", args=[self.number])

    @property
    def url(self) -> str:
        return settings.SITE_URL + self.path

    @property
    def archive(self) -> str:
        return f"tocsin-publication-{self.number}.zip"

    @property
    def published_on(self) -> date:
        """The day in Paris, which may be the one after that of universal time."""
        return localtime(self.release.published_at).date()

    @property
    def published_day(self) -> str:
        return format_day(self.published_on)

    @property
    def citation(self) -> str:
        """One line, as a bibliography wants it."""
        return _(
            "Tocsin, Incidents déclarés par les collectivités, %(period)s, publication no %(number)d du %(day)s, "
            "nombres arrondis. %(url)s Licence Ouverte 2.0. SHA-256 %(digest)s."
        ) % {
            "period": self.period,
            "number": self.number,
            "day": self.published_day,
            "url": self.url,
            "digest": self.release.digest,
        }


class TableState(NamedTuple):
    """How much of a table is printed; `why`: the reason for which nothing is, empty if something is."""

    code: str
    name: str
    shown: int
    below: int
    closed: int
    why: str


@dataclass(frozen=True, eq=False)
class Edition:
    """`printed` is what was signed; `earlier`, the same of the quarters of its year. `is_invented`: a demonstration.

    `key_before`: the fingerprint of the secret of the rounding in the release before, empty if there is none.
    """

    heading: Heading
    printed: Printed
    earlier: tuple[Printed, ...]
    key_before: str
    is_invented: bool

    @property
    def title(self) -> str:
        title = _("Incidents déclarés par les collectivités, %(period)s, publication no %(number)d") % {
            "period": self.heading.period,
            "number": self.heading.number,
        }
        return _("Démonstration, nombres inventés : %s") % title if self.is_invented else title

    @property
    def has_new_key(self) -> bool:
        return self.key_before not in ("", self.heading.release.rounding_key)

    @property
    def tables(self) -> tuple[Table, ...]:
        return list_tables(self.heading.release.period)

    @cached_property
    def figures(self) -> list[Row]:
        """Every cell of the fixed list, whether or not it is printed."""
        cells = collect_cells(self.printed, self.earlier)
        return [row for table in self.tables for row in list_figures(table, cells, self.heading.release)]

    @property
    def printed_figures(self) -> list[Row]:
        """The cells that are printed, dashes included."""
        rows = [dict(row) for row in self.figures if not row["table_closed"]]
        return [row for row in rows if row.pop("table_closed") is False]

    @cached_property
    def denominators(self) -> list[Row]:
        """How many bodies exist in each stratum; of a quarter, nothing."""
        return [
            {"year": year, "stratum": code, "stratum_label": str(Stratum(code).label), "bodies": bodies}
            for year, code, bodies in self.printed["existing"]
        ]

    @cached_property
    def states(self) -> list[TableState]:
        return [self.describe_state(table) for table in self.tables]

    @property
    def closed(self) -> list[TableState]:
        return [state for state in self.states if state.why]

    def describe_state(self, table: Table) -> TableState:
        rows = [row for row in self.figures if row["table"] == table.code]
        shown, below, closed = (
            sum(row[flag] for row in rows) for flag in ("rounded", "below_threshold", "table_closed")
        )
        why = "" if shown or below else self.explain_closing(table)
        return TableState(table.code, name_table(table.code), shown, below, closed, why)

    def explain_closing(self, table: Table) -> str:
        long = next((long for long, short in SHORT_LIST_OF.items() if short == table.code), "")
        if any(row["table"] == long and not row["table_closed"] for row in self.figures):
            return _("« %s » paraît à sa place, avec plus de détail.") % name_table(long)
        if all(self.reaches(code, table.opens_from) for code in table.opened_by):
            return _("À côté des autres nombres, il en aurait trop dit : la vérification l’a fermé.")
        return _("Trop peu de cas pour ce tableau.") + " " + explain_opening(table)

    def reaches(self, code: str, least: int) -> bool:
        """Tell whether any number of a table, as printed, is at least that."""
        return any((row["value"] or 0) >= least for row in self.figures if row["table"] == code)


def list_headings() -> list[Heading]:
    """Return every release, the last one first."""
    return [Heading(release) for release in Release.objects.order_by("-number")]


def find_heading(number: int) -> Heading | None:
    release = Release.objects.filter(number=number).first()
    return Heading(release) if release else None


def find_last_heading(period: Period | None = None) -> Heading | None:
    """Return the release of the last published year, or of that period; while no year is, the last of all."""
    releases = Release.objects.order_by("-number")
    if period:
        release = releases.filter(year=period.year, quarter=period.quarter).first()
    else:
        release = releases.filter(quarter=0).first() or releases.first()
    return Heading(release) if release else None


def read_edition(heading: Heading) -> Edition:
    """Return the whole of a release: a few queries the first time, none while it is kept."""
    return load_edition(heading, heading.release.digest, is_demonstration())


@lru_cache(maxsize=EDITIONS_KEPT)
def load_edition(heading: Heading, _digest: str, is_invented: bool) -> Edition:
    release = heading.release
    keys = Release.objects.filter(number__lt=release.number).order_by("-number").values_list("rounding_key", flat=True)
    return Edition(
        heading=heading,
        printed=load_printed(release),
        earlier=tuple(load_printed(one) for one in list_earlier(release.period)),
        key_before=keys.first() or "",
        is_invented=is_invented,
    )


def collect_cells(printed: Printed, earlier: Iterable[Printed]) -> Cells:
    """Return the cells that a release printed, and the months that earlier releases printed in its place."""
    cells: dict[str, dict[tuple[str, ...], PrintedCell]] = {code: {} for code in TABLES}
    for release in (*earlier, printed):
        for table in release["tables"]:
            if release is printed or table["by"] == ["month"]:
                for cell, value in table["cells"]:
                    cells[table["code"]][tuple(cell)] = PrintedCell(release["number"], release["period"], value)
    return cells


def list_figures(table: Table, cells: Cells, release: Release) -> Iterator[Row]:
    for cell in table.cells():
        if table.by != ("month",) or cell[0] in release.period.months:
            yield describe_figure(table, cell, cells[table.code].get(cell), release)


def describe_figure(table: Table, cell: tuple[str, ...], printed: PrintedCell | None, release: Release) -> Row:
    """Return one row. None in it stands for what is not known, or does not apply."""
    value = printed.value if printed else None
    known = Cell(value, State.SHOWN)
    return {
        "release": printed.release if printed else release.number,
        "period": printed.period if printed else str(release.period),
        "table": table.code,
        "table_label": name_table(table.code),
        "counts": table.counts,
        **describe_categories(table, cell),
        "value": value,
        "low": None if value is None else known.low,
        "high": None if value is None else known.high,
        "rounded": value is not None,
        "below_threshold": printed is not None and value is None,
        "table_closed": printed is None,
    }


def describe_categories(table: Table, cell: tuple[str, ...]) -> Row:
    """Return the region, and the one other category that a cell may have."""
    found: Row = dict.fromkeys(("region", "region_label", "category", "category_label"))
    for classification, code in zip(table.by, cell, strict=True):
        name = "region" if classification == "region" else "category"
        found |= {name: code, f"{name}_label": label_category(classification, code)}
    return found


def format_period(period: Period) -> str:
    """Return « année 2025 » or « 3e trimestre 2025 »."""
    if period.quarter:
        return f"{QUARTERS[f'T{period.quarter}']} {period.year}"
    return _("année %d") % period.year

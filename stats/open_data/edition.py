"""One release as open data: its rows, and why a table is closed. Read from what was printed, and from nothing else.

A numbered release never changes, so each process reads one once and keeps the last few that were asked for.
"""

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
from stats.disclosure.figures import OPENS_FROM
from stats.disclosure.tables import SHORT_LIST_OF, Table, list_tables
from stats.enums import Stratum
from stats.open_data.definitions import explain_opening, name_table
from stats.pages.wording import format_day
from stats.releases.reading import Cell, State
from stats.releases.rows import Release
from stats.releases.seal import Printed, list_earlier, load_printed

type Row = dict[str, Any]

# How many releases a process keeps: each is some hundred kilobytes, files included.
EDITIONS_KEPT = 4


class TableState(NamedTuple):
    """How much of a table is printed; `why`: the reason for which nothing is, empty if something is."""

    code: str
    name: str
    numbered: int
    below: int
    closed: int
    why: str


@dataclass(frozen=True, eq=False)
class Edition:
    """A release with its words; its numbers are read when they are first needed. `is_invented`: a demonstration."""

    release: Release
    is_invented: bool

    @property
    def number(self) -> int:
        return self.release.number

    @property
    def period(self) -> str:
        """Return « année 2025 » or « 3e trimestre 2025 »."""
        year, quarter = self.release.period
        return f"{QUARTERS[f'T{quarter}']} {year}" if quarter else _("année %d") % year

    @property
    def path(self) -> str:
        return reverse("stats_release", args=[self.number])

    @property
    def url(self) -> str:
        return settings.SITE_URL + self.path

    @property
    def published_on(self) -> date:
        """The day in Paris, which may be the one after that of universal time."""
        return localtime(self.release.published_at).date()

    @property
    def published_day(self) -> str:
        return format_day(self.published_on)

    @property
    def title(self) -> str:
        words = {"period": self.period, "number": self.number}
        title = _("Incidents déclarés par les collectivités, %(period)s, publication no %(number)d") % words
        return _("Démonstration, nombres inventés : %s") % title if self.is_invented else title

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

    @cached_property
    def has_new_key(self) -> bool:
        """Whether the secret of the rounding is not that of the release before."""
        before = Release.objects.filter(number__lt=self.number).order_by("-number").first()
        return before is not None and before.rounding_key != self.release.rounding_key

    @property
    def tables(self) -> tuple[Table, ...]:
        return list_tables(self.release.period)

    @cached_property
    def printed(self) -> Printed:
        """What was signed."""
        return load_printed(self.release)

    @cached_property
    def earlier(self) -> list[Printed]:
        """What was signed of the quarters of its year."""
        return [load_printed(release) for release in list_earlier(self.release.period)]

    @cached_property
    def figures(self) -> list[Row]:
        """Every cell of the fixed list, whether or not it is printed; a month as the first release printed it."""
        cells = {
            (table["code"], *cell): {"release": printed["number"], "period": printed["period"], "value": value}
            for printed in (*self.earlier, self.printed)
            for table in printed["tables"]
            if printed is self.printed or table["by"] == ["month"]
            for cell, value in table["cells"]
        }
        return [
            describe_figure(table, cell, cells.get((table.code, *cell)), self.release)
            for table in self.tables
            for cell in table.cells()
            if table.by != ("month",) or cell[0] in self.release.period.months
        ]

    @property
    def printed_figures(self) -> list[Row]:
        """The cells that are printed, dashes included."""
        rows = [row for row in self.figures if not row["table_closed"]]
        return [{name: value for name, value in row.items() if name != "table_closed"} for row in rows]

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
        flags = ("rounded", "below_threshold", "table_closed")
        shown, below, closed = (sum(row[flag] for row in rows) for flag in flags)
        why = "" if shown or below else self.explain_closing(table)
        return TableState(table.code, name_table(table.code), shown, below, closed, why)

    def explain_closing(self, table: Table) -> str:
        long = next((long for long, short in SHORT_LIST_OF.items() if short == table.code), "")
        if any(row["table"] == long and not row["table_closed"] for row in self.figures):
            return _("« %s » paraît à sa place, avec plus de détail.") % name_table(long)
        if not self.is_scarce(table):
            return _("À côté des autres nombres, il en aurait trop dit : la vérification l’a fermé.")
        return _("Trop peu de cas pour ce tableau.") + " " + explain_opening(table)

    def is_scarce(self, table: Table) -> bool:
        """Tell whether the totals that open the table are too small: else the audit has closed it, or its total."""
        total = [row for row in self.figures if row["table"] == table.opened_by]
        if not total or (table.opened_by != table.code and all(row["table_closed"] for row in total)):
            return False
        crossed = table.categories_opened_by
        has_categories = not crossed or self.reaches(crossed, OPENS_FROM)
        return not (self.reaches(table.opened_by, table.opens_from) and has_categories)

    def reaches(self, code: str, least: int) -> bool:
        """Tell whether any number of a table, as printed, is at least that."""
        return any((row["value"] or 0) >= least for row in self.figures if row["table"] == code)


def list_editions() -> list[Edition]:
    """Return every release, the last one first."""
    return [Edition(release, is_demonstration()) for release in Release.objects.order_by("-number")]


def find_last_edition() -> Edition | None:
    """Return the release of the last published year; while no year is, the last of all."""
    releases = Release.objects.order_by("-number")
    release = releases.filter(quarter=0).first() or releases.first()
    return read_edition(release) if release else None


def read_edition(release: Release) -> Edition:
    """Return the edition that this process keeps: a few queries the first time that its numbers are needed."""
    return load_edition(release, release.digest, is_demonstration())


@lru_cache(maxsize=EDITIONS_KEPT)
def load_edition(release: Release, _digest: str, is_invented: bool) -> Edition:
    return Edition(release, is_invented)


def describe_figure(table: Table, cell: tuple[str, ...], printed: Row | None, release: Release) -> Row:
    """Return one row. None in it stands for what is not known, or does not apply."""
    row = printed or {"release": release.number, "period": str(release.period), "value": None}
    known = Cell(row["value"], State.SHOWN) if row["value"] is not None else None
    return {
        "release": row["release"],
        "period": row["period"],
        "table": table.code,
        "table_label": name_table(table.code),
        "counts": table.counts,
        **describe_categories(table, cell),
        "value": row["value"],
        "low": known and known.low,
        "high": known and known.high,
        "rounded": known is not None,
        "below_threshold": printed is not None and known is None,
        "table_closed": printed is None,
    }


def describe_categories(table: Table, cell: tuple[str, ...]) -> Row:
    """Return the region, and the one other category that a cell may have."""
    found: Row = dict.fromkeys(("region", "region_label", "category", "category_label"))
    for classification, code in zip(table.by, cell, strict=True):
        name = "region" if classification == "region" else "category"
        found |= {name: code, f"{name}_label": label_category(classification, code)}
    return found

"""Every table of an exact page in one shape, for the files: lines, columns, and the year before beside each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.dates import MONTHS
from django.utils.translation import gettext as _

from stats.counting.breakdowns import Breakdown
from stats.counting.exact import ExactYear
from stats.counting.rates import Rate
from stats.pages.labels import upper_first

# A float is a share between 0 and 1; None is what is not known, or cannot be compared.
type Value = int | float | None


@dataclass(frozen=True)
class Row:
    label: str
    values: tuple[Value, ...]
    before: tuple[Value, ...]
    is_total: bool = False

    @property
    def cells(self) -> list[tuple[Value, Value]]:
        """Each value beside that of the year before."""
        return list(zip(self.values, self.before, strict=True))


@dataclass(frozen=True)
class Table:
    """`now` and `before` name the periods of the two years.

    `before` is "" where the year before is not known: what its rows say of it then means nothing.
    """

    sheet: str
    title: str
    heading: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    now: str
    before: str


def list_tables(exact: ExactYear) -> list[Table]:
    """Return every table of the page, in its order."""
    return [
        table_of_totals(exact),
        table_of_bodies(exact),
        table_of_months(exact),
        *([table_of_regions(exact)] if exact.regions else []),
        *(table_of_breakdown(exact, one) for one in exact.breakdowns if one.lines),
        *([table_of_rates(exact)] if exact.rates else []),
    ]


def name_measures() -> tuple[str, ...]:
    """Return what is counted each month, in the order of COLUMNS."""
    return _("Déclarés"), _("Incidents"), _("Signalements"), _("Interruptions"), _("Fuites")


def table_of_totals(exact: ExactYear) -> Table:
    before = exact.before.total.figures if exact.before else (None,) * len(exact.total.figures)
    rows = [
        Row(label, (value,), (earlier,))
        for label, value, earlier in zip(name_measures(), exact.total.figures, before, strict=True)
    ]
    return make_table(exact, _("Totaux"), _("Totaux de l’année"), _("Total"), rows)


def table_of_bodies(exact: ExactYear) -> Table:
    """The year before is whole here: distinct bodies are known for a year, not for some of its months."""
    now, before = exact.body_count, exact.before.bodies if exact.before else None
    rows = [
        Row(_("Ayant déclaré un incident"), (now.declared,), (before.declared if before else None,)),
        Row(_("Avec une interruption ou une fuite"), (now.hit,), (before.hit if before else None,)),
    ]
    title = _("Collectivités, chacune comptée une fois")
    return make_table(exact, _("Collectivités"), title, _("Collectivités"), rows, is_whole=True)


def table_of_months(exact: ExactYear) -> Table:
    nothing: tuple[Value, ...] = (None,) * len(exact.total.figures)
    rows = [
        Row(upper_first(str(MONTHS[now.first.month])), now.figures, before.figures if before else nothing)
        for now, before in exact.month_pairs
    ]
    total_before = exact.before.total.figures if exact.before else nothing
    rows.append(Row(_("Ensemble"), exact.total.figures, total_before, is_total=True))
    return Table(
        _("Mois"),
        _("Mois par mois"),
        _("Mois"),
        name_measures(),
        rows,
        str(exact.year),
        str(exact.year - 1) if exact.before else "",
    )


def table_of_regions(exact: ExactYear) -> Table:
    rows = [Row(line.name, (line.value,), (line.before,)) for line in exact.regions]
    return make_table(exact, _("Régions"), _("Incidents par région"), _("Région"), rows)


def table_of_breakdown(exact: ExactYear, breakdown: Breakdown) -> Table:
    rows = [Row(upper_first(line.label), (line.value,), (line.before,)) for line in breakdown.lines]
    return make_table(exact, breakdown.sheet, breakdown.title, breakdown.heading, rows)


def table_of_rates(exact: ExactYear) -> Table:
    columns = (_("Existantes"), _("Ayant déclaré un incident"), _("Taux"), _("Avec interruption ou fuite"))
    rows = [Row(upper_first(rate.label), values_of_rate(rate), values_of_rate(rate.before)) for rate in exact.rates]
    before = name_whole_year_before(exact)
    title = _("Taux de collectivités ayant déclaré")
    return Table(_("Taux"), title, _("Collectivités"), columns, rows, str(exact.year), before)


def values_of_rate(rate: Rate | None) -> tuple[Value, ...]:
    return (rate.bodies, rate.declared, rate.share, rate.hit) if rate else (None,) * 4


def make_table(
    exact: ExactYear, sheet: str, title: str, heading: str, rows: list[Row], *, is_whole: bool = False
) -> Table:
    """Return a table of one column. `is_whole`: the year before is not cut to the same months."""
    before = name_whole_year_before(exact) if is_whole else exact.before.label if exact.before else ""
    return Table(sheet, title, heading, (_("Nombre"),), rows, str(exact.year), before)


def name_whole_year_before(exact: ExactYear) -> str:
    """Return « 2025 », or « Toute l’année 2025 » beside a year that goes on."""
    if exact.before is None:
        return ""
    return _("Toute l’année %d") % exact.before.year if exact.is_running else str(exact.before.year)


def list_cells(table: Table) -> Iterator[tuple[str, str, Value, Value]]:
    """Yield (line, column, value, value of the year before) of each cell, without totals of lines above them."""
    for row in table.rows:
        for column, (value, before) in zip(table.columns, row.cells, strict=True):
            if not row.is_total:
                yield row.label, column, value, before if table.before else None

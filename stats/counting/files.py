"""The files of an exact page: one CSV of all its tables, and a spreadsheet with a sheet for each."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import xlsxwriter
from django.http import Http404
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from stats.counting.exact import ExactYear
from stats.counting.tables import Row, Table, Value, list_cells
from stats.pages.labels import bind, lower_first

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
CSV_COLUMNS = ("annee", "tableau", "ligne", "mesure", "valeur", "periode_precedente", "valeur_precedente")
WIDEST = 60  # characters of a column
NARROWEST = 12


@dataclass(frozen=True)
class FileFormat:
    media_type: str
    write: Callable[[ExactYear, Sequence[Table]], bytes]


def find_format(suffix: str) -> FileFormat:
    """Return how files with this suffix are written. Raise Http404 if there are none."""
    if suffix not in FORMATS:
        raise Http404
    return FORMATS[suffix]


def neutralise(text: str) -> str:
    """Return the text with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


# CSV


def write_csv(exact: ExactYear, tables: Sequence[Table]) -> bytes:
    """Return one line for each cell, as RFC 4180 wants it, in UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for table in tables:
        for line, column, value, before in list_cells(table):
            words = [neutralise(one) for one in (table.title, line, column)]
            writer.writerow([exact.year, *words, as_text(value), table.before, as_text(before)])
    return text.getvalue().encode()


def as_text(value: Value) -> str:
    """Return a number as CSV holds it, shares with six digits; "" for what is not known."""
    if value is None:
        return ""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


# XLSX


@dataclass(frozen=True)
class Styles:
    """The formats of one workbook."""

    head: Format
    words: Format
    number: Format
    share: Format
    total_words: Format
    total_number: Format

    def of_value(self, value: Value, *, is_total: bool) -> Format:
        if isinstance(value, float):
            return self.share
        return self.total_number if is_total else self.number


def write_xlsx(exact: ExactYear, tables: Sequence[Table]) -> bytes:
    """Return a workbook: what to know before using the numbers, then one sheet for each table."""
    held = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(held, options) as workbook:
        workbook.set_properties({"title": title_of(exact), "author": "Tocsin"})
        styles = make_styles(workbook)
        write_notice(workbook.add_worksheet(_("À lire")), exact, styles)
        for table in tables:
            write_sheet(workbook.add_worksheet(table.sheet), table, styles)
    return held.getvalue()


def make_styles(workbook: xlsxwriter.Workbook) -> Styles:
    top = {"top": 1, "bold": True}
    return Styles(
        head=workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        words=workbook.add_format({"text_wrap": True, "valign": "top"}),
        number=workbook.add_format({"num_format": "#,##0", "valign": "top"}),
        share=workbook.add_format({"num_format": "0.00%", "valign": "top"}),
        total_words=workbook.add_format(top),
        total_number=workbook.add_format(top | {"num_format": "#,##0"}),
    )


def title_of(exact: ExactYear) -> str:
    return _("Chiffres exacts, %(scope)s, %(year)d") % {"scope": exact.scope.title, "year": exact.year}


def write_notice(sheet: Worksheet, exact: ExactYear, styles: Styles) -> None:
    """Write what the page says above its tables, so that the numbers do not travel without it."""
    written = date_format(timezone.localtime(timezone.now()), "j F Y, H:i")
    lines = [
        title_of(exact),
        _("Ces nombres sont exacts et peuvent désigner une commune. Ne les publiez pas."),
        _("Incidents, signalements, interruptions et fuites : ce qu’un centre a vérifié."),
        *exact.notes,
        _("Fichier fait le %s (heure de Paris). Sa lecture est notée.") % written,
    ]
    sheet.set_column(0, 0, 90)
    for number, line in enumerate(lines):
        sheet.write_string(number, 0, neutralise(bind(line)), styles.words if number else styles.head)


def write_sheet(sheet: Worksheet, table: Table, styles: Styles) -> None:
    heads = [table.heading, *list_heads(table)]
    for column, head in enumerate(heads):
        sheet.write_string(0, column, neutralise(head), styles.head)
    for number, row in enumerate(table.rows, 1):
        write_row(sheet, number, row, table, styles)
    sheet.freeze_panes(1, 1)
    labels = [table.heading, *(row.label for row in table.rows)]
    sheet.set_column(0, 0, min(WIDEST, max(len(label) for label in labels) + 2))
    for column, head in enumerate(heads[1:], 1):
        sheet.set_column(column, column, max(NARROWEST, min(24, len(head) + 2)))


def list_heads(table: Table) -> list[str]:
    """Return the heads of the numbers: each column, then the same of the year before."""
    periods = [table.now, table.before] if table.before else [table.now]
    return [f"{name}, {lower_first(period)}" for name in table.columns for period in periods]


def write_row(sheet: Worksheet, number: int, row: Row, table: Table, styles: Styles) -> None:
    words = styles.total_words if row.is_total else styles.words
    sheet.write_string(number, 0, neutralise(row.label), words)
    values: list[Value] = list(row.values)
    if table.before:
        values = [value for pair in row.cells for value in pair]
    for column, value in enumerate(values, 1):
        if value is not None:
            sheet.write_number(number, column, value, styles.of_value(value, is_total=row.is_total))


FORMATS = {
    "csv": FileFormat("text/csv; charset=utf-8", write_csv),
    "xlsx": FileFormat("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx),
}

"""The files of an exact page: one CSV file of all its tables, and a workbook with one worksheet for each table."""

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils import timezone

from core.french import format_day
from core.text import neutralise_formula
from stats.exact.tables import ExactRow, ExactTable, Value
from stats.exact.year import ExactYear
from stats.labels import bind_words, lower_first

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

CSV_COLUMNS = ("annee", "tableau", "ligne", "mesure", "valeur", "periode_precedente", "valeur_precedente")
# Widths of columns, in characters.
WIDEST_LABEL, NARROWEST, WIDEST = 60, 12, 24

type Styles = dict[str, Format]


# CSV


def render_exact_csv(exact: ExactYear, tables: Iterable[ExactTable]) -> bytes:
    """Return a CSV file (RFC 4180, UTF-8) with one line for each cell. Rows of totals are left out."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for table in tables:
        for row in table.rows:
            for column, (value, before) in zip(table.columns, row.cells, strict=True):
                if not row.is_total:
                    words = [neutralise_formula(word) for word in (table.title, row.label, column)]
                    writer.writerow([exact.year, *words, format_value(value), table.before, format_value(before)])
    return text.getvalue().encode()


def format_value(value: Value) -> str:
    """Return a number as text: six decimals for a share, "" for None."""
    if value is None:
        return ""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


# XLSX


def render_exact_workbook(exact: ExactYear, tables: Iterable[ExactTable]) -> bytes:
    """Return an XLSX workbook with one worksheet of notes, then one worksheet for each table."""
    import xlsxwriter  # noqa: PLC0415  (5 MB in each process of the site, few of which ever make a workbook)

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as workbook:
        title = f"Chiffres exacts, {exact.scope.title}, {exact.year}"
        workbook.set_properties({"title": title, "author": "Tocsin"})
        styles = make_styles(workbook)
        write_notice(workbook.add_worksheet("À lire"), title, exact, styles)
        for table in tables:
            write_exact_sheet(workbook.add_worksheet(table.sheet), table, exact.year, styles)
    return content.getvalue()


def make_styles(workbook: "Workbook") -> Styles:
    """Return the cell formats of the workbook by name."""
    total = {"top": 1, "bold": True}
    formats = {
        "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"},
        "words": {"text_wrap": True, "valign": "top"},
        "number": {"num_format": "#,##0", "valign": "top"},
        "share": {"num_format": "0.00%", "valign": "top"},
        "total words": total,
        "total number": total | {"num_format": "#,##0"},
    }
    return {name: workbook.add_format(properties) for name, properties in formats.items()}


def write_notice(sheet: "Worksheet", title: str, exact: ExactYear, styles: Styles) -> None:
    """Write the worksheet of notes to read before the numbers are used. It includes the notes of the page."""
    written = timezone.localtime(timezone.now())
    moment = f"{format_day(written)}, {written:%H:%M}"
    lines = [
        title,
        "Ces nombres sont exacts et peuvent désigner une commune. Ne les publiez pas.",
        "Incidents, signalements, interruptions, fuites et collectivités : ce qu’un centre a vérifié.",
        *exact.notes,
        *(["Une case vide, dans le tableau des mois : avant le service."] if exact.since else []),
        f"Fichier fait le {moment} (heure de Paris). Sa lecture est notée.",
    ]
    sheet.set_column(0, 0, 90)
    for number, line in enumerate(lines):
        sheet.write_string(number, 0, neutralise_formula(bind_words(line)), styles["words" if number else "head"])


def write_exact_sheet(sheet: "Worksheet", table: ExactTable, year: int, styles: Styles) -> None:
    """Write a table, with the row of headings and the column of labels frozen.

    If the table is compared, the same column of the year before stands beside each column.
    """
    periods = [str(year), table.before] if table.before else [str(year)]
    heads = [f"{column}, {lower_first(period)}" for column in table.columns for period in periods]
    for number, head in enumerate([table.heading, *heads]):
        sheet.write_string(0, number, neutralise_formula(head), styles["head"])
        sheet.set_column(number, number, max(NARROWEST, min(WIDEST, len(head) + 2)))
    widest = max(len(label) for label in [table.heading, *(row.label for row in table.rows)])
    sheet.set_column(0, 0, min(WIDEST_LABEL, widest + 2))
    for number, row in enumerate(table.rows, 1):
        values = [value for cell in row.cells for value in (cell if table.before else cell[:1])]
        write_row(sheet, number, row, values, styles)
    sheet.freeze_panes(1, 1)


def write_row(sheet: "Worksheet", number: int, row: ExactRow, values: Iterable[Value], styles: Styles) -> None:
    """Write the label and the values of one row. A value that is None leaves its cell empty."""
    total = "total " if row.is_total else ""
    sheet.write_string(number, 0, neutralise_formula(row.label), styles[f"{total}words"])
    for column, value in enumerate(values, 1):
        if value is not None:
            style = styles["share" if isinstance(value, float) else f"{total}number"]
            sheet.write_number(number, column, value, style)


# Suffix of the file → its media type and the function that writes it.
FORMATS = {
    "csv": ("text/csv; charset=utf-8", render_exact_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", render_exact_workbook),
}

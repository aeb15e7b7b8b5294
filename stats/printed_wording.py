"""The format of cells, places and dates in sentences about figures."""

from collections.abc import Iterable

from collectivities.models import Region
from core.french import NBSP, format_day, format_number
from csirts.wording import format_region_with_de, format_region_with_en
from stats.categories import QUARTERS
from stats.disclosure.figures import THRESHOLD
from stats.disclosure.tables import Period
from stats.labels import bind_words
from stats.releases.publish import find_due_day
from stats.releases.reading import BELOW, CLOSED, CellState, PrintedCell

# The text of a cell without a number.
WITHOUT_NUMBER = {
    CellState.BELOW: "moins de %(least)s collectivités",
    CellState.CLOSED: "pas publié",
    CellState.WAITING: "à venir",
    CellState.EARLIER: "avant le service",
}
# Short texts for a cell without room for these words. A legend explains them.
NARROW_TEXTS = {CellState.BELOW: "–", CellState.CLOSED: "n. p."}


def format_cell(cell: PrintedCell) -> str:
    """Return the printed number of a cell, or the text that replaces it. That text never says zero."""
    if cell.value is not None:
        return format_number(cell.value)
    return WITHOUT_NUMBER[cell.state] % {"least": THRESHOLD}


def format_narrow_cell(cell: PrintedCell) -> str:
    """Return the printed number, or « – » or « n. p. », for a cell without room for a text.

    Show the legend of `explain_narrow_cells` beside it.
    """
    return NARROW_TEXTS[cell.state].replace(" ", NBSP) if cell.state in NARROW_TEXTS else format_cell(cell)


def explain_narrow_cells(cells: Iterable[PrintedCell]) -> str:
    """Return the legend of the short texts in these cells, or "" if no cell has a short text.

    An example is « – : moins de 5 collectivités. n. p. : pas publié. »
    """
    used = {cell.state for cell in cells}
    return " ".join(
        bind_words(f"{format_narrow_cell(cell)} : {format_cell(cell)}.")
        for cell in (BELOW, CLOSED)
        if cell.state in used
    )


def format_place(region: Region | None) -> str:
    """Return the place inside a sentence: « en Bretagne » or « en France »."""
    return format_region_with_en(region) if region else "en France"


def format_heading(region: Region | None, year: int) -> str:
    """Return the heading of a page or a report on a place and year."""
    return "Les incidents dans les collectivités {of}, {year}".format(
        of=format_region_with_de(region) if region else "françaises",
        year=year,
    )


def format_period(period: Period) -> str:
    """Return the name of a period without an article: « 1er trimestre 2026 » or « année 2026 »."""
    if not period.quarter:
        return f"année {period.year}"
    return f"{QUARTERS[f'T{period.quarter}']} {period.year}"


def format_due_day(year: int) -> str:
    """Return the date from which a year is published, as text: « 1er avril 2027 »."""
    return format_day(find_due_day(Period(year)))

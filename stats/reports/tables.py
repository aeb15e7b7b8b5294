"""The tables and charts of a report as inert data: words, numbers and codes, which the template draws.

A cell is a text and its state, so that what is no number never looks like a number.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from stats.categories import QUARTERS, SHORT_MONTHS
from stats.enums import Measure
from stats.pages import titles
from stats.pages.charts import WIDE, Plot
from stats.pages.labels import bind, format_number, lower_first, upper_first
from stats.pages.map import TILES, MapLine, draw_map
from stats.pages.page import TOTALS, Page
from stats.pages.rates import StratumRate, list_rates
from stats.pages.sections import Section, list_delays, list_sections
from stats.pages.wording import format_cell, format_place
from stats.releases.reading import Cell, State

type Content = dict[str, Any]


# Cells


def describe_cell(cell: Cell, *, level: int = 0) -> Content:
    return {"text": format_cell(cell), "kind": cell.state.value, "value": cell.value, "level": level}


def describe_narrow_cell(cell: Cell, *, level: int = 0) -> Content:
    """Return a cell for which the words « moins de 5 collectivités » are too long."""
    return describe_cell(cell, level=level) | ({"text": _("moins de 5")} if cell.state is State.BELOW else {})


def describe_line(label: str, cells: Iterable[Content]) -> Content:
    return {"label": bind(upper_first(label)), "cells": list(cells)}


def describe_table(heads: Sequence[object], lines: list[Content]) -> Content:
    return {"heads": [bind(upper_first(str(head))) for head in heads], "lines": lines}


# Along time


def describe_trend(page: Page) -> Content | None:
    """Return the months of the nation, or the quarters of a région; None where none has a number."""
    names, cells, before = zip(*titles.list_periods(page), strict=True)
    if not any(cell.is_shown for cell in cells):
        return None
    has_before = any(cell.is_shown for cell in before)
    plot = Plot(WIDE, len(names), max(cell.value or 0 for cell in (*cells, *before)))
    heads = [*names] if page.region else [*SHORT_MONTHS]
    rows = {page.year: cells} | ({page.year - 1: before} if has_before else {})
    return {
        "caption": _("Incidents par %s") % titles.period_name(page),
        "title": titles.title_months(page),
        "under": titles.under_months(page),
        "alt": titles.summarize_months(page),
        "names": heads,
        "highest": plot.highest,
        "ticks": [{"value": at, "text": format_number(at)} for at in range(0, plot.highest + 1, plot.step)],
        "now": describe_series(page.year, cells),
        "before": describe_series(page.year - 1, before) if has_before else None,
        "table": describe_table(
            [_("Incidents"), *heads],
            [describe_line(str(year), map(describe_narrow_cell, row)) for year, row in rows.items()],
        ),
    }


def describe_series(year: int, cells: Iterable[Cell]) -> Content:
    return {"label": str(year), "cells": [describe_cell(cell) for cell in cells]}


def describe_quarters(page: Page) -> Content | None:
    """Return the four totals of each quarter and of the year; None of a région, or without a quarter."""
    if page.region or not page.printed.quarters:
        return None
    columns = [[*page.quarters(counts), page.total(counts)] for counts in TOTALS]
    labels = [*map(str, QUARTERS.values()), str(page.year)]
    rows = zip(labels, zip(*columns, strict=True), strict=True)
    return {
        "caption": _("Totaux par trimestre"),
        "title": _("Trimestre par trimestre"),
        "under": titles.under_quarters(),
        **describe_table(
            [_("Trimestre"), *(Measure(counts).label for counts in TOTALS)],
            [describe_line(label, map(describe_cell, row)) for label, row in rows],
        ),
    }


# France


def describe_map(page: Page) -> Content | None:
    drawn = draw_map(page)
    if drawn is None:
        return None
    tiles = {one.line.code: describe_tile(one) for one in drawn.tiles}
    unplaced = describe_narrow_cell(drawn.unplaced.cell)
    unplaced |= {"label": upper_first(drawn.unplaced.label), "is_mine": False}
    return {
        "caption": _("Incidents par région"),
        "title": titles.title_map(page),
        "under": titles.under_map(page),
        "alt": titles.summarize_map(page),
        "tiles": [tiles[code] for code in TILES if code in tiles],
        "small": [describe_tile(one) for one in drawn.tiles if one.is_small],
        "lines": [
            *tiles.values(),
            {
                "label": upper_first(drawn.unplaced.label),
                "is_mine": False,
                **describe_narrow_cell(drawn.unplaced.cell),
            },
        ],
        "steps": [{"level": level, "text": text} for level, text in drawn.steps],
        "has_below": drawn.has_dash,
        "below": format_cell(Cell(None, State.BELOW)),
    }


def describe_tile(one: MapLine) -> Content:
    place = TILES[one.line.code]._asdict() if one.line.code in TILES else {}
    names = {"label": one.line.label, "letters": one.letters, "is_mine": one.is_chosen}
    return describe_narrow_cell(one.line.cell, level=one.level) | names | place


# Bars


def describe_sections(page: Page) -> dict[str, Content]:
    """Return each open table, by its code."""
    return {section.code: describe_section(section) for section in list_sections(page)}


def describe_section(section: Section) -> Content:
    return {
        "code": section.code,
        "caption": section.caption,
        "title": section.title,
        "under": section.subtitle,
        "head": section.heading,
        "lines": [
            {
                "label": bind(upper_first(bar.label)),
                "text": format_number(bar.value),
                "share": float(bar.share),
                "is_rest": bar.is_rest,
            }
            for bar in section.bars
        ],
        "total": section.total,
        "notes": [note for note in (list_beyond(section), section.note) if note],
    }


def list_beyond(section: Section) -> str:
    """Return the categories that have a number and no bar."""
    drawn = {bar.label for bar in section.bars}
    others = [line for line in section.breakdown.shown if line.label not in drawn]
    others.sort(key=lambda line: -(line.cell.value or 0))
    numbers = " ; ".join(f"{lower_first(line.label)} {format_cell(line.cell)}" for line in others)
    return bind(_("Puis : %s.") % numbers) if others else ""


def describe_delays(page: Page) -> Content | None:
    delays = list_delays(page)
    if delays is None:
        return None
    return {
        "caption": _("Délais par tranche"),
        "title": delays.title,
        "under": delays.subtitle,
        **describe_table(
            [_("Temps"), *delays.heads],
            [
                describe_line(label, [describe_cell(cell, level=level) for cell, level in cells])
                for label, cells in delays.lines
            ],
        ),
    }


# Rates


def describe_rates(page: Page) -> Content | None:
    rates = list_rates(page)
    if not rates:
        return None
    highest = max((rate.high for rate in rates if rate.has_share), default=1)
    return {
        "caption": _("Taux de collectivités ayant déclaré"),
        "title": titles.title_strata(rates),
        "under": titles.under_strata(page),
        "lines": [describe_rate(rate, highest) for rate in rates],
    }


def describe_rate(rate: StratumRate, highest: float) -> Content:
    """`low` and `high` are parts of the widest share."""
    return {
        "label": bind(upper_first(rate.label)),
        "text": rate.text or format_cell(rate.cell),
        "range": rate.share_text,
        "kind": rate.cell.state.value if rate.has_share else State.BELOW.value,
        "low": rate.low / highest,
        "high": rate.high / highest,
    }


def label_place(page: Page) -> str:
    """Return « En France », above what is of the nation in the report of a région."""
    return upper_first(format_place(page.region))

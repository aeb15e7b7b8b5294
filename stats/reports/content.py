"""The content of a report: four pages of sentences and printed figures, which the templates in `stats/typst` lay out.

All sentences are also on the page of the same place and year. If a figure is not printed for a région, the report
shows that of the nation and says so. A cell has a text and a state, so that no text looks like a number.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

from core.french import format_number
from stats.categories import QUARTERS, SHORT_MONTHS
from stats.disclosure.tables import SHORT_LIST_OF
from stats.enums import Measure
from stats.labels import bind_words, lower_first, upper_first
from stats.open_data.definitions import UNDER_DECLARED, UNITS
from stats.open_data.edition import Edition, read_edition
from stats.open_data.package import LICENCE
from stats.pages import method, sentences, titles
from stats.pages.charts import WIDE, Plot
from stats.pages.map import TILES, MapTile, draw_map
from stats.pages.page import TOTALS, FiguresPage, read_figures_page
from stats.pages.rates import StratumRate, list_stratum_rates
from stats.pages.sections import FiguresSection, SectionBar, make_delays_table, make_sections
from stats.printed_wording import explain_narrow_cells, format_cell, format_heading, format_narrow_cell, format_place
from stats.releases.reading import BELOW, CellState, PrintedCell
from stats.releases.rows import Release

type Content = dict[str, Any]

TEMPLATE = Path(__file__).parents[1] / "typst" / "report.typ"

CHAPTERS = (
    "L’essentiel",
    "Quand, où et quoi",
    "Ce qui s’est arrêté, ce qui est sorti, pourquoi",
    "Qui déclare, et comment lire ces chiffres",
)
# The entries of the dictionary that a report includes.
DEFINED_UNITS = ("incidents", "reports", "interruptions", "leaks", "bodies")
# The tables of each page whose absence is explained.
OVER_TIME = ("incidents_by_month", "incidents_by_region", "incidents_by_type")
EFFECTS = (
    *("interruptions_by_family", "interruptions_by_hours"),
    *("leaks_by_category", "leaks_by_persons", "leaks_by_status"),
    *("incidents_by_cause", "incidents_by_discovery", "incidents_by_help", "incidents_by_closing"),
)
RATES = ("bodies_by_stratum",)


def describe_report(release: Release, region: str) -> Content:
    """Return the data of the Typst template. `release` is a yearly release. `region` is a code, or "" for the
    nation.
    """
    edition = read_edition(release)
    # The page of the place and, for a région, the page of the nation.
    pages = [read_figures_page(region=code, year=str(release.year)) for code in dict.fromkeys((region, ""))]
    own, time, effects = pages[0], describe_time(pages), describe_effects(pages)
    rates = find_first_description(pages, describe_rates)
    return {
        "title": format_heading(own.region, own.year),
        "chapters": list(CHAPTERS),
        "release": bind_words(f"Publication no {edition.number} du {edition.published_day}"),
        "place": f"{label_place(own)}, {own.year}",
        "closed_label": label_place(pages[-1]) if own.region else "",
        "invented": "Démonstration : tous ces nombres sont inventés." if edition.is_invented else "",
        "address": edition.url.partition("://")[2],
        "essential": describe_summary(pages),
        "brief": [
            *list_summary_lines(2, time),
            *list_summary_lines(3, effects),
            *list_summary_lines(4, {"rates": rates}),
        ],
        "time": time | {"closed": list_closed_tables(edition, OVER_TIME)},
        "effects": effects | {"closed": list_closed_tables(edition, EFFECTS)},
        "rates": rates,
        "reading": describe_reading_guide(own, edition) | {"closed": list_closed_tables(edition, RATES)},
    }


def find_first_description(
    pages: list[FiguresPage], describe: Callable[[FiguresPage], Content | None]
) -> Content | None:
    """Describe the pages in order, and return the first description that is not empty, or None if all are empty.

    A description of another page than the first carries the label of its place.
    """
    for page in pages:
        if content := describe(page):
            return label_content(content, page, pages[0])
    return None


def label_content(content: Content, page: FiguresPage, own: FiguresPage) -> Content:
    """Return the content with the label of the place of `page`.

    The label is "" if `page` is `own`, which is the page of the report.
    """
    return content | {"label": "" if page is own else label_place(page)}


# Page 1


def describe_summary(pages: list[FiguresPage]) -> Content:
    """Return the first page: the key figures, and the sentences about the total."""
    own, nation = pages[0], pages[-1]
    counted_page = own if own.get_total().is_shown else nation
    beside = label_content({"story": sentences.list_summary_sentences(nation)}, nation, own)
    return label_content(
        {"keys": [asdict(key) for key in sentences.list_key_figures(counted_page)]}, counted_page, own
    ) | {
        "story": sentences.list_summary_sentences(own),
        "beside": None if own is nation else beside,
        "rounding": sentences.ROUNDING,
        "unknown": sentences.UNKNOWN_SHARE,
    }


def list_summary_lines(number: int, parts: Content) -> Iterator[Content]:
    """Yield one line of the summary for each table of a page: its page number, caption, label and title."""
    for part in parts.values():
        for table in part if isinstance(part, list) else [part]:
            if table:
                yield {"page": number, **{name: table[name] for name in ("caption", "label", "title")}}


# Pages 2 and 3


def describe_time(pages: list[FiguresPage]) -> Content:
    """Return the second page: the incidents by month, quarter, région and type."""
    return {
        "trend": find_first_description(pages, describe_trend),
        "quarters": find_first_description(pages, describe_quarters),
        "map": find_first_description(pages, describe_map),
        "types": find_first_description(pages, lambda page: describe_sections(page).get("types")),
    }


def describe_effects(pages: list[FiguresPage]) -> Content:
    """Return the third page: the delays, and every section except the section of types.

    If the table of a section is not open for the région, the section shows the nation.
    """
    sections: dict[str, Content] = {}
    for page in reversed(pages):
        sections |= {code: label_content(content, page, pages[0]) for code, content in describe_sections(page).items()}
    sections.pop("types", None)
    return {"sections": list(sections.values()), "delays": find_first_description(pages, describe_delays)}


def list_closed_tables(edition: Edition, codes: Iterable[str]) -> list[Content]:
    """Return the names of the tables of `codes` that are closed for the nation, grouped by the reason."""
    closed = {table.code: table for table in edition.closed_tables}
    replaced = {short for long, short in SHORT_LIST_OF.items() if long not in closed}
    names: dict[str, list[str]] = defaultdict(list)
    for code in codes:
        if code in closed and code not in replaced:
            names[closed[code].why].append(closed[code].name)
    return [
        {"names": bind_words(f"{upper_first(' ; '.join(table_names))}."), "why": reason}
        for reason, table_names in names.items()
    ]


# Page 4


def describe_reading_guide(own: FiguresPage, edition: Edition) -> Content:
    """Return the part of the fourth page that explains how to read the figures."""
    screen = ({"region": own.region.code} if own.region else {}) | {"annee": str(own.year)}
    return {
        "numbers": [bind_words(sentences.ROUNDING)],
        "method": method.list_method_paragraphs(),
        "missing": sentences.explain_missing_tables(own) if own.region else [],
        "definitions": [
            {"name": bind_words(upper_first(UNITS[code].name)), "text": bind_words(UNITS[code].definition)}
            for code in DEFINED_UNITS
        ],
        "limit": bind_words(UNDER_DECLARED),
        "late": sentences.format_late_line(own),
        "citation": bind_words(edition.citation),
        "licence": LICENCE,
        "url": edition.url,
        "screen": settings.SITE_URL + reverse("statistics", query=screen),
        "method_url": settings.SITE_URL + reverse("stats_method"),
        "definitions_url": settings.SITE_URL + reverse("stats_definitions"),
    }


# Cells


def describe_cell(cell: PrintedCell, *, level: int = 0) -> Content:
    """Return the text, state, number and level of colour of a cell."""
    return {"text": format_cell(cell), "kind": cell.state.value, "value": cell.value, "level": level}


def describe_narrow_cell(cell: PrintedCell, *, level: int = 0) -> Content:
    """Return a cell that has no room for the words « moins de 5 collectivités »."""
    return describe_cell(cell, level=level) | {"text": format_narrow_cell(cell)}


def describe_line(label: str, cells: Iterable[Content]) -> Content:
    """Return one line of a table: its label and its cells."""
    return {"label": bind_words(upper_first(label)), "cells": list(cells)}


def describe_report_table(heads: Sequence[str], lines: list[Content]) -> Content:
    """Return a table with its headings and its rows."""
    return {"heads": [bind_words(upper_first(head)) for head in heads], "lines": lines}


# Over time


def describe_trend(page: FiguresPage) -> Content | None:
    """Return the chart of months of the nation, or of quarters of a région. Return None if no period has a number."""
    names, cells, before = zip(*titles.list_chart_periods(page), strict=True)
    if not any(cell.is_shown for cell in cells):
        return None
    has_before = any(cell.is_shown for cell in before)
    plot = Plot(WIDE, len(names), max(cell.value or 0 for cell in (*cells, *before)))
    heads = [*names] if page.region else [*SHORT_MONTHS]
    rows = {page.year: cells} | ({page.year - 1: before} if has_before else {})
    return {
        "caption": f"Incidents par {titles.format_period_unit(page)}",
        "title": titles.format_months_title(page),
        "under": titles.format_months_subtitle(page),
        "alt": titles.summarise_months(page),
        "is_drawn": titles.has_enough_points(page),
        "legend": explain_narrow_cells(cell for row in rows.values() for cell in row),
        "names": heads,
        "highest": plot.highest,
        "ticks": [{"value": at, "text": format_number(at)} for at in range(0, plot.highest + 1, plot.step)],
        "now": describe_series(page.year, cells),
        "before": describe_series(page.year - 1, before) if has_before else None,
        "table": describe_report_table(
            ["Incidents", *heads],
            [describe_line(str(year), map(describe_narrow_cell, row)) for year, row in rows.items()],
        ),
    }


def describe_series(year: int, cells: Iterable[PrintedCell]) -> Content:
    """Return one line of a chart: its label and its cells."""
    return {"label": str(year), "cells": [describe_cell(cell) for cell in cells]}


def describe_quarters(page: FiguresPage) -> Content | None:
    """Return the table of the four totals by quarter and for the year, or None if no quarter has a number."""
    if not page.has_quarter_totals():
        return None
    rows = [describe_quarter(page, number) for number in page.printed.quarters]
    year = describe_line(str(page.year), (describe_cell(page.get_total(counts)) for counts in TOTALS))
    return {
        "caption": "Totaux par trimestre",
        "title": "Trimestre par trimestre",
        "under": titles.format_quarters_subtitle(page),
        **describe_report_table(
            ["Trimestre", *(Measure(counts).label for counts in TOTALS)],
            [*rows, year],
        ),
    }


def describe_quarter(page: FiguresPage, number: int) -> Content:
    """Return the row of one quarter: the four totals."""
    cells = (page.printed.get_cell(counts, quarter=number) for counts in TOTALS)
    return describe_line(QUARTERS[f"T{number}"], map(describe_narrow_cell, cells))


def describe_map(page: FiguresPage) -> Content | None:
    """Return the map of incidents by région, or None if its table is not open."""
    map_of_page = draw_map(page)
    if map_of_page is None:
        return None
    tiles = {tile.line.code: describe_tile(tile) for tile in map_of_page.tiles}
    unplaced = {"label": upper_first(map_of_page.unplaced.label), "is_mine": False}
    return {
        "caption": "Incidents par région",
        "title": titles.format_map_title(page),
        "under": titles.format_map_subtitle(page),
        "alt": titles.summarise_map(page),
        "tiles": [tiles[code] for code in TILES if code in tiles],
        "small": [describe_tile(tile) for tile in map_of_page.tiles if tile.is_small],
        "lines": [*tiles.values()],
        "unplaced": unplaced | describe_narrow_cell(map_of_page.unplaced.cell),
        "steps": [{"level": level, "text": text} for level, text in map_of_page.steps],
        "has_below": map_of_page.has_dash or map_of_page.unplaced.cell.state is CellState.BELOW,
        "below": explain_narrow_cells([BELOW]).rstrip("."),
    }


def describe_tile(tile: MapTile) -> Content:
    """Return one tile of the map, with its position."""
    place = TILES[tile.line.code]._asdict() if tile.line.code in TILES else {}
    names = {"label": tile.line.label, "letters": tile.letters, "is_mine": tile.is_chosen}
    return describe_narrow_cell(tile.line.cell, level=tile.level) | names | place


# Bars


def describe_sections(page: FiguresPage) -> dict[str, Content]:
    """Return a dict from the code of each section of the page to its content."""
    return {section.code: describe_report_section(section) for section in make_sections(page)}


def describe_report_section(section: FiguresSection) -> Content:
    """Return the chart of one breakdown, with its notes."""
    return {
        "code": section.code,
        "caption": section.caption,
        "title": section.title,
        "under": section.subtitle,
        "head": section.heading,
        "lines": [describe_bar(bar) for bar in section.bars],
        "total": section.total,
        "notes": [note for note in (format_undrawn_categories(section), section.note) if note],
    }


def describe_bar(bar: SectionBar) -> Content:
    """Return one bar of a chart."""
    words = {"label": bind_words(upper_first(bar.label)), "text": format_number(bar.value)}
    return words | {"share": float(bar.share), "is_other": bar.is_other}


def format_undrawn_categories(section: FiguresSection) -> str:
    """Return a sentence that lists the categories with a number but no bar, or "" if there are none."""
    drawn_lines = {bar.label for bar in section.bars}
    other_lines = [line for line in section.breakdown.numbered_lines if line.label not in drawn_lines]
    other_lines.sort(key=lambda line: -(line.cell.value or 0))
    numbers = " ; ".join(f"{lower_first(line.label)} {format_cell(line.cell)}" for line in other_lines)
    return bind_words(f"Puis : {numbers}.") if other_lines else ""


def describe_delays(page: FiguresPage) -> Content | None:
    """Return the table of delays, or None if none is open."""
    delays = make_delays_table(page)
    if delays is None:
        return None
    return {
        "caption": "Délais par tranche",
        "title": delays.title,
        "under": delays.subtitle,
        **describe_report_table(
            ["Temps", *delays.heads],
            [
                describe_line(label, [describe_cell(cell, level=level) for cell, level in cells])
                for label, cells in delays.lines
            ],
        ),
    }


def describe_rates(page: FiguresPage) -> Content | None:
    """Return the chart of the rates by stratum, or None if the page has none."""
    rates = list_stratum_rates(page)
    if not rates:
        return None
    highest = max((rate.high for rate in rates if rate.has_share), default=1)
    return {
        "caption": "Taux de collectivités ayant déclaré un incident vérifié",
        "title": titles.format_strata_title(rates),
        "under": titles.format_strata_subtitle(page),
        "lines": [describe_rate(rate, highest) for rate in rates],
    }


def describe_rate(rate: StratumRate, highest: float) -> Content:
    """Return one rate of the chart: its label, text, range and bar. `low` and `high` are fractions of `highest`."""
    return {
        "label": bind_words(upper_first(rate.label)),
        "text": rate.text or format_cell(rate.cell),
        "range": rate.share_text,
        "kind": rate.cell.state.value if rate.has_share else CellState.BELOW.value,
        "low": rate.low / highest,
        "high": rate.high / highest,
    }


def label_place(page: FiguresPage) -> str:
    """Return the label of the place of a page: « En France » or « En Bretagne »."""
    return upper_first(format_place(page.region))

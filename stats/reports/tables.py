"""The tables and the charts of a report as inert data: words, numbers and codes for the template, which draws them.

A cell is a text and its kind (shown, zero, merged, withheld, waiting), so that what is not a figure never looks like
one. Nothing is computed here but places on paper.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from csirts.wording import curly
from stats import titles
from stats.chance import Rate
from stats.charts import WIDE, Plot, heights
from stats.published import Page
from stats.published.lines import Line, Spread
from stats.published.numbers import Cell, State
from stats.published.places import ByRegion, OfRegion
from stats.published.spans import Row, Span
from stats.published.tables import Heat, Trend
from stats.sections import Delays, Section
from stats.tiles import SMALL, TILES
from stats.words import bound, cell_words, figure, interval_words, lower, over, percent, rate_range, step_words

type Said = dict[str, Any]

MERGED = "merged"


# Cells


def cell_said(one: Cell, *, level: int = 0) -> Said:
    return {"text": cell_words(one), "kind": one.state.value, "length": 1, "level": level}


def number_said(value: int | None) -> Said:
    """A total, which is said even where it is 0; None is « regroupé »."""
    return {"text": cell_words(value), "kind": "total" if value is not None else "withheld", "length": 1, "level": 0}


def span_said(span: Span) -> Said:
    said = cell_said(span.cell, level=span.level) | {"length": span.length}
    if span.is_merged:
        return said | {"text": f"{figure(span.value or 0)} {over(span)}", "kind": MERGED}
    if span.cell.is_withheld and span.length == 1:
        return said | {"text": _("regr.")}
    return said


def cells_of(row: Row) -> list[Said]:
    """Neighbours that are to come are one cell."""
    cells: list[Said] = []
    for is_waiting, same in groupby(row.spans, key=lambda span: span.cell.state is State.WAITING):
        some = list(same)
        if is_waiting:
            cells.append(cell_said(some[0].cell) | {"length": sum(span.length for span in some)})
        else:
            cells += [span_said(span) for span in some]
    return cells


def line_said(label: str, cells: list[Said], *, is_total: bool = False) -> Said:
    return {"label": bound(capfirst(str(label))), "cells": cells, "is_total": is_total}


def table_said(caption: str, heads: Sequence[str], lines: list[Said]) -> Said:
    return {"caption": caption, "heads": [str(head) for head in heads], "lines": lines}


# Along time


def trend_said(page: Page, trend: Trend) -> Said:
    rows = [trend.now, *([trend.before] if trend.before else [])]
    plot = Plot(WIDE, len(trend.periods), max(heights(rows), default=1))
    return {
        "title": titles.title_of_trend(page),
        "under": titles.under_trend(page),
        "alt": titles.summary_of_trend(page),
        "names": [period.short for period in trend.periods],
        "highest": plot.highest,
        "ticks": [{"value": at, "text": figure(at)} for at in range(0, int(plot.highest) + 1, plot.step)],
        "now": series_said(trend.now),
        "before": series_said(trend.before) if trend.before else None,
        "has_grouped": any(span.cell.is_withheld for row in rows for span in row.spans),
        "table": trend_table(trend, rows),
        "along": along_said(page),
    }


def series_said(row: Row) -> Said:
    return {"label": row.label, "spans": [point_said(span) for span in row.spans]}


def point_said(span: Span) -> Said:
    """`value`: the mean of a merged number, so that its area is what it counts; None where there is none."""
    value = None if span.value is None else span.value / span.length
    said = span_said(span)
    return said | {
        "first": span.first,
        "value": value,
        "figure": cell_words(span.value) if span.value is not None else "",
    }


def trend_table(trend: Trend, rows: list[Row]) -> Said:
    has_loose = any(row.loose for row in rows)
    heads = [_("Incidents"), *(period.short for period in trend.periods), *loose_head(has_loose), _("Total")]
    lines = [
        line_said(
            row.label,
            [*cells_of(row), *([number_said(row.loose)] if has_loose else []), number_said(row.total)],
        )
        for row in rows
    ]
    caption = _("Incidents par mois") if trend.by_month else _("Incidents par trimestre")
    return table_said(caption, heads, lines)


def loose_head(has_loose: bool) -> list[str]:
    return [_("Non ventilé")] if has_loose else []


def along_said(page: Page) -> Said | None:
    """Signalements, interruptions and leaks along the quarters: a line each."""
    along = page.along
    if along is None:
        return None
    lines = [
        line_said(
            str(measure.label),
            [
                *(cell_said(cells[column]) for _label, cells in along.lines),
                number_said(along.loose[column]),
                number_said(along.totals[column]),
            ],
        )
        for column, measure in enumerate(along.measures)
    ]
    heads = [_("Trimestre"), *(label for label, _cells in along.lines), _("Non ventilé"), _("Total")]
    return table_said(_("Le reste par trimestre"), heads, lines)


def types_said(heat: Heat) -> Said:
    loose = [_("Non ventilé")] if heat.has_loose else []
    lines = [
        *(heat_line(row, heat, row.total, loose=row.loose or None) for row in heat.rows),
        heat_line(heat.grouped, heat, heat.of_no_type, loose=heat.grouped.loose),
        heat_line(heat.total, heat, heat.total.total, loose=heat.total.loose, is_total=True),
    ]
    heads = [_("Type"), *(period.short for period in heat.periods), *loose, _("Total")]
    caption = _("Incidents par type et par mois") if heat.by_month else _("Incidents par type et par trimestre")
    return table_said(caption, heads, lines) | {
        "title": titles.title_of_types(heat),
        "under": titles.under_types(heat),
        "steps": steps_said(heat.steps),
        "states": sorted(heat.states),
    }


def heat_line(row: Row, heat: Heat, total: int | None, *, loose: int | None, is_total: bool = False) -> Said:
    cells = cells_of(row)
    if heat.has_loose:
        blank = {"text": "", "kind": "blank", "length": 1, "level": 0}
        cells.append(blank if loose is None else number_said(loose))
    return line_said(row.label, [*cells, number_said(total)], is_total=is_total)


def steps_said(steps: Iterable[tuple[int, int, int | None]]) -> list[Said]:
    return [{"level": step[0], "text": step_words(step)} for step in steps]


# France


def map_said(page: Page, regions: ByRegion) -> Said:
    mine = page.source.region
    lines = [line for line in regions.lines if line.region.code in TILES or line.region.code in SMALL]
    return {
        "title": titles.title_of_map(page),
        "under": titles.under_map(page),
        "alt": titles.summary_of_map(regions),
        "tiles": [tile_said(line, is_mine=line.region == mine) for line in lines if line.region.code in TILES],
        "small": [
            tile_said(line, is_mine=line.region == mine) | {"letters": SMALL[line.region.code]}
            for line in lines
            if line.region.code in SMALL
        ],
        "lines": [
            {"name": curly(line.region.name), "is_mine": line.region == mine} | cell_said(line.incidents)
            for line in regions.lines
        ],
        "steps": steps_said(regions.steps),
        "states": sorted(regions.states),
        "several": titles.beside_map(regions),
    }


def tile_said(line: OfRegion, *, is_mine: bool) -> Said:
    said = cell_said(line.incidents, level=line.level) | {"is_mine": is_mine}
    tile = TILES.get(line.region.code)
    if line.incidents.is_withheld:
        said["text"] = _("regr.")
    return said | (tile._asdict() if tile else {})


# Bands


def section_said(section: Section) -> Said:
    spread = section.spread
    return {
        "title": section.title,
        "under": section.naming.subtitle,
        "heads": [section.naming.heading, _("Nombre")],
        "lines": [bar_said(line) for line in spread.bars],
        "total": figure(spread.total),
        "note": section.note,
        "beyond": beyond(spread),
        "zeros": labels_in(spread, State.ZERO, _("Aucun dans cette publication : %(labels)s.")),
        "waiting": labels_in(spread, State.WAITING, _("À venir, à la fin de l’année : %(labels)s.")),
    }


def bar_said(line: Line) -> Said:
    return {
        "label": bound(capfirst(str(line.label))),
        "text": figure(line.value or 0),
        "share": line.share,
        "is_rest": line.is_rest,
    }


def beyond(spread: Spread) -> str:
    """What the page tells in its table only, with its numbers."""
    others = spread.shown[len(spread.shown) - spread.only_in_table :]
    told = [f"{lower(line.label)} {figure(line.value or 0)}" for line in others]
    return bound(_("Puis : %(told)s.") % {"told": " ; ".join(told)}) if told else ""


def labels_in(spread: Spread, state: State, words: str) -> str:
    labels = [lower(line.label) for line in spread.lines if line.cell.state is state]
    return bound(words % {"labels": " ; ".join(labels)}) if labels else ""


def delays_said(delays: Delays) -> Said:
    lines = [line_said(label, [cell_said(one, level=level) for one, level in cells]) for label, cells in delays.lines]
    lines.append(line_said(_("Non ventilé"), [number_said(rest) for rest in delays.rest]))
    return table_said(_("Délais par tranche"), [_("Temps"), *delays.heads], lines) | {"title": delays.title}


# Rates


def rate_said(label: str, rate: Rate | None, highest: float) -> Said:
    """`low`, `at` and `high` are parts of the widest interval."""
    if rate is None:
        return {"label": bound(capfirst(str(label))), "text": _("regroupé"), "range": "", "kind": "withheld"}
    scale = 1 / highest if highest else 0
    return {
        "label": bound(capfirst(str(label))),
        "text": percent(rate.share),
        "range": rate_range(rate),
        "kind": "shown",
        "low": rate.low * scale,
        "at": rate.share * scale,
        "high": rate.high * scale,
    }


def strata_said(page: Page) -> Said:
    highest = max((line.declared.high for line in page.strata if line.declared), default=0)
    hidden = _("regroupé") if page.has_hits else _("pas publié")
    return {
        "title": titles.title_of_strata(page),
        "under": titles.under_strata(page),
        "lines": [
            rate_said(line.label, line.declared, highest)
            | {"hit": f"{percent(line.hit.share)} ({interval_words(line.hit)})" if line.hit else hidden}
            for line in page.strata
        ],
    }


WITHOUT_RATE = {
    State.WITHHELD: gettext_lazy("Regroupé, pas montré seul"),
    State.ABSENT: gettext_lazy("Pas publié"),
    State.NOBODY: gettext_lazy("Aucune collectivité"),
}


def region_rates_said(page: Page, regions: ByRegion) -> Said | None:
    """None where no region has a rate of its own."""
    rates = [line.rate for line in regions.lines if line.rate]
    if not rates:
        return None
    highest = max(rate.high for rate in rates)
    known = sorted(
        (line for line in regions.lines if line.rate), key=lambda line: -(line.rate.share if line.rate else 0)
    )
    return {
        "label": "",  # it is of every region, and its title says when
        "title": titles.title_of_region_rates(page),
        "lines": [
            rate_said(curly(line.region.name), line.rate, highest)
            | {"is_mine": line.region == page.source.region, "range": interval_words(line.rate)}
            for line in known
            if line.rate
        ],
        "without": " ".join(without_rate(regions)),
    }


def without_rate(regions: ByRegion) -> Iterator[str]:
    """Of which regions there is no rate, and why."""
    for state, words in WITHOUT_RATE.items():
        names = [curly(line.region.name) for line in regions.lines if not line.rate and line.no_rate.state is state]
        if names:
            yield bound(f"{words} : {', '.join(names)}.")

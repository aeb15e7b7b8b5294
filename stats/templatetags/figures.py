"""How a figure is written on a page, and where its links lead."""

from datetime import timedelta
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from csirts.wording import curly, of
from stats import words
from stats.chance import Rate
from stats.charts import Interval, interval
from stats.published import Page
from stats.published.numbers import Cell
from stats.reports.address import address_of_page
from stats.tiles import SMALL, TILES

register = template.Library()

register.filter("figure", words.figure)
register.filter("percent", words.percent)
register.filter("rate_range", words.rate_range)
register.filter("curly", curly)
register.filter("bound", words.bound)
register.filter("over", words.over)
register.filter("step_words", words.step_words)
register.filter("of_region", of)
register.filter("report_of", address_of_page)


@register.filter
def cell(value: Cell | int | None) -> SafeString | str:
    """The figure, or the word for what is not shown alone, set as such."""
    said = words.cell_words(value)
    return said if words.is_figure(value) else format_html('<span class="help">{}</span>', said)


@register.filter
def plural(value: int) -> str:
    """In French zero is singular."""
    return "s" if value > 1 else ""


@register.filter
def span(value: timedelta) -> str:
    """« 2 h 10 », « 3 j 4 h », « 12 min »: whole minutes under two days, whole hours beyond."""
    minutes = int(value.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes}\N{NO-BREAK SPACE}min"
    if minutes < 48 * 60:
        return f"{minutes // 60}\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}{minutes % 60:02}"
    return f"{minutes // 1440}\N{NO-BREAK SPACE}j\N{NO-BREAK SPACE}{minutes // 60 % 24}\N{NO-BREAK SPACE}h"


@register.filter
def interval_of(rate: Rate, highest: float) -> Interval:
    return interval(rate.low, rate.share, rate.high, highest)


@register.filter
def tile(code: str) -> str:
    return TILES[code].letters if code in TILES else ""


@register.filter
def small_tile(code: str) -> str:
    return SMALL.get(code, "")


@register.simple_tag
def link(page: Page, **changed: object) -> str:
    """The address of the same page with other arguments; one that is empty is left out."""
    source = page.source
    asked: dict[str, object] = {
        "region": source.region.code if source.region else "",
        "annee": source.year or "",
        "trimestre": source.quarter or "",
        "publication": source.release.number if source.release and source.release != source.releases[0] else "",
    }
    kept = {name: value for name, value in (asked | changed).items() if value}
    return f"?{urlencode(kept)}"

"""How a figure is written on a page, and where its links lead."""

from datetime import timedelta
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from csirts.wording import curly
from stats import words
from stats.chance import Rate
from stats.charts import Interval, interval
from stats.published import Page
from stats.published.numbers import Cell, State
from stats.published.spans import QUARTER, YEAR, Span

register = template.Library()

# Of each territory, its place on the map (`charts.css`) and three letters.
TILES = {
    "32": "HDF",
    "28": "NOR",
    "11": "IDF",
    "44": "GES",
    "53": "BRE",
    "52": "PDL",
    "24": "CVL",
    "27": "BFC",
    "75": "NAQ",
    "84": "ARA",
    "76": "OCC",
    "93": "PAC",
    "94": "COR",
    "01": "GUA",
    "02": "MTQ",
    "03": "GUF",
    "04": "REU",
    "06": "MAY",
}
SMALL = {"975": "PM", "977": "BL", "978": "MF", "987": "PF", "986": "WF", "988": "NC"}
SEA = "01"  # the first one overseas

register.filter("figure", words.figure)
register.filter("percent", words.percent)
register.filter("rate_range", words.rate_range)
register.filter("curly", curly)
register.filter("bound", words.bound)


@register.filter
def cell(value: Cell | int | None) -> SafeString | str:
    """The figure, or the word for what is not shown alone: never a dash, and a zero only where nothing is counted."""
    if isinstance(value, int):
        return words.figure(value)
    if value is None or value.state is State.WITHHELD:
        return format_html('<span class="help">{}</span>', _("regroupé"))
    if value.state is State.WAITING:
        return format_html('<span class="help">{}</span>', _("à venir"))
    return words.figure(value.value or 0)


@register.filter
def over(span: Span) -> str:
    """Of what a merged number is the whole."""
    return {QUARTER: _("pour le trimestre"), YEAR: _("pour l’année")}.get(span.over, _("regroupés"))


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
    return TILES.get(code, "")


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

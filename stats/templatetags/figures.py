"""The template filters for printed figures, and the tags for links between pages of figures."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from collectivities.models import Region
from csirts.wording import format_region_with_de
from stats.exact.access import list_exact_links, list_title_links, list_unentitled_regions
from stats.labels import bind_words
from stats.pages.charts import Interval, place_interval
from stats.pages.page import FiguresPage
from stats.pages.rates import StratumRate
from stats.pages.sentences import DASH
from stats.printed_wording import NARROW_TEXTS, format_cell, format_narrow_cell
from stats.releases.reading import PrintedCell
from stats.reports.address import find_report_address

register = template.Library()

register.filter("of_region", format_region_with_de)
register.filter("report_of", find_report_address)


@register.inclusion_tag("stats/exact_title_links.html", takes_context=True)
def render_exact_links(context: Context, region: Region | None = None) -> dict[str, Any]:
    """Render the links to the exact figures that the reader may open.

    Also name the régions of the reader that do not entitle them to exact figures. Render nothing for a visitor without
    an account. `region` is the région of the page, or None.
    """
    reader = context.get("user")
    if not isinstance(reader, User):
        return {}
    return {
        "request": context.get("request"),
        "first": list_title_links(reader, region),
        "closed": [format_region_with_de(region_row) for region_row in list_unentitled_regions(reader)],
        "links": list_exact_links(reader),
    }


@register.filter("cell")
def render_cell(value: PrintedCell) -> SafeString | str:
    """Return the printed number of a cell, or the text that replaces it in a distinct style."""
    return format_cell(value) if value.is_shown else format_html('<span class="help">{}</span>', format_cell(value))


@register.filter("short_cell")
def render_short_cell(value: PrintedCell) -> SafeString | str:
    """Return the printed number, or « – » or « n. p. », for a narrow cell. Screen readers get the whole text."""
    if value.state not in NARROW_TEXTS:
        return render_cell(value)
    return format_html(
        '<span class="hidden word">{}</span><small aria-hidden="true">{}</small>',
        format_cell(value),
        format_narrow_cell(value),
    )


@register.simple_tag(name="fewer_than_five")
def explain_dash() -> str:
    """Return the sentence that explains a dash, « moins de 5 collectivités ». It is the same on all pages."""
    return bind_words(DASH)


@register.filter
def place_rate_interval(rate: StratumRate, highest: float) -> Interval:
    """Return the position of the interval of possible shares, on a scale from zero to `highest`."""
    return place_interval(rate.low, rate.low, rate.high, highest)


@register.simple_tag(name="link")
def make_figures_link(page: FiguresPage, **changed: object) -> str:
    """Return the query string of the page, with the parameters in `changed`. Empty parameters are left out."""
    arguments = {"region": page.region.code if page.region else "", "annee": page.year or "", **changed}
    return f"?{urlencode({name: value for name, value in arguments.items() if value})}"

"""The public page of the figures, and the page that shows the figures in which one case is counted."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.timezone import localtime
from django.views.decorators.http import etag, require_safe

from core.french import format_day
from incidents.devices.visits import find_case, serve_privately
from stats.case_visibility import describe_visibility
from stats.categories import SHORT_MONTHS
from stats.disclosure.tables import QUARTERS
from stats.labels import bind_words
from stats.pages import method, sentences, titles
from stats.pages.charts import LineChart, Series, make_line_charts
from stats.pages.columns import lay_out_blocks
from stats.pages.freshness import cache_briefly, cache_page_by_etag, find_page_etag
from stats.pages.map import draw_map
from stats.pages.page import FiguresPage, UnknownRegion, UnknownSelection, read_figures_page
from stats.pages.rates import find_scale_end, list_stratum_rates
from stats.pages.sections import make_delay_sections, make_sections
from stats.pages.waiting import PROGRESS_MAX_AGE, describe_publication_progress
from stats.printed_wording import format_heading


@login_not_required
@require_safe
@cache_briefly
@etag(find_page_etag)
@cache_page_by_etag
def show_statistics(request: HttpRequest) -> HttpResponse:
    """Render the public page of printed figures. The query string selects the place and year:
    `?region=53&annee=2025`.
    """
    try:
        page = read_figures_page(region=request.GET.get("region", ""), year=request.GET.get("annee", ""))
    except UnknownSelection as error:
        context = {"page": read_figures_page(), "is_region": isinstance(error, UnknownRegion)}
        return render(request, "stats/unknown_selection.html", context, status=404)
    context = {"page": page, "method": method.list_method_paragraphs()}
    if page.is_empty:
        response = render(request, "stats/statistics.html", context | describe_publication_progress())
        patch_cache_control(response, max_age=PROGRESS_MAX_AGE)
        return response
    return render(
        request, "stats/statistics.html", context | build_sentences_context(page) | build_charts_context(page)
    )


def build_sentences_context(page: FiguresPage) -> dict[str, object]:
    """Return the template context of the sentences and key figures at the top of the page."""
    release = page.printed.release
    return {
        "heading": format_heading(page.region, page.year),
        "published_on": format_day(localtime(release.published_at).date()) if release else "",
        "story": sentences.list_summary_sentences(page),
        "keys": sentences.list_key_figures(page),
        "late_line": sentences.format_late_line(page),
        "rounding": bind_words(f"{sentences.ROUNDING} {sentences.DASH}"),
        "unknown_share": sentences.UNKNOWN_SHARE,
    }


def build_charts_context(page: FiguresPage) -> dict[str, object]:
    """Return the template context of the charts and tables, with their layout in columns."""
    parts = {
        "months": build_months_context(page),
        "quarters": titles.list_quarter_headings(page),
        "map": draw_map(page),
        "strata": build_strata_context(page),
        "missing": sentences.explain_missing_tables(page),
        "method": method.list_method_paragraphs(),
    }
    return parts | {
        "totals": titles.list_quarter_totals(page),
        "quarters_under": titles.format_quarters_subtitle(page),
        "map_title": titles.format_map_title(page),
        "map_under": titles.format_map_subtitle(page),
        "layout": lay_out_blocks(parts, [*make_sections(page), *make_delay_sections(page)]),
    }


def build_months_context(page: FiguresPage) -> dict[str, object] | None:
    """Return the context of the chart of months, or of quarters for a région.

    Return None if no period has a number.
    """
    periods = titles.list_chart_periods(page)
    if not any(now.is_shown for _name, now, _before in periods):
        return None
    return {
        "periods": periods,
        "has_before": any(before.is_shown for _name, _now, before in periods),
        "charts": make_period_charts(page) if titles.has_enough_points(page) else {},
        "title": titles.format_months_title(page),
        "under": titles.format_months_subtitle(page),
        "summary": titles.summarise_months(page),
        "unit": titles.format_period_unit(page),
    }


def make_period_charts(page: FiguresPage) -> dict[str, LineChart]:
    """Return the chart of the incidents of each period for two widths of screen."""
    periods = titles.list_chart_periods(page)
    now = Series(str(page.year), tuple(cell.value for _name, cell, _before in periods))
    before = Series(str(page.year - 1), tuple(cell.value for _name, _now, cell in periods))
    names = SHORT_MONTHS if page.region is None else QUARTERS
    return make_line_charts(names, now, before if any(before.values) else None)


def build_strata_context(page: FiguresPage) -> dict[str, object] | None:
    """Return the context of the rates by stratum, or None if the page has none."""
    rates = list_stratum_rates(page)
    if not rates:
        return None
    return {
        "rates": rates,
        "highest": find_scale_end(rates),
        "title": titles.format_strata_title(rates),
        "under": titles.format_strata_subtitle(page),
    }


@serve_privately
@require_safe
def show_figures_of_case(request: HttpRequest, reference: str) -> HttpResponse:
    """Render the published figures in which a case is counted.

    The visitor has the secret link of the case, or an account that may follow the case.
    """
    incident, _visitor = find_case(request, reference)
    return render(
        request, "stats/case_visibility.html", {"incident": incident, "visibility": describe_visibility(incident)}
    )

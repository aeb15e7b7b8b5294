"""The public figures, and the exact ones for those entitled."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import etag, require_safe

from accounts.enums import Role
from accounts.models import User
from accounts.signed_in import user_of
from incidents.visits import find_case, private
from stats import method, sections, story, titles, words
from stats.access import centre_for, links_for, nation_for, own_centres, region_for
from stats.charts import line_charts
from stats.freshness import edition, remembered, shared_by_all
from stats.mine import standing_of
from stats.partition import K
from stats.periods import SETTLED_AFTER
from stats.published import Asked, Page, UnknownSelectionError, read_page
from stats.queries import exact_year
from stats.reach import Reach
from stats.services import note_reading


@login_not_required
@require_safe
@shared_by_all
@etag(edition)
@remembered
def statistics(request: HttpRequest) -> HttpResponse:
    """Published figures only, chosen by plain links: `?region=53&annee=2025&trimestre=3&publication=4`."""
    asked = Asked(*(request.GET.get(name, "") for name in ("region", "annee", "trimestre", "publication")))
    try:
        page = read_page(asked)
    except UnknownSelectionError:
        return not_there(request)
    return render(request, "stats/statistics.html", context_of(page, request.user))


def not_there(request: HttpRequest) -> HttpResponse:
    """An argument that nobody publishes: which ones there are instead."""
    return render(
        request, "stats/not_there.html", {"page": read_page(Asked()), "days": SETTLED_AFTER.days}, status=404
    )


def context_of(page: Page, reader: object) -> dict[str, object]:
    is_lead = isinstance(reader, User) and bool(reader.csirt_ids(Role.LEAD))
    said: dict[str, object] = {
        "page": page,
        "source": page.source,
        "least": K,
        "days": SETTLED_AFTER.days,
        "method": method.paragraphs(),
        "is_lead": is_lead,
        "exact_links": links_for(reader if isinstance(reader, User) else None),
    }
    return said if page.is_empty else said | told_of(page) | drawn_of(page)


def told_of(page: Page) -> dict[str, object]:
    """Sentences, and what spreads over bands."""
    return {
        "heading": words.heading(page),
        "story": story.story(page),
        "keys": story.keys(page),
        "interruptions": sections.interruptions(page),
        "leaks": sections.leaks(page),
        "causes": sections.causes(page),
        "delays": sections.delays(page),
        "not_shown": story.not_shown(page),
        "unknown_share": words.UNKNOWN_SHARE,
    }


def drawn_of(page: Page) -> dict[str, object]:
    """Charts, with what is written above them."""
    types = page.types if page.types and page.types.says_something else None
    rates = [rate.high for line in page.strata for rate in (line.declared, line.hit) if rate]
    return {
        "charts": line_charts(page.trend) if page.trend else None,
        "trend_title": titles.title_of_trend(page) if page.trend else "",
        "trend_under": titles.under_trend(page) if page.trend else "",
        "trend_summary": titles.summary_of_trend(page) if page.trend else "",
        "map_title": titles.title_of_map(page) if page.by_region else "",
        "map_under": titles.under_map(page),
        "map_beside": titles.beside_map(page.by_region) if page.by_region else "",
        "types": types,
        "types_title": titles.title_of_types(types) if types else "",
        "types_under": titles.under_types(types) if types else "",
        "highest_rate": max(rates, default=0),
        "strata_title": titles.title_of_strata(page) if page.strata else "",
        "strata_under": titles.under_strata(page),
    }


@require_safe
def own_statistics(request: HttpRequest) -> HttpResponse:
    """For a lead; for everybody else with an account the page does not exist."""
    return exact_page(request, own_centres(user_of(request)), is_own=True)


@require_safe
def exact_centre(request: HttpRequest, slug: str) -> HttpResponse:
    return exact_page(request, centre_for(user_of(request), slug))


@require_safe
def exact_region(request: HttpRequest, region: str) -> HttpResponse:
    return exact_page(request, region_for(user_of(request), region))


@require_safe
def exact_nation(request: HttpRequest) -> HttpResponse:
    return exact_page(request, nation_for(user_of(request)))


@never_cache
def exact_page(request: HttpRequest, reach: Reach, *, is_own: bool = False) -> HttpResponse:
    """Exact figures, `?annee=2025` or of the current year. That they were read is recorded before they are shown."""
    reader = user_of(request)
    exact = exact_year(reach, year=request.GET.get("annee", ""), today=timezone.localdate())
    note_reading(reader=reader, reach=reach, year=exact.year)
    context = {"exact": exact, "is_own": is_own, "links": links_for(reader)}
    return render(request, "stats/exact.html", context)


@private
@require_safe
def figures_of_case(request: HttpRequest, reference: str) -> HttpResponse:
    """For whoever may follow the case: by its secret link, or with an account of the body or of its centre."""
    incident, _guest = find_case(request, reference)
    return render(request, "stats/mine.html", {"incident": incident, "standing": standing_of(incident)})

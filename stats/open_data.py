"""The pages and the files of the releases, the dictionary, the method and the feed: all public, none of them exact."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from stats.caching import BRIEFLY, FOR_EVER, is_held, kept, mark, unchanged
from stats.dictionary import UNDER_DECLARED, dictionary, in_force_since, sources
from stats.exports import edition_of, heading_of, headings, last_heading
from stats.package import LICENCE, Edition, Heading
from stats.partition import MOST_PERCENT, K
from stats.periods import SETTLED_AFTER
from stats.reports.address import addresses_of

BRIEF_SECONDS = 300
# Files that a browser would otherwise show: a spreadsheet opens them from the disk.
SAVED = ("csv", "md", "zip")
FEED_LENGTH = 100


def briefly[**P](view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Kept a few minutes by everybody; by nobody else's cache when the foot of the page is that of an account."""

    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        whose = {"private": True} if request.user.is_authenticated else {"public": True}
        patch_cache_control(response, max_age=BRIEF_SECONDS, **whose)
        return response

    return answer


@login_not_required
@require_safe
@briefly
def definitions(request: HttpRequest) -> HttpResponse:
    context = {
        "entries": dictionary(),
        "sources": sources(),
        "since": in_force_since(),
        "under_declared": UNDER_DECLARED,
    }
    return render(request, "stats/definitions.html", context)


@login_not_required
@require_safe
@briefly
def method(request: HttpRequest) -> HttpResponse:
    context = {
        "least": K,
        "most": MOST_PERCENT,
        "days": SETTLED_AFTER.days,
        "last": last_heading(),
        "site": settings.SITE_URL,
        "under_declared": UNDER_DECLARED,
    }
    return render(request, "stats/method_page.html", context)


@login_not_required
@require_safe
@briefly
def releases(request: HttpRequest) -> HttpResponse:
    return render(request, "stats/releases.html", {"headings": headings(), "days": SETTLED_AFTER.days})


@login_not_required
@require_safe
@briefly
def release(request: HttpRequest, number: int) -> HttpResponse:
    edition = edition_or_404(number)
    context = {
        "edition": edition,
        "heading": edition.heading,
        "licence": LICENCE,
        "under_declared": UNDER_DECLARED,
        "reports": reports_of(edition),
    }
    return render(request, "stats/release.html", context)


@login_not_required
@require_safe
def release_file(request: HttpRequest, number: int, name: str) -> HttpResponseBase:
    """One file of a release, as it will be for ever."""
    etag = mark("file", number, name)
    if is_held(request.headers, etag):
        return unchanged(etag, FOR_EVER)
    file = edition_or_404(number).files.get(name)
    if file is None:
        raise Http404
    response = HttpResponse(file.body, content_type=file.media_type)
    if name.rpartition(".")[2] in SAVED:
        saved_as = name if str(number) in name else f"tocsin-{number}-{name}"
        response.headers["Content-Disposition"] = f'attachment; filename="{saved_as}"'
    return kept(response, etag, FOR_EVER)


@login_not_required
@require_safe
@briefly
def data(request: HttpRequest) -> HttpResponse:
    """The address that always leads to the last release; to their list while there is none."""
    last = last_heading()
    return redirect(last.path if last else "stats_releases")


@login_not_required
@require_safe
def feed(request: HttpRequest) -> HttpResponseBase:
    every = headings()[:FEED_LENGTH]
    etag = mark("feed", every[0] if every else "")
    if is_held(request.headers, etag):
        return unchanged(etag, BRIEFLY)
    return kept(HttpResponse(feed_of(every), content_type="application/atom+xml; charset=utf-8"), etag, BRIEFLY)


def feed_of(every: list[Heading]) -> str:
    atom = Atom1Feed(
        title=_("Tocsin : les publications de chiffres"),
        link=settings.SITE_URL + reverse("stats_releases"),
        description=str(UNDER_DECLARED),
        language="fr",
        author_name="Tocsin",
        feed_url=settings.SITE_URL + reverse("stats_feed"),
        feed_copyright=_("Licence Ouverte 2.0"),
    )
    for one in every:
        atom.add_item(
            title=_("Publication no %(number)d, jusqu’au %(until)s")
            % {"number": one.number, "until": date_format(one.covers_until, "j F Y")},
            link=one.url,
            description=one.citation,
            unique_id=one.url,
            pubdate=one.published_at,
            updateddate=one.published_at,
        )
    return atom.writeString("utf-8")


def reports_of(edition: Edition) -> list[tuple[int, list[tuple[str, str]]]]:
    """By year, the last one first: name and address of each report."""
    years = sorted({row["starts_on"].year for row in edition.numbers}, reverse=True)
    places = [(row["region"], row["region_name"]) for row in edition.regions]
    return [(year, addresses_of(edition.heading.number, year, places)) for year in years]


def edition_or_404(number: int) -> Edition:
    heading = heading_of(number)
    if heading is None:
        raise Http404
    return edition_of(heading)

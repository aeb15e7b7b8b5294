"""The public pages and files of the releases, the dictionary, the method and the feed. None shows exact figures."""

from datetime import date

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from core.french import format_day
from stats.disclosure.draw import LARGEST_SHARE
from stats.disclosure.figures import BASE, OPENS_FROM, THRESHOLD
from stats.disclosure.tables import CROSSING_OPENS_FROM, LONG_LIST_OPENS_FROM
from stats.open_data.caching import CACHE_BRIEFLY, CACHE_FOREVER, respond_with_etag
from stats.open_data.definitions import FIXED_TABLES_SINCE, UNDER_DECLARED, list_definitions, list_sources
from stats.open_data.edition import Edition, find_last_edition, list_editions, read_edition
from stats.open_data.package import LICENCE, make_release_files
from stats.pages.freshness import cache_briefly
from stats.pages.waiting import PROGRESS_MAX_AGE, describe_publication_progress
from stats.periods import SETTLED_AFTER
from stats.releases.rows import Release
from stats.reports.address import list_report_addresses

# Files that the browser saves instead of showing them.
SAVED_EXTENSIONS = ("csv", "md", "py", "zip")
FEED_LENGTH = 100
# The numbers of the disclosure rule, for the pages that explain it.
RULE_CONTEXT = {
    "least": THRESHOLD,
    "base": BASE,
    "beside": BASE - 1,
    "twice_beside": 2 * (BASE - 1),
    "share": round(100 * LARGEST_SHARE),
    "opens_from": OPENS_FROM,
    "long_opens_from": LONG_LIST_OPENS_FROM,
    "crossing_opens_from": CROSSING_OPENS_FROM,
    "days": SETTLED_AFTER.days,
    "under_declared": UNDER_DECLARED,
}


@login_not_required
@require_safe
@cache_briefly
def show_definitions(request: HttpRequest) -> HttpResponse:
    """Render the dictionary of the published tables."""
    context = {"entries": list_definitions(), "sources": list_sources(), "since": FIXED_TABLES_SINCE}
    return render(request, "stats/definitions.html", RULE_CONTEXT | context)


@login_not_required
@require_safe
@cache_briefly
def show_method(request: HttpRequest) -> HttpResponse:
    """Render the page that explains how the figures are made and how to check them."""
    year_day, _space, _year = format_day(date(2001, *settings.STATS_YEAR_PUBLISHED_ON)).rpartition(" ")
    context = {"last": find_last_edition(), "year_day": year_day}
    return render(request, "stats/method_page.html", RULE_CONTEXT | context)


@login_not_required
@require_safe
@cache_briefly
def show_releases(request: HttpRequest) -> HttpResponse:
    """Render the list of all releases. If there is none, render the progress towards the first release."""
    editions = list_editions()
    progress = {} if editions else describe_publication_progress()
    response = render(request, "stats/releases.html", RULE_CONTEXT | progress | {"editions": editions})
    if progress:
        patch_cache_control(response, max_age=PROGRESS_MAX_AGE)
    return response


@login_not_required
@require_safe
@cache_briefly
def show_release(request: HttpRequest, number: int) -> HttpResponse:
    """Render one release with its files, reports and tables."""
    edition = read_edition(get_object_or_404(Release, number=number))
    context = {
        "edition": edition,
        "release": edition.release,
        "files": make_release_files(edition).values(),
        "licence": LICENCE,
        "reports": list_report_addresses(edition.release),
    }
    return render(request, "stats/release.html", RULE_CONTEXT | context)


@login_not_required
@require_safe
def download_release_file(request: HttpRequest, number: int, name: str) -> HttpResponseBase:
    """Send one file of a release. Such a file never changes, so caches may keep it forever."""
    return respond_with_etag(request, CACHE_FOREVER, lambda: send_release_file(number, name))


def send_release_file(number: int, name: str) -> HttpResponse:
    """Return the response with the file. Raises Http404 if the release or the file does not exist."""
    file = make_release_files(read_edition(get_object_or_404(Release, number=number))).get(name)
    if file is None:
        raise Http404
    response = HttpResponse(file.body, content_type=file.media_type)
    if file.extension in SAVED_EXTENSIONS:
        saved_as = name if str(number) in name else f"tocsin-{number}-{name}"
        response.headers["Content-Disposition"] = f'attachment; filename="{saved_as}"'
    return response


@login_not_required
@require_safe
@cache_briefly
def redirect_to_data(request: HttpRequest) -> HttpResponse:
    """Redirect to the latest yearly release. If there is none, redirect to the latest release.

    If nothing is published, redirect to the empty list of releases.
    """
    newest = find_last_edition()
    return redirect(newest.path if newest else "stats_releases")


@login_not_required
@require_safe
def download_feed(request: HttpRequest) -> HttpResponseBase:
    """Send the Atom feed of the latest releases."""
    editions = list_editions()[:FEED_LENGTH]
    kind = "application/atom+xml; charset=utf-8"
    digests = [edition.release.digest for edition in editions[:1]]
    return respond_with_etag(
        request, CACHE_BRIEFLY, lambda: HttpResponse(render_feed(editions), content_type=kind), digests
    )


def render_feed(editions: list[Edition]) -> str:
    """Return the Atom feed of these releases."""
    atom = Atom1Feed(
        title="Tocsin : les publications de chiffres",
        link=settings.SITE_URL + reverse("stats_releases"),
        description=UNDER_DECLARED,
        language="fr",
        author_name="Tocsin",
        feed_url=settings.SITE_URL + reverse("stats_feed"),
        feed_copyright="Licence Ouverte 2.0",
    )
    for edition in editions:
        atom.add_item(
            title=f"Publication no {edition.number} : {edition.period}",
            link=edition.url,
            description=edition.citation,
            unique_id=edition.url,
            pubdate=edition.release.published_at,
            updateddate=edition.release.published_at,
        )
    return atom.writeString("utf-8")

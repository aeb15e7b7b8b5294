"""Caching of the public pages of figures, and the ETag that tells a cache whether a page has changed.

A page changes only with a new release, a change of the directory of centres, or new software. The request of a client
that sends back the ETag of a page costs one small query.
"""

from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Concatenate

from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from django.db.models import Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.timezone import now

from accounts.installation import get_facts
from csirts.models import DirectoryVersion
from stats.releases.progress import read_progress
from stats.releases.rows import Release

BRIEF_SECONDS = 300
# Pages in the memory of each process, some 10 MB, so that they do not depend on the shared cache.
page_cache = LocMemCache("pages of figures", {"TIMEOUT": 3600, "OPTIONS": {"MAX_ENTRIES": 100}})
# The folders whose files determine a page: `config/pages` has the filters of its templates, `core` what these call,
# and the last two the names of categories and régions.
PAGE_FOLDERS = ("stats", "config/templates", "config/static", "config/pages", "core", "incidents/enums", "csirts")
SUFFIXES = {".py", ".html", ".css", ".svg"}
QUERY_PARAMETERS = ("region", "annee")


def find_page_etag(request: HttpRequest) -> str | None:
    """Return the ETag of a page, or None if the page must not have one.

    The page of a signed-in user has no ETag, because it names the account. In debug mode, no page has one.
    """
    if request.user.is_authenticated or settings.DEBUG:
        return None
    etag: str | None = getattr(request, "etag", None)
    if etag is None:
        etag = request.etag = make_page_etag(request)  # type: ignore[attr-defined]  # needed twice for one request
    return etag


def make_page_etag(request: HttpRequest) -> str:
    """Return an ETag that changes with the address, the software, the latest release, the directory of centres or
    what each page says of the installation.

    Before the first release, the ETag changes with the progress instead of the release and the directory.
    """
    directory = Subquery(DirectoryVersion.objects.values("token")[:1])
    newest = Release.objects.order_by("-number").values_list("number", "pk", "digest", directory).first()
    arguments = [request.path, *(request.GET.get(name, "") for name in QUERY_PARAMETERS)]
    # Before the first release, the page shows the progress.
    state = newest or read_progress(now())
    content = repr((state, arguments, get_facts(), hash_software()))
    return f'"{newest[0] if newest else 0}-{sha256(content.encode()).hexdigest()[:32]}"'


@cache
def hash_software() -> str:
    """Return a digest of all files that determine a page. Each process computes it once."""
    digest = sha256()
    for folder in PAGE_FOLDERS:
        for path in sorted((Path(settings.BASE_DIR) / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_page_by_etag(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Wrap a view, so that each process renders a page once for each ETag.

    Only a 200 without a Cache-Control header is cached. A page without an ETag is never cached.
    """

    @wraps(view)
    def respond(request: HttpRequest) -> HttpResponse:
        etag = find_page_etag(request)
        if etag is None:
            return view(request)
        page = page_cache.get(etag)
        if page is not None:
            return HttpResponse(page)
        response = view(request)
        # A page with a Cache-Control of its own changes sooner than the releases.
        if response.status_code == HTTPStatus.OK and not response.has_header("Cache-Control"):
            page_cache.set(etag, response.content)
        return response

    return respond


def cache_briefly[**P](view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Wrap a view, so that shared caches may keep its page for five minutes.

    The page of a signed-in user names the account. Only the browser may keep it, and must revalidate it.
    """

    @wraps(view)
    def respond(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if request.user.is_authenticated:
            patch_cache_control(response, private=True, no_cache=True)
        else:
            patch_cache_control(response, public=True, max_age=BRIEF_SECONDS)
        return response

    return respond

"""What a cache may keep of the public pages, and how it learns that one has changed.

A page changes with a new release or with this software, and with nothing else. A reader who sends back the mark of a
page costs one small query.
"""

from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.timezone import now

from accounts.installation import is_demonstration
from stats.releases.progress import read_progress
from stats.releases.rows import Release

SECONDS = 300
# In the memory of each process, some 10 MB: it works when the shared cache does not answer.
pages = LocMemCache("pages of figures", {"TIMEOUT": 3600, "OPTIONS": {"MAX_ENTRIES": 100}})
# The folders whose files make a page; the last two name categories and régions.
MADE_FROM = ("stats", "config/templates", "config/static", "incidents/enums", "csirts")
SUFFIXES = {".py", ".html", ".css", ".svg"}
ARGUMENTS = ("region", "annee")


def find_mark(request: HttpRequest) -> str | None:
    """Return the mark (ETag) of a page for everybody; None for a person with an account, whose page names them."""
    if request.user.is_authenticated or settings.DEBUG:
        return None
    known: str | None = getattr(request, "mark", None)
    if known is None:
        known = request.mark = make_mark(request)  # type: ignore[attr-defined]  # needed twice for one request
    return known


def make_mark(request: HttpRequest) -> str:
    last = Release.objects.order_by("-number").values_list("number", "pk", "digest").first()
    arguments = [request.path, *(request.GET.get(name, "") for name in ARGUMENTS)]
    # Nothing yet: the page says how far the first release is.
    state = last or read_progress(now())
    content = repr((state, arguments, is_demonstration(), hash_software()))
    return f'"{last[0] if last else 0}-{sha256(content.encode()).hexdigest()[:32]}"'


@cache
def hash_software() -> str:
    """Return a hash of all the files that make a page, read once a process."""
    digest = sha256()
    for folder in MADE_FROM:
        for path in sorted((Path(settings.BASE_DIR) / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def keep_page(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Make a page once for everybody: there are as many as years and régions. Only a page that exists is kept."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        mark = find_mark(request)
        if mark is None:
            return view(request)
        page = pages.get(mark)
        if page is not None:
            return HttpResponse(page)
        response = view(request)
        # A page that says how long it may be kept changes sooner than a release.
        if response.status_code == HTTPStatus.OK and not response.has_header("Cache-Control"):
            pages.set(mark, response.content)
        return response

    return answer


def share_page(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let every cache keep the page for five minutes; that of a person with an account is theirs alone."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        response = view(request)
        if request.user.is_authenticated:
            patch_cache_control(response, private=True, no_cache=True)
        else:
            patch_cache_control(response, public=True, max_age=SECONDS)
        return response

    return answer

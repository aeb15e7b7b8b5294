"""What a cache may keep of the public pages, and how it learns that one has changed.

A page changes with a new release or with this software, and with nothing else: whoever asks again with the mark of
what it holds costs one small query, and gets no page.
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

from accounts.installation import is_demonstration
from stats.models import Release

SECONDS = 300
# In the memory of each process, some 10 MB: it holds when the shared cache does not answer.
pages = LocMemCache("pages of figures", {"TIMEOUT": 3600, "OPTIONS": {"MAX_ENTRIES": 100}})
# The last two name bands and regions.
SHOWN = ("stats", "config/templates", "config/static", "incidents/enums", "csirts")
WRITTEN_IN = {".py", ".html", ".css", ".svg"}
ARGUMENTS = ("region", "annee", "trimestre", "publication")


def edition(request: HttpRequest) -> str | None:
    """The mark (ETag) of a page for everybody; None for a person with an account, whose page names them."""
    if request.user.is_authenticated or settings.DEBUG:
        return None
    known: str | None = getattr(request, "edition", None)
    if known is None:
        known = request.edition = mark_of(request)  # type: ignore[attr-defined]  # asked twice of one request
    return known


def mark_of(request: HttpRequest) -> str:
    last = Release.objects.order_by("-number").values_list("number", "pk", "digest").first()
    asked = [request.path, *(request.GET.get(name, "") for name in ARGUMENTS)]
    said = repr((last, asked, is_demonstration(), software()))
    return f'"{last[0] if last else 0}-{sha256(said.encode()).hexdigest()[:32]}"'


@cache
def software() -> str:
    """Of all that such a page is made with, read once a process."""
    mark = sha256()
    for folder in SHOWN:
        for path in sorted((Path(settings.BASE_DIR) / folder).rglob("*")):
            if path.suffix in WRITTEN_IN:
                mark.update(path.read_bytes())
    return mark.hexdigest()


def remembered(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A page that exists is made once an edition for everybody; there are as many as releases, regions and periods."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        mark = edition(request)
        if mark is None:
            return view(request)
        page = pages.get(mark)
        if page is not None:
            return HttpResponse(page)
        response = view(request)
        if response.status_code == HTTPStatus.OK:
            pages.set(mark, response.content)
        return response

    return answer


def shared_by_all(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """For five minutes without asking; a person with an account keeps their page for themselves."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        response = view(request)
        if request.user.is_authenticated:
            patch_cache_control(response, private=True, no_cache=True)
        else:
            patch_cache_control(response, public=True, max_age=SECONDS)
        return response

    return answer

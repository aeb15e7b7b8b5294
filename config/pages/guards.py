"""Middleware and an upload handler that protect all pages. They refuse NUL characters in addresses, and files on pages
that accept none. They remove invisible characters from pages, explain the addresses that only receive a form, keep the
API out of caches, and refuse it over plain HTTP.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils.cache import patch_cache_control

from config.api.documents import MEDIA_TYPE, make_problem_document
from config.pages.errors import bad_request, write_form_only_page

# CONTROLS are the ASCII controls except tab and line ends. INVISIBLE_CHARACTERS are, in UTF-8, the other controls,
# line separators, and characters that change the reading order. They are separate because each is then removed four
# times as fast.
CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
INVISIBLE_CHARACTERS = re.compile(rb"\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")

UNENCRYPTED = (
    "Cette API ne répond qu’en https://. Si cette demande portait un jeton, il a circulé en clair"
    "\N{NO-BREAK SPACE}: révoquez-le."
)


class InvisibleCharacterRemover:
    """Middleware that removes invisible characters from every page, also from pages that show again what was typed.
    Services already clean what is stored.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.streaming and response.get("Content-Type", "").startswith("text/html"):
            response.content = INVISIBLE_CHARACTERS.sub(b"", response.content.translate(None, CONTROLS))
        return response


class FormOnlyExplainer:
    """Middleware that explains to a browser that an address only receives a form. Django's own answer is a 405 without
    content.

    People come to such an address by a bookmark of a refused form, or because signing in leads back to it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content and is_opened_by_browser(request):
            response.content = write_form_only_page(request)
        return response


class ApiCacheGuard:
    """Middleware that forbids browsers and proxies to cache the responses of the API, which depend on the token and
    hold personal data. A response with a Cache-Control of its own, such as a published release, stays as it is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/") and not response.has_header("Cache-Control"):
            patch_cache_control(response, no_store=True)
        return response


class EncryptedApiGuard:
    """Middleware that refuses the API over plain HTTP. Pages are redirected to HTTPS; a program would follow silently,
    and send its token in clear each time.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and request.path.startswith("/api/") and not request.is_secure():
            document = make_problem_document(403, "Connexion non chiffrée", UNENCRYPTED)
            return JsonResponse(document, status=403, content_type=MEDIA_TYPE)
        return self.get_response(request)


def is_opened_by_browser(request: HttpRequest) -> bool:
    """Tell whether a person opens this address in a browser. Our scripts do not name HTML among the types that they
    accept.
    """
    is_read = request.method in ("GET", "HEAD") and not request.path.startswith("/api/")
    return is_read and "text/html" in request.headers.get("Accept", "") and "HX-Request" not in request.headers


class NulGuard:
    """Middleware that answers 400 if a page fails because its address contains a NUL. PostgreSQL refuses this
    character, and Django alone would answer 500.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        has_nul = "\0" in unquote(request.get_full_path())
        return bad_request(request, exception) if has_nul and isinstance(exception, ValueError | DataError) else None


class NoLargeUpload(MemoryFileUploadHandler):
    """An upload handler that refuses large requests with files. Django limits the text of a form, but writes its files
    to the disk before the view runs.
    """

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:  # noqa: N803
        if content_length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        super().handle_raw_input(input_data, META, content_length, *args, **kwargs)

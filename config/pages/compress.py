"""Compression of pages by the site itself, so that it does not depend on a server in front of it."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressedPages(GZipMiddleware):
    """Middleware that compresses HTML pages, because their size causes most of the wait on a slow line. Files are left
    as they are, because the progress bar of the browser needs their length.

    Some pages contain a secret beside a text of the client, which the attack BREACH exploits. Django adds a random
    number of bytes to each response, so that its length reveals nothing. Our cookies are not sent with requests from
    another site.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = not response.streaming and response.headers.get("Content-Type", "").startswith("text/html")
        return super().process_response(request, response) if is_page else response

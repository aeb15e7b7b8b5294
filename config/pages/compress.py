"""Pages come compressed, whatever stands before the site: on a bad line their weight is most of the wait."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressedPages(GZipMiddleware):
    """Pages alone. A file keeps its length, which a browser's progress is counted by.

    Some pages hold a secret beside what was typed. Django adds a random number of bytes to each answer, which hides
    what a length would tell of it, and our cookies do not come with what another site fetches.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = not response.streaming and response.headers.get("Content-Type", "").startswith("text/html")
        return super().process_response(request, response) if is_page else response

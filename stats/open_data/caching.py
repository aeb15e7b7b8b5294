"""How browsers and proxies keep what is published, so that asking again costs us nothing.

A numbered release never changes. Its mark (ETag) is drawn from what was asked and the server's key: nobody else can
make one, so a mark that comes back proves that its bearer has the answer, and no row is read.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.http import parse_etags

from stats.open_data.package import describe_dictionary, read_program
from stats.open_data.sheets import list_sheets

# To be changed with the form of what is published: every mark given out is then worth nothing.
FORM = 2
FOR_EVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=300"


def answer_once(
    request: HttpRequest, lasts: str, make: Callable[[], HttpResponseBase], state: object = None
) -> HttpResponseBase:
    """Return what `make` returns, or 304 to whoever holds it already. `state`: what the answer may change with.

    Whatever is not a whole answer, such as a redirection, gets no mark.
    """
    etag = make_etag(request.get_full_path(), state)
    # A proxy's weak mark counts.
    held = {mark.removeprefix("W/") for mark in parse_etags(request.headers.get("If-None-Match", ""))}
    response = HttpResponseNotModified() if etag in held else make()
    if response.status_code in (200, 304):
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = lasts
    return response


def make_etag(*asked: object) -> str:
    """Return the ETag of the answer to what was asked."""
    text = json.dumps([hash_form(), settings.SITE_URL, *map(str, asked)])
    return f'"{salted_hmac("stats.caching", text, algorithm="sha256").hexdigest()[:32]}"'


@cache
def hash_form() -> str:
    """Return the digest of the words beside the numbers: numbers never change, these may, with the software."""
    form = [FORM, describe_dictionary(), [sheet.describe_schema() for sheet in list_sheets()], read_program().hex()]
    return hashlib.sha256(json.dumps(form, default=str).encode()).hexdigest()

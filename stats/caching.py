"""How what is published is kept by whoever fetched it, so that asking again costs us nothing.

A numbered release never changes. Its mark (ETag) is drawn from what was asked and the server's key: nobody else can
make one, so a mark that comes back says by itself that its bearer has the answer, and no row is read.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache

from django.conf import settings
from django.http import HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.http import parse_etags

from stats.dictionary import dictionary
from stats.package import dictionary_said
from stats.schemas import sheets

# To be changed with the form of what is published: every mark given out is then worth nothing.
FORM = 1
FOR_EVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=300"


def mark(*asked: object) -> str:
    """The ETag of the answer to what was asked."""
    said = json.dumps([form(), settings.SITE_URL, *map(str, asked)])
    return f'"{salted_hmac("stats.caching", said, algorithm="sha256").hexdigest()[:32]}"'


@cache
def form() -> str:
    """Numbers never change; the words beside them may, with the software."""
    said = [FORM, dictionary_said(dictionary()), [sheet.schema() for sheet in sheets()]]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def is_held(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the asker has the answer already, a proxy's weak mark included."""
    held = parse_etags(headers.get("If-None-Match", ""))
    return etag in {one.removeprefix("W/") for one in held}


def unchanged(etag: str, lasts: str) -> HttpResponseBase:
    return kept(HttpResponseNotModified(), etag, lasts)


def kept[R: HttpResponseBase](response: R, etag: str, lasts: str) -> R:
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = lasts
    return response

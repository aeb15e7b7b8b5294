"""How browsers and proxies keep what is published, so that asking again costs us nothing.

A numbered release never changes. Its mark (ETag) is drawn from what was asked and the server's key: nobody else can
make one, so a mark that comes back proves that its bearer has the answer, and no row is read.
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

from stats.open_data.package import describe_dictionary, read_program
from stats.open_data.sheets import list_sheets

# To be changed with the form of what is published: every mark given out is then worth nothing.
FORM = 2
FOR_EVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=300"


def make_etag(*asked: object) -> str:
    """Return the ETag of the answer to what was asked."""
    text = json.dumps([hash_form(), settings.SITE_URL, *map(str, asked)])
    return f'"{salted_hmac("stats.caching", text, algorithm="sha256").hexdigest()[:32]}"'


@cache
def hash_form() -> str:
    """Return the digest of the words beside the numbers: numbers never change, these may, with the software."""
    form = [FORM, describe_dictionary(), [sheet.describe_schema() for sheet in list_sheets()], read_program().hex()]
    return hashlib.sha256(json.dumps(form, default=str).encode()).hexdigest()


def is_held(headers: Mapping[str, str], etag: str) -> bool:
    """Tell whether the asker has the answer already; a proxy's weak mark counts."""
    held = parse_etags(headers.get("If-None-Match", ""))
    return etag in {one.removeprefix("W/") for one in held}


def answer_unchanged(etag: str, lasts: str) -> HttpResponseBase:
    return set_caching(HttpResponseNotModified(), etag, lasts)


def set_caching[R: HttpResponseBase](response: R, etag: str, lasts: str) -> R:
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = lasts
    return response

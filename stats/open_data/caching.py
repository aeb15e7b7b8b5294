"""Caching of published figures by browsers and proxies, so that repeated requests cost nothing.

A numbered release never changes. Its ETag is derived from the request and from the secret key of the server, so only
this server can make it. A client that sends the ETag back already has the response, and no row is read.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

from core.secrets import hash_value
from stats.open_data.csv_files import list_csv_files
from stats.open_data.package import build_verification_program, describe_dictionary
from stats.pages.freshness import BRIEF_SECONDS

# Increase it when the form of the published files changes, to invalidate all ETags.
FORM_VERSION = 2
CACHE_FOREVER = "public, max-age=31536000, immutable"
CACHE_BRIEFLY = f"public, max-age={BRIEF_SECONDS}"


def respond_with_etag(
    request: HttpRequest, cache_control: str, make_response: Callable[[], HttpResponseBase], state: object = None
) -> HttpResponseBase:
    """Return the response of `make_response`, or 304 if the client already has this response.

    `cache_control` is the Cache-Control header. The response depends on the address, on the texts of this version and
    on `state`. Only a 200 or 304 gets an ETag and the header.
    """
    etag = make_etag(request.get_full_path(), state)
    # A proxy may send a weak ETag.
    client_etags = {value.removeprefix("W/") for value in parse_etags(request.headers.get("If-None-Match", ""))}
    response = HttpResponseNotModified() if etag in client_etags else make_response()
    if response.status_code in (200, 304):
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = cache_control
    return response


def make_etag(*arguments: object) -> str:
    """Return the ETag of a response that depends on `arguments`, such as the address of a request."""
    text = json.dumps([hash_published_texts(), settings.SITE_URL, *map(str, arguments)])
    return f'"{hash_value("stats.caching", text).hex()[:32]}"'


@cache
def hash_published_texts() -> str:
    """Return the digest of the texts and of the program that are published with the numbers.

    The numbers never change, but a new version of the software may change the texts and the program.
    """
    form = [
        FORM_VERSION,
        describe_dictionary(),
        [csv_file.describe_schema() for csv_file in list_csv_files()],
        build_verification_program().hex(),
    ]
    return hashlib.sha256(json.dumps(form, default=str).encode()).hexdigest()

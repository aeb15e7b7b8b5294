"""Which draft this device writes, and in whose name: signed, for the journey only.

The cookie says which draft was opened here, not that it is still one: the database is asked at each page.
"""

from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidents.services.draft import LASTS

NAME = "tocsin_declaration"
SALT = "incidents.declare.cookie"
PATH = "/declarer/"
LASTS_SECONDS = int(LASTS.total_seconds())


class Opened(NamedTuple):
    uid: UUID
    author: str


def opened(request: HttpRequest) -> Opened | None:
    """None when it is absent, altered or too old."""
    try:
        uid, author = signing.loads(request.COOKIES.get(NAME, ""), salt=SALT, max_age=LASTS_SECONDS)
        return Opened(UUID(uid), author)
    except signing.BadSignature:
        return None


def remember(response: HttpResponse, uid: UUID, author: str = "") -> None:
    response.set_cookie(
        NAME,
        signing.dumps([str(uid), author], salt=SALT),
        max_age=LASTS_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponse) -> None:
    response.delete_cookie(NAME, path=PATH, samesite="Lax")

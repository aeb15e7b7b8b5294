"""Which draft this device writes, and in whose name: signed, for the journey only.

The cookie says which draft was opened here, not that it is still one: the database is asked at each page. Each screen
says the same of itself in a hidden field, its pen: in two windows, two declarations stay two, whichever the cookie
names, and a screen that was opened once is told from another person's.
"""

import secrets
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidents.services.declaring.draft import LASTS

NAME = "tocsin_declaration"
SALT = "incidents.declare.cookie"
PATH = "/declarer/"
LASTS_SECONDS = int(LASTS.total_seconds())
PEN = "plume"
PEN_SALT = "incidents.declare.pen"


class Opened(NamedTuple):
    """`pen` is empty where the page did not say which opening of it this is."""

    uid: UUID
    author: str
    pen: str = ""


def read_draft_cookie(request: HttpRequest) -> Opened | None:
    """As the page that was posted says, else as the cookie does. None when it is absent, altered or too old."""
    return read_pen(request) or read_signed(request.COOKIES.get(NAME, ""), SALT)


def read_pen(request: HttpRequest) -> Opened | None:
    """Return the draft that the posted page names; an express page names one that may not exist yet."""
    return read_signed(request.POST.get(PEN, ""), PEN_SALT)


def read_signed(signed: str, salt: str) -> Opened | None:
    try:
        uid, *others = signing.loads(signed, salt=salt, max_age=LASTS_SECONDS)
        return Opened(UUID(uid), *others)
    except signing.BadSignature:
        return None


def new_pen(uid: UUID, author: str) -> str:
    """For one opening of one screen."""
    return signing.dumps([str(uid), author, secrets.token_hex(4)], salt=PEN_SALT)


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

"""A signed cookie with the draft that this device is writing and its author's name. It is sent to the declaration
pages only.

The cookie does not prove that the draft still exists, so each page checks it in the database. Each screen also sends
the draft and its author in a hidden field, the pen. Two windows can therefore write two declarations, whichever of
them the cookie names, and a second save of the same screen is not mistaken for a save by another person.
"""

import secrets
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidents.services.declaring.draft import DRAFT_LIFETIME

COOKIE_NAME = "tocsin_declaration"
SALT = "incidents.declare.cookie"
PATH = "/declarer/"
DRAFT_LIFETIME_SECONDS = int(DRAFT_LIFETIME.total_seconds())
PEN = "plume"
PEN_SALT = "incidents.declare.pen"


class DraftHandle(NamedTuple):
    """The draft to which a page belongs. `pen` identifies one opening of the page. It is empty in a handle from the
    cookie.
    """

    uid: UUID
    author: str
    pen: str = ""


def read_draft_cookie(request: HttpRequest) -> DraftHandle | None:
    """Return the draft named by the posted page, or else by the cookie. Return None if neither names one, or if the
    value was altered or is too old.
    """
    return read_pen(request) or read_signed_handle(request.COOKIES.get(COOKIE_NAME, ""), SALT)


def read_pen(request: HttpRequest) -> DraftHandle | None:
    """Return the draft to which the posted page belongs, or None. The draft of an express page may not exist yet."""
    return read_signed_handle(request.POST.get(PEN, ""), PEN_SALT)


def read_signed_handle(signed: str, salt: str) -> DraftHandle | None:
    """Return the draft in a signed value, or None if the value is empty, altered or too old."""
    try:
        uid, *fields = signing.loads(signed, salt=salt, max_age=DRAFT_LIFETIME_SECONDS)
        return DraftHandle(UUID(uid), *fields)
    except signing.BadSignature:
        return None


def make_pen(uid: UUID, author: str) -> str:
    """Return a new signed pen for one opening of one screen."""
    return signing.dumps([str(uid), author, secrets.token_hex(4)], salt=PEN_SALT)


def remember_draft(response: HttpResponse, uid: UUID, author: str = "") -> None:
    response.set_cookie(
        COOKIE_NAME,
        signing.dumps([str(uid), author], salt=SALT),
        max_age=DRAFT_LIFETIME_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def delete_draft_cookie(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE_NAME, path=PATH, samesite="Lax")

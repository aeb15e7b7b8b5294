"""A signed cookie with the draft that this device is writing and the name of the draft's author. The browser sends it
to the declaration pages only.

The cookie does not prove that the draft still exists, so each page checks it in the database. Each screen also sends
the draft and its author in a hidden field, the pen. Two windows can therefore write two declarations at the same time,
although the cookie names only one of them. The pen also shows that a second save of the same screen comes from the
same person.
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
    """The draft to which a page belongs, and its author. `pen` identifies one opening of the page. In a handle from
    the cookie, `pen` is empty.
    """

    uid: UUID
    author: str
    pen: str = ""


def find_draft_handle(request: HttpRequest) -> DraftHandle | None:
    """Return the draft of the posted page, or else the draft of the cookie. Return None if neither contains a valid
    draft.
    """
    return find_posted_handle(request) or read_signed_handle(request.COOKIES.get(COOKIE_NAME, ""), SALT)


def find_posted_handle(request: HttpRequest) -> DraftHandle | None:
    """Return the draft to which the posted page belongs, or None if the page contains no valid pen. The draft of an
    express page may not exist yet.
    """
    return read_signed_handle(request.POST.get(PEN, ""), PEN_SALT)


def read_signed_handle(signed: str, salt: str) -> DraftHandle | None:
    """Return the draft in a signed value, or None if the value is empty, altered or too old."""
    try:
        uid, *fields = signing.loads(signed, salt=salt, max_age=DRAFT_LIFETIME_SECONDS)
        return DraftHandle(UUID(uid), *fields)
    except (signing.BadSignature, UnicodeEncodeError):  # a lone surrogate cannot be compared with a signature
        return None


def make_pen(uid: UUID, author: str) -> str:
    """Return a new signed pen. It contains the draft, its author and a random identifier for one opening of one
    screen.
    """
    return signing.dumps([str(uid), author, secrets.token_hex(4)], salt=PEN_SALT)


def remember_draft(response: HttpResponse, uid: UUID, author: str = "") -> None:
    """Set the cookie to this draft and the name of its author."""
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

"""A signed cookie with the draft that this device is writing and the name of the draft's author.

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

from incidents.devices.cookies import delete_device_cookie, set_device_cookie
from incidents.services.declaring.draft import DRAFT_LIFETIME

SALT = "incidents.declare.cookie"
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
    signed = request.COOKIES.get(settings.DRAFT_COOKIE_NAME, "")
    return find_posted_handle(request) or read_signed_handle(signed, SALT)


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
    signed = signing.dumps([str(uid), author], salt=SALT)
    set_device_cookie(response, settings.DRAFT_COOKIE_NAME, signed, lifetime_seconds=DRAFT_LIFETIME_SECONDS)


def delete_draft_cookie(response: HttpResponse) -> None:
    delete_device_cookie(response, settings.DRAFT_COOKIE_NAME)

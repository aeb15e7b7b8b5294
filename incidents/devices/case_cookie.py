"""A signed cookie with the cases that this device has opened: reference → public identifier of the access.

It is valid for the whole site, because the declaration pages add the case that was just declared. The cookie does not
prove that an access is still valid, so each page checks it in the database.
"""

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE_NAME = "tocsin_suivi"
SALT = "incidents.follow_up.cookie"
PATH = "/"
LIFETIME_SECONDS = 7 * 24 * 3600
MAX_CASES = 10


def read_case_cookie(request: HttpRequest) -> dict[str, str]:
    """Return the cases in the cookie, or {} if the cookie is absent, altered or too old."""
    try:
        return dict(signing.loads(request.COOKIES.get(COOKIE_NAME, ""), salt=SALT, max_age=LIFETIME_SECONDS))
    except signing.BadSignature:
        return {}


def get_access_uid(request: HttpRequest, reference: str) -> UUID | None:
    """Return the public identifier of the access to this case, or None if the cookie does not contain the case."""
    uid = read_case_cookie(request).get(reference)
    return UUID(uid) if uid else None


def remember_case(request: HttpRequest, response: HttpResponse, reference: str, uid: UUID) -> None:
    """Add the case to the cookie. If the cookie then has more than MAX_CASES cases, the oldest one is dropped."""
    other_cases = {name: value for name, value in read_case_cookie(request).items() if name != reference}
    write_case_cookie(response, dict(list((other_cases | {reference: str(uid)}).items())[-MAX_CASES:]))


def remove_case(request: HttpRequest, response: HttpResponse, reference: str) -> None:
    """Remove the case from the cookie."""
    write_case_cookie(
        response, {name: value for name, value in read_case_cookie(request).items() if name != reference}
    )


def write_case_cookie(response: HttpResponse, cases: dict[str, str]) -> None:
    """Set the cookie to these cases, or delete the cookie if there are none."""
    if not cases:
        response.delete_cookie(COOKIE_NAME, path=PATH, samesite="Lax")
        return
    response.set_cookie(
        COOKIE_NAME,
        signing.dumps(cases, salt=SALT),
        max_age=LIFETIME_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )

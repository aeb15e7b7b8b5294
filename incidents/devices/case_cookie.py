"""A signed cookie with the cases that this device has opened: reference → public identifier of the access.

It is valid for the whole site, because the declaration pages add the case that was just declared. The cookie does not
prove that an access is still valid, so each page checks it in the database.
"""

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidents.devices.cookies import delete_device_cookie, set_device_cookie

SALT = "incidents.follow_up.cookie"
LIFETIME_SECONDS = 7 * 24 * 3600
MAX_CASES = 10


def read_case_cookie(request: HttpRequest) -> dict[str, str]:
    """Return the cases in the cookie, or {} if the cookie is absent, altered or too old."""
    try:
        signed = request.COOKIES.get(settings.CASE_COOKIE_NAME, "")
        return dict(signing.loads(signed, salt=SALT, max_age=LIFETIME_SECONDS))
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
    name = settings.CASE_COOKIE_NAME
    if cases:
        set_device_cookie(response, name, signing.dumps(cases, salt=SALT), lifetime_seconds=LIFETIME_SECONDS)
    else:
        delete_device_cookie(response, name)

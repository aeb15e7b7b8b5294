"""A signed cookie with the name that a person gives when they write on a case, such as « Dominique, accueil ».

Each device asks for the name once. The name proves nothing: it saves typing and distinguishes the messages of several
people.
"""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidents.access import CaseVisitor
from incidents.devices import case_cookie

COOKIE_NAME = "tocsin_signature"
SALT = "incidents.devices.signature"


def read_signature(request: HttpRequest, visitor: CaseVisitor) -> str:
    """Return the name with which the visitor signs. This is the name of their account, or else the name given on this
    device. Return "" if there is neither.
    """
    if visitor.user:
        return visitor.user.display_name
    try:
        return str(
            signing.loads(request.COOKIES.get(COOKIE_NAME, ""), salt=SALT, max_age=case_cookie.LIFETIME_SECONDS)
        )
    except signing.BadSignature:
        return ""


def remember_signature(response: HttpResponse, signature: str) -> None:
    """Set the cookie to the name that the person gave."""
    response.set_cookie(
        COOKIE_NAME,
        signing.dumps(signature, salt=SALT),
        max_age=case_cookie.LIFETIME_SECONDS,
        path=case_cookie.PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )

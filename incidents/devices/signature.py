"""A signed cookie with the name that a person gives when they write on a case, such as « Dominique, accueil ».

Each device asks for the name once. The name proves nothing: it saves typing and distinguishes the messages of several
people.
"""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidents.access import CaseVisitor
from incidents.devices.case_cookie import LIFETIME_SECONDS
from incidents.devices.cookies import set_device_cookie

SALT = "incidents.devices.signature"


def read_signature(request: HttpRequest, visitor: CaseVisitor) -> str:
    """Return the name with which the visitor signs. This is the name of their account, or else the name given on this
    device. Return "" if there is neither.
    """
    if visitor.user:
        return visitor.user.display_name
    try:
        signed = request.COOKIES.get(settings.SIGNATURE_COOKIE_NAME, "")
        return str(signing.loads(signed, salt=SALT, max_age=LIFETIME_SECONDS))
    except signing.BadSignature:
        return ""


def remember_signature(response: HttpResponse, signature: str) -> None:
    """Set the cookie to the name that the person gave."""
    signed = signing.dumps(signature, salt=SALT)
    set_device_cookie(response, settings.SIGNATURE_COOKIE_NAME, signed, lifetime_seconds=LIFETIME_SECONDS)

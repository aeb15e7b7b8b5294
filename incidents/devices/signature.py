"""How whoever writes on a case calls themselves, asked once a device: « Dominique, accueil ».

A signed cookie for the pages of a case. It proves nothing: it spares typing, and several people can tell who wrote.
"""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidents.access import Guest
from incidents.devices import cookie

NAME = "tocsin_signature"
SALT = "incidents.devices.signature"


def signature_of(request: HttpRequest, guest: Guest) -> str:
    """The name that an account shows, or what was said on this device; empty when nothing was."""
    if guest.user:
        return guest.user.display_name
    try:
        return str(signing.loads(request.COOKIES.get(NAME, ""), salt=SALT, max_age=cookie.LASTS_SECONDS))
    except signing.BadSignature:
        return ""


def remember_signature(response: HttpResponse, signature: str) -> None:
    response.set_cookie(
        NAME,
        signing.dumps(signature, salt=SALT),
        max_age=cookie.LASTS_SECONDS,
        path=cookie.PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )

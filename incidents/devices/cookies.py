"""The attributes of the cookies of a device. Their names are in the settings.

In production, each name begins with `__Host-`. A browser stores such a cookie only if it has these attributes and no
domain (RFC 6265bis, 4.1.3.2), so that no other site of the same domain can give somebody a draft or a case of its own.
Cookies without the prefix, of a version before it, are therefore not read: who has one opens the case again with the
code or the link, and a screen that is being filled names its draft itself.
"""

from django.conf import settings
from django.http import HttpResponse


def set_device_cookie(response: HttpResponse, name: str, value: str, *, lifetime_seconds: int) -> None:
    """Set a cookie that scripts cannot read and that other sites cannot send with their forms."""
    response.set_cookie(
        name,
        value,
        max_age=lifetime_seconds,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def delete_device_cookie(response: HttpResponse, name: str) -> None:
    response.delete_cookie(name, path="/", samesite="Lax")

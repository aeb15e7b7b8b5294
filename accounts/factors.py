"""The second factor: who has one, and which sessions have shown it. allauth keeps both; this is how we read them."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts.models import User

# What can be shown at the door. Recovery codes open it too, but are never all that somebody has.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def has_shown_factor(request: HttpRequest, user: User) -> bool:
    """Whether this session, opened by `user`, has shown a second factor (or a passkey, which is two at once)."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, user))


def remember_shown(request: HttpRequest, user: User, kind: str) -> None:
    """A factor was just enrolled, hence shown. The session takes a new name with its new rights."""
    record_authentication(request, user, "mfa", type=kind)
    request.session.cycle_key()


def factors_of(user: User) -> dict[str, Any]:
    """What the page of one's account shows, in one query."""
    found = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = next((one for one in found if one.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "totp": next((one for one in found if one.type == Authenticator.Type.TOTP), None),
        "keys": [one for one in found if one.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "has_factor": any(one.type in FACTORS for one in found),
    }

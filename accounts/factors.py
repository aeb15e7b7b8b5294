"""Functions that read what django-allauth stores of second factors: which account has one, and which session has
passed one.
"""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts.models import User

# The factors that a person may have alone. Recovery codes are a factor too, but never the only one.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def has_passed_factor(request: HttpRequest, user: User) -> bool:
    """Tell whether this session of `user` has passed a second factor. A sign-in with a passkey counts as one."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, user))


def record_new_factor(request: HttpRequest, user: User, kind: str) -> None:
    """Record that the session has passed a factor, because the user has just enrolled it. The session key changes,
    since the session gains rights.
    """
    record_authentication(request, user, "mfa", type=kind)
    request.session.cycle_key()


def describe_factors(user: User) -> dict[str, Any]:
    """Return the context of the account page about factors. One query."""
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = next((factor for factor in factors if factor.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "totp": next((factor for factor in factors if factor.type == Authenticator.Type.TOTP), None),
        "keys": [factor for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "has_factor": any(factor.type in FACTORS for factor in factors),
    }

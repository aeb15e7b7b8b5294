"""What django-allauth stores about second factors: which account has one, and which session has passed one."""

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from accounts.models import User

# The factors that a person may have alone. Recovery codes are a factor too, but never the only one.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# With which their secrets are encrypted (`core/secrets.py`). Rows hold them, so it never changes.
FACTOR_PURPOSE = "accounts.second_factor"
# The proofs of an identity, by the words of the records of allauth.
PASSWORD_PROOF, FACTOR_PROOF = "password", "mfa"
# By this name, the pages of allauth that change what signs in ask for a proof. Other pages use another one.
MEANS_OF_SIGN_IN = "allauth.mfa"
NOT_OPENED = "n’a pas encore ouvert son compte"
NO_FACTOR = "pas encore de second facteur"


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def describe_missing_step(user: User, *, has_any_factor: bool) -> str:
    """Return what a person must still do before they can work on cases, or "" if nothing is missing."""
    if has_any_factor:
        return ""
    return NO_FACTOR if user.has_usable_password() else NOT_OPENED


def list_people_with_labels(people: QuerySet[User]) -> list[tuple[User, str]]:
    """Return these people, each with a label for a list of choices. The label is the name and what the person must
    still do: « Camille Exemple (n’a pas encore ouvert son compte) ». Runs one query.
    """
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    choices: list[tuple[User, str]] = []
    for person in people.annotate(has_any_factor=Exists(factors)):
        step = describe_missing_step(person, has_any_factor=person.has_any_factor)
        choices.append((person, f"{person} ({step})" if step else str(person)))
    return choices


def has_passed_factor(request: HttpRequest, user: User) -> bool:
    """Tell whether this session of `user` has passed a second factor. A sign-in with a passkey counts as one."""
    return any(record.get("method") == FACTOR_PROOF for record in get_authentication_records(request, user))


def list_recent_proofs(request: HttpRequest, user: User) -> set[str]:
    """Return what this session proved within IDENTITY_PROOF_LIFE: the password, a second factor. A sign-in with a
    passkey alone proves both, because the device checks who uses it. A passkey that confirms is a second factor.
    """
    now = time.time()
    oldest = now - settings.IDENTITY_PROOF_LIFE.total_seconds()
    # A record of the future was made before the clock of the machine was set back: its age is unknown.
    records = [record for record in get_authentication_records(request, user) if oldest <= record["at"] <= now]
    proofs = {str(record["method"]) for record in records}
    return proofs | {PASSWORD_PROOF} if any(record.get("passwordless") for record in records) else proofs


def has_proved_all(request: HttpRequest, user: User) -> bool:
    """Tell whether the session gave the password and, if the account has one, a second factor a few minutes ago."""
    missing = {PASSWORD_PROOF, FACTOR_PROOF} - list_recent_proofs(request, user)
    return not missing or (missing == {FACTOR_PROOF} and not has_factor(user))


def must_pass_factor(request: HttpRequest, user: User) -> bool:
    """Tell whether a role of `user` needs a second factor, and this session has passed none."""
    return user.needs_second_factor and not has_passed_factor(request, user)


def record_new_factor(request: HttpRequest, user: User, kind: str) -> None:
    """Record that the session has passed the factor that the user has just enrolled. The session key changes, because
    the session gains rights.
    """
    record_authentication(request, user, FACTOR_PROOF, type=kind)
    request.session.cycle_key()


def list_recovery_hashes(codes: Authenticator) -> list[str]:
    """Return the encrypted hashes of the recovery codes that are left in this row (`services/recovery_codes.py`).
    Codes whose key had been removed before there were hashes have none, and open nothing.
    """
    return list(codes.data.get("hashes", []))


def describe_factors(user: User) -> dict[str, Any]:
    """Return the template context of the account page about the user's second factors. Runs one query."""
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = next((factor for factor in factors if factor.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "totp": next((factor for factor in factors if factor.type == Authenticator.Type.TOTP), None),
        "keys": [factor for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(list_recovery_hashes(codes)) if codes else 0,
        "has_factor": any(factor.type in FACTORS for factor in factors),
    }

"""Rows of accounts that a test writes without the service."""

import secrets
from collections.abc import Iterable

from django.utils import timezone

from accounts.enums import TokenScope
from accounts.models import ApiToken, BreakGlass, User
from accounts.models.access import BREAK_GLASS_LIFE
from accounts.tokens import PREFIX, hash_token
from tests.cast import breizh_cyber


def make_api_token(user: User, *, name: str = "essai", scopes: Iterable[str] = TokenScope.values) -> str:
    """Create a token of this person with these scopes, entitled or not, and return it."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, token_hash=hash_token(token), scopes=list(scopes))
    return token


def make_break_glass(user: User, reason: str = "Personne ne répond") -> BreakGlass:
    """Create the row of an access to Breizh Cyber that began now."""
    now = timezone.now()
    fields = {"csirt": breizh_cyber(), "reason": reason, "started_at": now}
    return BreakGlass.objects.create(user=user, ends_at=now + BREAK_GLASS_LIFE, **fields)

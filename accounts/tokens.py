"""Secrets that open something: tokens of the API, shown once, and links sent by mail. Stored as a hash."""

import hashlib
import secrets

from django.utils.crypto import salted_hmac

from accounts.factors import has_factor
from accounts.models import AccessLink, ApiToken, User

PREFIX = "tocsin_"


def issue_token(user: User, *, name: str) -> str:
    """A new token for `user`, said here and never again. `name` tells what it is for."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, token_hash=hash_of(token))
    return token


def user_of_token(token: str) -> User | None:
    """Whom a live token speaks for; None if it is unknown or revoked, or if the account is closed.

    Nor for somebody whose role asks for a second factor and who has none: their password opens nothing either.
    """
    live = ApiToken.objects.filter(token_hash=hash_of(token), revoked_at=None, user__is_active=True)
    found = live.select_related("user").first()
    if found is None or (found.user.needs_second_factor and not has_factor(found.user)):
        return None
    return found.user


def hash_of(token: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def token_of_link(link: AccessLink) -> str:
    """Drawn from the link's seed and the server's key: the mail can be written later, a stolen row opens nothing."""
    return salted_hmac("accounts.access_link", link.nonce, algorithm="sha256").hexdigest()

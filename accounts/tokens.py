"""Secrets that open something: tokens of the API, shown once, and links sent by mail. Stored as a hash."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.factors import has_factor
from accounts.models import AccessLink, ApiToken, User

PREFIX = "tocsin_"
NOTED_EVERY = timedelta(minutes=10)


def issue_token(user: User, *, name: str) -> str:
    """A new token for `user`, said here and never again. `name` tells what it is for."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, token_hash=hash_of(token))
    return token


def token_of_form(user: User, key: str) -> str:
    """Drawn from the key of a form and the server's own: the form sent twice makes one token, kept nowhere."""
    digest = salted_hmac("accounts.api_token", f"{user.pk}:{key}", algorithm="sha256").digest()
    return PREFIX + urlsafe_b64encode(digest).decode().rstrip("=")


def user_of_token(token: str) -> User | None:
    """Whom a live token speaks for; None if it is unknown or revoked, or if the account is closed.

    Nor for somebody whose role asks for a second factor and who has none: their password opens nothing either.
    """
    live = ApiToken.objects.filter(token_hash=hash_of(token), revoked_at=None, user__is_active=True)
    found = live.select_related("user").first()
    if found is None or (found.user.needs_second_factor and not has_factor(found.user)):
        return None
    note_use(found)
    return found.user


def note_use(token: ApiToken) -> None:
    """Its person sees whether it still serves; a program that asks all day costs a write every ten minutes."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def hash_of(token: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def token_of_link(link: AccessLink) -> str:
    """Drawn from the link's seed and the server's key: the mail can be written later, a stolen row opens nothing."""
    return salted_hmac("accounts.access_link", link.nonce, algorithm="sha256").hexdigest()

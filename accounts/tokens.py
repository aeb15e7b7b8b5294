"""Secrets that give access: API tokens, which are shown once, and links sent by mail. Only a hash of each is
stored.
"""

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta

from django.utils import timezone

from accounts.factors import has_factor
from accounts.models import AccessLink, ApiToken, User
from core.secrets import hash_value

PREFIX = "tocsin_"
RECORDED_EVERY = timedelta(minutes=10)


def derive_form_token(user: User, key: str) -> str:
    """Return the API token that a form makes. It is derived from the user, the random key of the form and the key of
    the server. A form that is sent twice thus gets the same token, although the token is not stored.
    """
    digest = hash_value("accounts.api_token", f"{user.pk}:{key}")
    return PREFIX + urlsafe_b64encode(digest).decode().rstrip("=")


def find_token_user(token: str) -> User | None:
    """Return the user of a live token, and record that the token was used. Return None if the token is unknown or
    revoked, if the account is closed, or if the user's role needs a second factor and the account has none.
    """
    live = ApiToken.objects.filter(token_hash=hash_token(token), revoked_at=None, user__is_active=True)
    row = live.select_related("user").first()
    if row is None or (row.user.needs_second_factor and not has_factor(row.user)):
        return None
    record_token_use(row)
    return row.user


def record_token_use(token: ApiToken) -> None:
    """Record when the token was last used. The row is written at most once in ten minutes, so that a busy program
    causes few writes.
    """
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > RECORDED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal. A secret of 256 random bits needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def derive_link_token(link: AccessLink) -> str:
    """Return the secret of a link, derived from its nonce and the key of the server. The mail can thus be written
    later, and a stolen row does not reveal the secret.
    """
    return hash_value("accounts.access_link", link.nonce).hex()

"""Secrets that give access: API tokens, which are shown once, and links sent by mail. Only a hash of each is stored.

The hash has no key, so that a token and a link work whatever becomes of TOKEN_KEY. A key only makes them.
"""

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.enums import Role
from accounts.factors import has_factor
from accounts.models import AccessLink, ApiToken, Membership, User
from core.rotation import KeyAge
from core.secrets import KeyUse, hash_value, list_keys

PREFIX = "tocsin_"
RECORDED_EVERY = timedelta(minutes=10)


def derive_form_tokens(user: User, form: str) -> list[str]:
    """Return the API tokens that a form may have made, one for each key of the server. The first is that of a new row.

    A token is derived from the user, the form (its random key and its answers) and the key. A form that is sent twice
    thus gets the same token, although the token is not stored.
    """
    digests = [hash_value("accounts.api_token", f"{user.pk}:{form}", secret=key) for key in list_keys(KeyUse.TOKEN)]
    return [PREFIX + urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests]


def find_live_token(token: str) -> ApiToken | None:
    """Return the row of a live token, with its user, and record that it was used. Return None if the token is unknown,
    revoked or expired, if the account is closed or lost a role since the token was made, or if the user's role needs
    a second factor and the account has none.

    The user has no right by a break-glass access: a program would have it again at the next one, unseen.
    """
    live = filter_live(ApiToken.objects.filter(token_hash=hash_token(token), user__is_active=True))
    row = live.select_related("user").first()
    if row is None:
        return None
    row.user.memberships = row.user.own_roles
    if row.user.needs_second_factor and not has_factor(row.user):
        return None
    record_token_use(row)
    return row


def filter_live(tokens: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
    """Limit these tokens to those that are neither revoked nor expired, and whose person has lost no role since they
    were made. The page of the tokens and the API both ask this.

    The day on which a role ends may be set long before, and nothing runs on that day to revoke the tokens. A service
    that ends a role today revokes them itself. A role that was cancelled before its first day, or that no lead
    confirmed, gave no right to lose. An agent who was the manager of the same body by then has lost none.
    """
    own_roles = Membership.objects.filter(user=OuterRef("user"), awaits_confirmation=False)
    ended = own_roles.filter(ended_on__lte=timezone.localdate()).filter(ended_on__gt=F("since_on"))
    managed = own_roles.filter(role=Role.MANAGER, collectivity=OuterRef("collectivity"))
    managed = managed.filter(since_on__lte=OuterRef("ended_on"))
    managed = managed.filter(Q(ended_on=None) | Q(ended_on__gt=OuterRef("ended_on")))
    lost = ended.exclude(Exists(managed), role=Role.AGENT)
    ended_since = lost.filter(ended_on__gt=OuterRef("made_on"))
    live = tokens.filter(revoked_at=None, expires_at__gt=timezone.now())
    return live.alias(made_on=TruncDate("created_at")).exclude(Exists(ended_since))


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


def list_link_tokens(nonce: str) -> list[str]:
    """Return the secrets that the keys of the server derive from the nonce of a link. The first is that of a new link.

    The mail can thus be written later, and a stolen row does not reveal the secret.
    """
    return [hash_value("accounts.access_link", nonce, secret=key).hex() for key in list_keys(KeyUse.TOKEN)]


def derive_link_token(link: AccessLink) -> str:
    """Return the secret of a link as it was issued, or "" if its key was removed."""
    return next((token for token in list_link_tokens(link.nonce) if hash_token(token) == link.token_hash), "")


def find_link_age(link: AccessLink) -> KeyAge:
    """Tell with which key the secret of a link is derived."""
    token = derive_link_token(link)
    if not token:
        return KeyAge.REMOVED
    return KeyAge.FIRST if token == list_link_tokens(link.nonce)[0] else KeyAge.FORMER

"""API tokens, which people make for their programs and revoke. A token is never deleted, so that its row records when
it was made, used and revoked.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.enums import MailKind
from accounts.models import ApiToken, User
from accounts.services.mails import queue_mail
from accounts.tokens import derive_form_token, hash_token

logger = structlog.get_logger(__name__)

MAX_LIVE_TOKENS = 10
REPEATED_WITHIN = timedelta(minutes=2)


class TooManyTokens(Exception):
    """The person has as many live tokens as allowed, and must revoke one first."""


class TokenAlreadyShown(Exception):
    """This form made a token earlier. The token was shown once and cannot be shown again."""


@transaction.atomic
def make_token(*, actor: User, name: str, key: str) -> str:
    """Make an API token and return its text. Queue a mail about the new token to its owner. Only a hash is stored, so
    that the text cannot be read again.

    `key` is the random key of the form. If the same form is sent twice within two minutes, the second call returns the
    same token. After two minutes, or once the token is revoked, it raises TokenAlreadyShown.

    Raises Http404 unless the person works on cases or belongs to a body. Raises TooManyTokens if the person has too
    many live tokens.
    """
    check_may_have_tokens(actor)
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # two concurrent clicks are handled in turn
    token = derive_form_token(actor, key)
    if earlier := actor.api_tokens.filter(token_hash=hash_token(token)).first():
        if earlier.revoked_at or timezone.now() - earlier.created_at > REPEATED_WITHIN:
            raise TokenAlreadyShown
        return token
    if list_live_tokens(actor).count() >= MAX_LIVE_TOKENS:
        raise TooManyTokens
    row = ApiToken.objects.create(user=actor, name=name, token_hash=hash_token(token))
    queue_mail(MailKind.TOKEN_MADE, actor)
    logger.info("api token made", token=str(row.uid), user=str(actor.uid))
    return token


@transaction.atomic
def revoke_token(*, actor: User, uid: UUID) -> ApiToken:
    """Revoke the token and return it. A second call changes nothing. Raises Http404 if the token belongs to another
    person.
    """
    token = get_token(actor, uid)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        logger.info("api token revoked", token=str(token.uid), user=str(actor.uid))
    return token


def get_token(actor: User, uid: UUID) -> ApiToken:
    """Return the token of `actor` that has this uid. Raises Http404 if there is none."""
    token = actor.api_tokens.filter(uid=uid).first()
    if token is None:
        raise Http404
    return token


def list_live_tokens(user: User) -> QuerySet[ApiToken]:
    """Return the tokens of the user that are not revoked."""
    return user.api_tokens.filter(revoked_at=None)


def may_have_tokens(user: User) -> bool:
    """Tell whether this person works on cases, or belongs to a body. The API offers nothing to other people."""
    return user.has_body or user.works_in_any_centre


def check_may_have_tokens(user: User) -> None:
    """Raise Http404 unless this person may have tokens."""
    if not may_have_tokens(user):
        raise Http404

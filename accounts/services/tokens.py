"""API tokens, which people make for their programs and revoke. A token is never deleted, so that its row records when
it was made, used and revoked.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.enums import MailKind, SecurityEventKind, TokenScope
from accounts.models import ApiToken, User
from accounts.models.access import TOKEN_LIFE
from accounts.security.record import record_security_event
from accounts.services.mails import queue_mail
from accounts.tokens import derive_form_tokens, filter_live, hash_token

MAX_LIVE_TOKENS = 10
REPEATED_WITHIN = timedelta(minutes=2)


class TooManyTokens(Exception):
    """The person has as many live tokens as allowed, and must revoke one first."""


class TokenAlreadyShown(Exception):
    """This form made a token earlier, with the same answers. The token was shown once and cannot be shown again."""


class AccountChanged(Exception):
    """The account was closed, or its sessions ended, since the caller read it."""


class UnusableScope(Exception):
    """The person cannot use this scope with the roles of today."""


@transaction.atomic
def make_token(*, actor: User, name: str, key: str, scopes: Collection[str], days: int = TOKEN_LIFE.days) -> str:
    """Make an API token and return its text. Queue a mail about the new token to its owner. Only a hash is stored, so
    that the text cannot be read again. The token expires after `days` days.

    `key` is the random key of the form. If the same form is sent twice within two minutes with the same answers, the
    second call returns the same token. After two minutes, or once the token is revoked, it raises TokenAlreadyShown.
    With other answers it makes another token.

    Raises Http404 unless the person works on cases or belongs to a body. Raises UnusableScope for a scope that is not
    offered to the person, AccountChanged, and TooManyTokens if the person has too many live tokens.
    """
    person = lock_token_owner(actor, scopes)
    tokens = derive_form_tokens(person, f"{key}:{','.join(sorted(scopes))}:{days}:{name}")
    by_hash = {hash_token(token): token for token in tokens}
    if earlier := person.api_tokens.filter(token_hash__in=by_hash).first():
        if earlier.revoked_at or timezone.now() - earlier.created_at > REPEATED_WITHIN:
            raise TokenAlreadyShown
        return by_hash[earlier.token_hash]
    if list_live_tokens(person).count() >= MAX_LIVE_TOKENS:
        raise TooManyTokens
    expires_at = timezone.now() + timedelta(days=days)
    ApiToken.objects.create(
        user=person, name=name, token_hash=hash_token(tokens[0]), scopes=list(scopes), expires_at=expires_at
    )
    queue_mail(MailKind.TOKEN_MADE, person)
    record_security_event(SecurityEventKind.TOKEN_MADE, person=person, detail=".".join(sorted(scopes)))
    return tokens[0]


def lock_token_owner(actor: User, scopes: Collection[str]) -> User:
    """Lock the account, read it again, and check that it may have a token with these scopes. Raises the errors of
    `make_token` about the person.

    Whatever revokes tokens changes or locks the account. A token that is made at the same moment is thus either
    revoked too, or refused here.
    """
    person = lock_unchanged_account(actor)
    check_may_have_tokens(person)
    for scope in scopes:
        if scope not in list_offered_scopes(person):
            raise UnusableScope(scope)
    return person


def lock_unchanged_account(account: User) -> User:
    """Lock the account and return it as it is stored. Raises AccountChanged if it was closed, or its sessions ended,
    since the caller read it.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=account.pk)
    if not person.is_active or person.session_stamp != account.session_stamp:
        raise AccountChanged
    return person


@transaction.atomic
def revoke_token(*, actor: User, uid: UUID) -> ApiToken:
    """Revoke the token and return it. A second call changes nothing. Raises Http404 if the token belongs to another
    person.
    """
    token = get_token(actor, uid)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record_security_event(SecurityEventKind.TOKEN_REVOKED, person=actor)
    return token


def revoke_tokens(people: Iterable[User]) -> None:
    """Revoke all tokens of these people, who may make others with the rights that they still have. The caller is in a
    transaction.

    Each service locks the links first, then the accounts in the order of their keys, then the roles. Two that change
    the same person thus never wait for each other. So this is called after the links are changed, and before the roles
    are.
    """
    people = lock_accounts(people)
    for token in ApiToken.objects.filter(user__in=people, revoked_at=None).select_related("user").order_by("pk"):
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record_security_event(SecurityEventKind.TOKEN_REVOKED, person=token.user)


def lock_accounts(people: Iterable[User]) -> list[User]:
    """Lock these accounts in the order of their keys, and return them as they are stored (`revoke_tokens`)."""
    keys = {person.pk for person in people}
    return list(User.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))


def get_token(actor: User, uid: UUID) -> ApiToken:
    """Return the token of `actor` that has this uid. Raises Http404 if there is none."""
    token = actor.api_tokens.filter(uid=uid).first()
    if token is None:
        raise Http404
    return token


def list_tokens(user: User) -> QuerySet[ApiToken]:
    """Return the tokens of the user in any state, newest first. Each has `is_live`, which is false if it is revoked,
    expired or older than the end of a role.
    """
    live = filter_live(ApiToken.objects.filter(pk=OuterRef("pk")))
    return user.api_tokens.annotate(is_live=Exists(live)).order_by("-created_at", "-id")


def list_live_tokens(user: User) -> QuerySet[ApiToken]:
    """Return the tokens of the user that still work."""
    return filter_live(user.api_tokens.all())


def may_have_tokens(user: User) -> bool:
    """Tell whether this person works on cases, or belongs to a body. The API offers nothing to other people."""
    return user.has_body or works_by_role(user)


def works_by_role(user: User) -> bool:
    """Tell whether this person works for a CSIRT by a role. A break-glass access gives tokens no right."""
    return any(user.is_in_team(role.csirt_id) for role in user.own_roles if role.csirt_id)


def list_offered_scopes(user: User) -> list[str]:
    """Return the scopes that this person can use. Only a person who works on cases can use the scope of triage."""
    return [scope for scope in TokenScope.values if scope != TokenScope.TRIAGE or works_by_role(user)]


def check_may_have_tokens(user: User) -> None:
    """Raise Http404 unless this person may have tokens."""
    if not may_have_tokens(user):
        raise Http404

"""Accounts that nobody uses: their person is warned, then the account is closed, and later its name and address go.

Nothing else of an account is deleted, because events, roles and readings refer to it. They then show a pseudonym.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.enums import CENTRE_MAILS, LEADING_ROLES, ROLE_MAILS, UNUSED_WARNING, LinkPurpose, MailKind, Role
from accounts.models import (
    AccessLink,
    ApiToken,
    Membership,
    PendingMail,
    StoredSession,
    User,
)
from accounts.security.erasures import ACCOUNT, log_erasures
from accounts.services.mails import queue_mail
from accounts.services.reports import report_closed_accounts

MAX_WARNINGS_AT_ONCE = 200
WARNING_LASTS = timedelta(days=90)
# A domain that nobody can own (RFC 2606).
PSEUDONYM_DOMAIN = "ancien-compte.invalid"
CLOSED_BY_PURGE = "Compte fermé par la plateforme\N{NO-BREAK SPACE}: personne ne s’en servait"


def list_open_accounts() -> QuerySet[Any]:  # of users, with these annotations
    """Return the open accounts, with `last_used_at`, the last sign-in or request of a program, or else when the
    account was made, and with whether a session of theirs is still open.
    """
    tokens = ApiToken.objects.filter(user=OuterRef("pk"), last_used_at__isnull=False).order_by("-last_used_at")
    last_use = Greatest("created_at", "last_login", Subquery(tokens.values("last_used_at")[:1]))
    sessions = StoredSession.objects.filter(user=OuterRef("pk"), expire_date__gt=timezone.now())
    return User.objects.filter(is_active=True).annotate(last_used_at=last_use, is_signed_in=Exists(sessions))


def list_unused_accounts(limit: datetime) -> QuerySet[Any]:
    """Return the open accounts that were last used before `limit` and that nobody is signed in to.

    Those without whom nobody who uses Tocsin would administer the platform or lead a centre are left out. They are
    neither warned nor closed.
    """
    unused = list_open_accounts().filter(last_used_at__lt=limit, is_signed_in=False)
    return unused.exclude(Exists(list_irreplaceable_roles(limit).filter(user=OuterRef("pk"))))


def list_irreplaceable_roles(limit: datetime) -> QuerySet[Membership]:
    """Return the roles of administrators and leads that nobody else has in force, for the same centre, whose account
    was used since `limit`.
    """
    in_use = list_open_accounts().filter(Q(last_used_at__gte=limit) | Q(is_signed_in=True))
    others = Membership.objects.in_force().filter(user__in=in_use.values("pk")).exclude(user=OuterRef("user"))
    administrators = others.filter(role=Role.ADMINISTRATOR)
    leads = others.filter(role__in=LEADING_ROLES, csirt=OuterRef("csirt"))
    return Membership.objects.in_force().filter(
        Q(role=Role.ADMINISTRATOR) & ~Exists(administrators) | Q(role__in=LEADING_ROLES) & ~Exists(leads)
    )


@transaction.atomic
def warn_unused_accounts(limit: datetime) -> int:
    """Queue a mail to the people whose accounts will be closed in UNUSED_WARNING, unless they were warned since their
    last use. Return how many were warned, at most MAX_WARNINGS_AT_ONCE: other mails must not wait behind these. Those
    whose accounts were last used first are warned first.
    """
    unused = list_unused_accounts(limit + UNUSED_WARNING)
    unaware = unused.filter(Q(unused_warned_at=None) | ~make_warned_condition())
    oldest = unaware.order_by("last_used_at", "pk")
    people = list(oldest.select_for_update(skip_locked=True, of=("self",), no_key=True)[:MAX_WARNINGS_AT_ONCE])
    for person in people:
        queue_mail(MailKind.UNUSED_ACCOUNT, person)
    User.objects.filter(pk__in=[person.pk for person in people]).update(unused_warned_at=timezone.now())
    return len(people)


def list_accounts_to_close(limit: datetime) -> QuerySet[User]:
    """Return the accounts that were last used before `limit`, and whose people were warned early enough since."""
    warned = list_unused_accounts(limit).filter(make_warned_condition())
    return warned.filter(unused_warned_at__lte=timezone.now() - UNUSED_WARNING)


def make_warned_condition() -> Q:
    """Return the condition that the person was warned since the last use, and lately: a warning of years ago, or of a
    clock that was ahead, is sent again.
    """
    now = timezone.now()
    is_recent = Q(unused_warned_at__gt=now - WARNING_LASTS, unused_warned_at__lte=now)
    return Q(unused_warned_at__gt=F("last_used_at")) & is_recent


def close_unused_accounts(ids: list[int]) -> None:
    """Close these accounts, record it in the history of each, and tell the leads among them and the other leads of
    their centres. Call it inside a transaction that has locked them.
    """
    people = list(User.objects.filter(pk__in=ids).order_by("pk"))
    User.objects.filter(pk__in=ids).update(is_active=False, closed_at=timezone.now())
    for person in people:  # the history needs an author, and the purge has no account
        LogEntry.objects.log_actions(person.pk, [person], CHANGE, CLOSED_BY_PURGE, single_object=True)
    report_closed_accounts(people, None)


def list_accounts_to_pseudonymise(limit: datetime) -> QuerySet[User]:
    """Return the accounts that were closed before `limit` and still have their name and address."""
    return exclude_pseudonyms(User.objects.filter(is_active=False, closed_at__lt=limit))


def exclude_pseudonyms(accounts: QuerySet[User]) -> QuerySet[User]:
    """Leave out the accounts that have a pseudonym already."""
    return accounts.exclude(email__endswith=f"@{PSEUDONYM_DOMAIN}")


def pseudonymise_accounts(ids: list[int]) -> None:
    """Replace the names and addresses of these accounts by pseudonyms, and delete what opened them and the mails that
    were sent to them. Call it inside a transaction that has locked them.
    """
    people = list(User.objects.filter(pk__in=ids).order_by("pk"))
    for model in (Authenticator, EmailAddress, StoredSession, ApiToken):
        model.objects.filter(user__in=ids).delete()
    list_mails_to(people).delete()
    links = AccessLink.objects.filter(user__in=ids).exclude(purpose=LinkPurpose.CHANNEL)
    links.exclude(Exists(PendingMail.objects.filter(link=OuterRef("pk")))).delete()
    for person in people:
        person.display_name = f"Ancien compte {person.uid.hex[:6]}"
        person.email = f"{person.uid}@{PSEUDONYM_DOMAIN}"
        person.password, person.session_stamp = make_password(None), uuid4()
        person.save(update_fields=["display_name", "email", "password", "session_stamp"])
        rename_in_history(person)
    log_erasures(ACCOUNT, [str(person.uid) for person in people])


def list_mails_to(people: Iterable[User]) -> QuerySet[PendingMail]:
    """Return the mails to the addresses of these people, and those about their own account alone, which went to them
    at an address that they may have changed since. Mails about them to somebody else are not theirs.
    """
    people = list(people)
    not_private = [*CENTRE_MAILS, *ROLE_MAILS, MailKind.CHANNEL, MailKind.COMING_PURGE]
    is_private = Q(user__in=people) & ~Q(kind__in=not_private)
    return PendingMail.objects.filter(Q(to__in=[person.email for person in people]) | is_private)


def rename_in_history(person: User) -> None:
    """Write the pseudonym of this account over its name in the history that the admin keeps of it. PostgreSQL lets the
    site write nothing else there. Lines about roles name nobody.
    """
    accounts = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=accounts, object_id=str(person.pk)).update(object_repr=str(person))


@transaction.atomic
def pseudonymise_restored_accounts(uids: Iterable[UUID]) -> int:
    """Close the accounts with these uids and give them pseudonyms, unless they have them. A restored backup may hold
    them as they were before. Return how many they were.
    """
    restored = exclude_pseudonyms(User.objects.filter(uid__in=uids))
    ids = list(restored.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    User.objects.filter(pk__in=ids).update(is_active=False)
    pseudonymise_accounts(ids)
    return len(ids)

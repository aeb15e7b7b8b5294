"""Queueing mails about accounts, in the transaction of the change that they announce."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.access import list_lead_roles
from accounts.enums import LEADING_ROLES, SILENCE, MailKind, MailStatus
from accounts.models import AccessLink, BreakGlass, Membership, PendingMail, User, make_in_force_condition
from csirts.models import Csirt

# How long the former leads of a centre that nobody leads any more hear of what happens to it.
FORMER_LEADS_HEAR = timedelta(days=30)


class MailSubject(TypedDict, total=False):
    """The rows that a mail about an account names, besides the account and a centre."""

    link: AccessLink | None
    membership: Membership
    by: User | None
    access: BreakGlass
    detail: str
    due_at: datetime


def queue_mail(
    kind: MailKind, user: User, *, csirt: Csirt | None = None, to: str = "", **about: Unpack[MailSubject]
) -> PendingMail:
    """Queue a mail to `to`, by default the address of the account. Its text is rendered when it is sent."""
    return PendingMail.objects.create(kind=kind, user=user, csirt=csirt, to=to or user.email, **about)


def queue_mails_to_leads(
    kind: MailKind, user: User, *, csirt: Csirt, without: Collection[User] = (), **about: Unpack[MailSubject]
) -> None:
    """Queue this mail about `user` to each other lead of the centre, but to none of `without`.

    If nobody else leads the centre, it goes to its mailbox, to its team and to those who led it within thirty days.
    Nobody thus takes the role of the leads away, and then gives it to somebody else, unseen.
    """
    roles = list_lead_roles().filter(csirt=csirt).exclude(user=user).select_related("user")
    leads = {role.user for role in roles}
    addresses = {lead.email for lead in leads - {*without}} if leads else list_last_known_addresses(csirt)
    for address in sorted(addresses - {user.email}):
        queue_mail(kind, user, csirt=csirt, to=address, **about)


def queue_mails_to_centre(
    kind: MailKind, *, csirt: Csirt, by: User | None, detail: str, delay: timedelta = timedelta()
) -> None:
    """Queue this mail about the centre to each of its leads and to its mailbox, but not to `by`, who caused it. If
    nobody leads the centre, it goes to those of `list_last_known_addresses`. All leave after the same `delay`.

    `by` is None for what no person did. The mail is then about the account that joined the centre last; a centre
    without any has no address either.
    """
    leads = set(list_lead_roles().filter(csirt=csirt).values_list("user__email", flat=True))
    addresses = {csirt.notification_email, *(leads or list_last_known_addresses(csirt))} - {""}
    user = by or User.objects.filter(membership__csirt=csirt).order_by("membership__pk").last()
    if user is None:
        return
    due_at = timezone.now() + delay
    for address in sorted(addresses - ({by.email} if by else set())):
        queue_mail(kind, user, csirt=csirt, to=address, by=by, detail=detail, due_at=due_at)


def list_last_known_addresses(csirt: Csirt) -> set[str]:
    """Return the mailbox of a centre that nobody leads, and the addresses of its team and of those who led it within
    thirty days. The account of a lead may have been closed, or the role put off, to leave the centre without one.
    """
    since = timezone.localdate() - FORMER_LEADS_HEAR
    is_former_lead = Q(role__in=LEADING_ROLES) & (Q(ended_on=None) | Q(ended_on__gte=since))
    roles = Membership.objects.filter(csirt=csirt, awaits_confirmation=False)
    roles = roles.filter(is_former_lead | make_in_force_condition() & Q(user__is_active=True))
    return {csirt.notification_email, *roles.values_list("user__email", flat=True)} - {""}


def list_old_mails(limit: datetime) -> QuerySet[PendingMail]:
    """Return the mails that were queued before `limit` and will not be tried again: sent, refused or given up. A
    reminder stays a year, because it says when the next one is due.
    """
    old = PendingMail.objects.filter(created_at__lt=limit).exclude(status=MailStatus.DUE)
    return old.exclude(kind=MailKind.SILENT_CASES, created_at__gte=timezone.now() - SILENCE)

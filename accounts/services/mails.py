"""Queueing mails about accounts, in the transaction of the change that they announce."""

from collections.abc import Collection
from datetime import timedelta
from typing import TypedDict, Unpack

from django.db.models import Q
from django.utils import timezone

from accounts.access import list_lead_roles
from accounts.enums import LEADING_ROLES, MailKind
from accounts.models import AccessLink, Membership, PendingMail, User
from csirts.models import Csirt

# How long the former leads of a centre that nobody leads any more hear of what happens to it.
FORMER_LEADS_HEAR = timedelta(days=30)


class MailSubject(TypedDict, total=False):
    """The rows that a mail about an account names, besides the account and a centre."""

    link: AccessLink | None
    membership: Membership
    by: User | None


def queue_mail(
    kind: MailKind, user: User, *, csirt: Csirt | None = None, to: str = "", **about: Unpack[MailSubject]
) -> PendingMail:
    """Queue a mail to `to`, by default the address of the account. Its text is rendered when it is sent."""
    return PendingMail.objects.create(kind=kind, user=user, csirt=csirt, to=to or user.email, **about)


def queue_mails_to_leads(
    kind: MailKind, user: User, *, csirt: Csirt, without: Collection[User] = (), **about: Unpack[MailSubject]
) -> None:
    """Queue this mail about `user` to each lead of the centre, but to none of `without`.

    If nobody leads the centre, it goes to the mailbox of the centre and to those who led it within the last thirty
    days: whoever takes their role away before they give it to somebody else must not do so unseen.
    """
    leads = {role.user for role in list_lead_roles().filter(csirt=csirt).select_related("user")}
    addresses = {lead.email for lead in leads - {*without}} if leads else list_last_known_addresses(csirt)
    for address in sorted(addresses):
        queue_mail(kind, user, csirt=csirt, to=address, **about)


def list_last_known_addresses(csirt: Csirt) -> set[str]:
    """Return the mailbox of a centre that nobody leads, and the addresses of those who led it within thirty days. The
    account of a lead may have been closed since.
    """
    since = timezone.localdate() - FORMER_LEADS_HEAR
    former = Membership.objects.filter(csirt=csirt, role__in=LEADING_ROLES, awaits_confirmation=False)
    former = former.filter(Q(ended_on=None) | Q(ended_on__gte=since), since_on__lte=timezone.localdate())
    return {csirt.notification_email, *former.values_list("user__email", flat=True)} - {""}

"""The people of a centre, kept by its lead: invited by a link good once, removed; and the mailbox of the centre."""

from datetime import timedelta
from uuid import UUID

import pghistory
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.enums import LinkPurpose, MailKind, MailStatus, Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.bodies import end
from accounts.services.invitations import MOST_A_DAY, SENT_AGAIN_AFTER, TooMany, TooSoon, account_of
from accounts.services.links import live_links, make_link
from accounts.services.mails import queue_mail
from accounts.tokens import hash_of
from csirts.models import Csirt


def list_led_centres(actor: User) -> QuerySet[Csirt]:
    return Csirt.objects.filter(pk__in=actor.csirt_ids(Role.LEAD)).order_by("name")


def get_led_centre(actor: User, pk: int, *, lock: bool = False) -> Csirt:
    """Raises Http404 where this person is not the lead."""
    centres = list_led_centres(actor)
    found = (centres.select_for_update(no_key=True) if lock else centres).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


# People


@transaction.atomic
def invite_responder(*, csirt_id: int, email: str, actor: User) -> None:
    """Send a link good for seven days. Who has no account yet gets one with the link, and no role before it.

    Nothing happens for somebody of the centre. Raises TooMany, or TooSoon when the same invitation has just left.
    """
    centre = get_led_centre(actor, csirt_id, lock=True)
    person = account_of(email)
    if centre.pk in person.csirt_ids():
        return
    refuse_haste(invitations_to(centre), person)
    link = make_link(LinkPurpose.INVITATION, user=person, made_by=actor, csirt=centre)
    if person.is_active:
        queue_mail(MailKind.CENTRE_INVITATION, person, link=link)


def refuse_haste(sent: QuerySet[AccessLink], person: User | None = None) -> None:
    """The caller has locked the centre: two clicks at one instant are told one after the other."""
    now = timezone.now()
    lately = sent.filter(revoked_at=None, used_at=None, created_at__gt=now - SENT_AGAIN_AFTER)
    if person and lately.filter(user=person).exists():
        raise TooSoon
    if sent.filter(created_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooMany


def invitations_to(centre: Csirt) -> QuerySet[AccessLink]:
    return AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, csirt=centre)


def list_pending(actor: User) -> QuerySet[AccessLink]:
    """Return the invitations to the centres that this person leads, neither accepted nor withdrawn, newest first."""
    pending = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, csirt__in=actor.csirt_ids(Role.LEAD))
    pending = pending.filter(used_at=None, revoked_at=None)
    return pending.select_related("user", "csirt").order_by("-created_at", "-id")


@transaction.atomic
def withdraw_responder(*, person_uid: UUID, actor: User) -> User:
    """Stop the links of this person, and a mail that has not left. A second click finds nothing to withdraw."""
    links = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, csirt__in=actor.csirt_ids(Role.LEAD))
    links = links.filter(user__uid=person_uid)
    newest = links.select_related("user").order_by("-created_at").first()
    if newest is None:
        raise Http404
    links.filter(used_at=None, revoked_at=None).update(revoked_at=timezone.now())
    PendingMail.objects.filter(link__in=links, status=MailStatus.DUE).update(status=MailStatus.DEAD)
    return newest.user


@transaction.atomic
def remove_responder(*, person_uid: UUID, actor: User) -> None:
    """End their role in the centres that `actor` leads. Raises Http404 for a lead, and for who is not there."""
    theirs = Membership.objects.in_force().filter(user__uid=person_uid, role=Role.RESPONDER)
    roles = list(theirs.filter(csirt__in=actor.csirt_ids(Role.LEAD)).select_for_update())
    if not roles:
        raise Http404
    end(roles)


# The mailbox


@transaction.atomic
def try_channel(*, csirt_id: int, address: str, actor: User) -> None:
    """Send to this mailbox the link that confirms it. Until somebody there follows it, cases go where they went.

    Raises TooMany where as many left in a day as may.
    """
    centre = get_led_centre(actor, csirt_id, lock=True)
    sent = AccessLink.objects.filter(purpose=LinkPurpose.CHANNEL, csirt=centre)
    refuse_haste(sent)
    sent.filter(used_at=None, revoked_at=None).update(revoked_at=timezone.now())
    link = make_link(LinkPurpose.CHANNEL, user=actor, made_by=actor, csirt=centre, address=address)
    queue_mail(MailKind.CHANNEL, actor, link=link, to=address)


@transaction.atomic
def remove_channel(*, csirt_id: int, actor: User) -> None:
    """From now on no case is sent to the centre: whoever declares calls it."""
    centre = get_led_centre(actor, csirt_id, lock=True)
    untold = AccessLink.objects.filter(purpose=LinkPurpose.CHANNEL, csirt=centre, used_at=None, revoked_at=None)
    untold.update(revoked_at=timezone.now())
    save_channel(centre, "", actor)


def pending_channel(centre: Csirt) -> AccessLink | None:
    return live_links().filter(purpose=LinkPurpose.CHANNEL, csirt=centre).first()


def find_channel_link(token: str, *, lock: bool = False) -> AccessLink | None:
    """Return the live link of this secret, whose sender still leads the centre; else None."""
    links = live_links().filter(purpose=LinkPurpose.CHANNEL, token_hash=hash_of(token))
    link = (links.select_for_update(of=("self",), no_key=True) if lock else links).first()
    return link if link and link.csirt_id in link.user.csirt_ids(Role.LEAD) else None


@transaction.atomic
def confirm_channel(*, token: str) -> Csirt | None:
    """From now on the cases of the centre are sent to the mailbox where the link was read. None if it is over."""
    link = find_channel_link(token, lock=True)
    if link is None or link.csirt is None:
        return None
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    save_channel(link.csirt, link.address, link.user)
    return link.csirt


def save_channel(centre: Csirt, address: str, actor: User) -> None:
    with pghistory.context(user=actor.pk):
        Csirt.objects.filter(pk=centre.pk).update(notification_email=address)

"""The responders of a centre, whom its lead invites and removes, and the mailbox that receives its cases."""

from uuid import UUID

import pghistory
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.access import count_orphaned_cases, get_led_centre, list_lead_roles
from accounts.enums import TEAM_ROLES, LinkPurpose, MailKind
from accounts.models import AccessLink, Membership, User
from accounts.services.bodies import end_roles
from accounts.services.invitations import ExistingMember, check_mail_rate, get_or_create_account
from accounts.services.links import is_sent_by_lead, list_live_links, make_link, stop_links
from accounts.services.mails import queue_mail
from accounts.tokens import hash_token
from csirts.models import Csirt

# People


class ClosedAccount(Exception):
    """The account of this address is closed, so no mail is sent to it."""


@transaction.atomic
def invite_responder(*, csirt_id: int, email: str, actor: User) -> None:
    """Invite the owner of this address to the team of the centre, by a link that is valid for seven days.

    An address without an account gets one. The account gets its role only when the link is used. An administrator of
    the platform is invited like anybody else, so that the lead does not learn who administers the platform. Only the
    page of the link refuses an administrator.

    Raises Http404 unless `actor` leads the centre. Raises ClosedAccount for a closed account, and ExistingMember for a
    person who already works in the centre. Raises SentTooSoon if the same invitation was sent a few minutes ago, and
    TooManyInvitations if the centre has sent too many within 24 hours.
    """
    centre = get_led_centre(actor, csirt_id, lock=True)
    person = get_or_create_account(email)
    if not person.is_active:
        raise ClosedAccount
    if person.is_in_team(centre.pk):
        raise ExistingMember
    check_mail_rate(list_centre_invitations(centre).filter(user=person), list_centre_invitations(centre))
    link = make_link(LinkPurpose.INVITATION, user=person, made_by=actor, csirt=centre)
    queue_mail(MailKind.CENTRE_INVITATION, person, link=link)


def list_centre_invitations(centre: Csirt) -> QuerySet[AccessLink]:
    """Return every invitation to the centre, in any state."""
    return AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, csirt=centre)


def list_pending_centre_invitations(actor: User) -> QuerySet[AccessLink]:
    """Return the pending invitations to the centres of this lead, newest first. A pending invitation was neither
    accepted nor withdrawn. Its annotation `has_sender` tells whether its sender still leads the centre.
    """
    senders = list_lead_roles().filter(user=OuterRef("made_by"), csirt=OuterRef("csirt"))
    pending = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, csirt__in=actor.led_centre_ids)
    pending = pending.filter(used_at=None, revoked_at=None)
    return pending.annotate(has_sender=Exists(senders)).select_related("user", "csirt").order_by("-created_at", "-id")


@transaction.atomic
def withdraw_centre_invitations(*, csirt_id: int, person_uid: UUID, actor: User) -> User:
    """Revoke the invitations of this person to the centre, and return the person. A second call changes nothing.
    Raises Http404 if the person was never invited.
    """
    links = list_centre_invitations(get_led_centre(actor, csirt_id)).filter(user__uid=person_uid)
    newest = links.select_related("user").order_by("-created_at").first()
    if newest is None:
        raise Http404
    stop_links(links)
    return newest.user


@transaction.atomic
def remove_responder(*, csirt_id: int, person_uid: UUID, actor: User) -> int:
    """End the roles of this responder in this centre, those that await a confirmation or begin later included, and
    revoke the invitations that would restore them. Return how many open cases of the centre are then orphaned, because
    they are still assigned to the person.

    Raises Http404 for anybody who is not a responder there, such as a lead.
    """
    centre = get_led_centre(actor, csirt_id, lock=True)
    memberships = Membership.objects.filter(user__uid=person_uid, role__in=TEAM_ROLES, csirt=centre)
    if not memberships.in_force().exists():
        raise Http404
    roles = list(memberships.not_ended().select_related("user"))
    stop_links(list_centre_invitations(centre).filter(user__uid=person_uid))
    end_roles(roles, actor=actor)
    return count_orphaned_cases(Membership.objects.filter(user=roles[0].user, csirt=centre))[centre.pk]


# The mailbox


class MailboxUnchanged(Exception):
    """This mailbox already receives the cases of the centre, so nothing changes."""


class MailboxOfAnotherCentre(Exception):
    """This mailbox already receives the cases of another centre. The people of the other centre would read the cases
    of both centres.
    """


@transaction.atomic
def start_channel_trial(*, csirt_id: int, address: str, actor: User) -> None:
    """Send to this mailbox a link that confirms that the centre reads it. Cases go to the former mailbox until
    somebody uses the link.

    Raises MailboxUnchanged if the centre already has this mailbox, and MailboxOfAnotherCentre if another centre has
    it. Raises SentTooSoon if the same mail was sent a few minutes ago, and TooManyInvitations if the centre has
    started too many trials within 24 hours.
    """
    centre = get_led_centre(actor, csirt_id, lock=True)
    if address.lower() == centre.notification_email.lower():
        raise MailboxUnchanged
    if is_mailbox_of_another_centre(address, centre):
        raise MailboxOfAnotherCentre
    trials = list_channel_trials(centre)
    check_mail_rate(trials.filter(address__iexact=address), trials)
    stop_links(trials)
    link = make_link(LinkPurpose.CHANNEL, user=actor, made_by=actor, csirt=centre, address=address)
    queue_mail(MailKind.CHANNEL, actor, link=link, to=address)


@transaction.atomic
def stop_channel_trial(*, csirt_id: int, actor: User) -> bool:
    """Stop the pending trial of a mailbox, whose link then no longer works. Return whether a trial was pending."""
    centre = get_led_centre(actor, csirt_id, lock=True)
    is_under_way = find_pending_trial(centre) is not None
    stop_links(list_channel_trials(centre))
    return is_under_way


def has_confirmed_trial(centre: Csirt) -> bool:
    """Tell whether the last trial of a mailbox was confirmed, and cases still go to that mailbox. Runs one query."""
    last = list_channel_trials(centre).order_by("-created_at", "-id").first()
    return last is not None and last.used_at is not None and last.address == centre.notification_email


def is_mailbox_of_another_centre(address: str, centre: Csirt) -> bool:
    """Tell whether this mailbox receives the cases of another centre. Runs one query."""
    return Csirt.objects.exclude(pk=centre.pk).filter(notification_email__iexact=address).exists()


@transaction.atomic
def remove_channel(*, csirt_id: int, actor: User) -> None:
    """Remove the mailbox of the centre and stop its pending trials. Cases are then no longer sent by mail to the
    centre, and declarants call it.
    """
    centre = get_led_centre(actor, csirt_id, lock=True)
    stop_links(list_channel_trials(centre))
    save_channel(centre, "", actor)


def list_channel_trials(centre: Csirt) -> QuerySet[AccessLink]:
    """Return the links that were sent to confirm a mailbox of the centre, in any state."""
    return AccessLink.objects.filter(purpose=LinkPurpose.CHANNEL, csirt=centre)


def find_pending_trial(centre: Csirt) -> AccessLink | None:
    """Return the live link that was sent to confirm a mailbox of the centre, or None."""
    return list_live_links().filter(purpose=LinkPurpose.CHANNEL, csirt=centre).first()


def find_channel_link(token: str) -> AccessLink | None:
    """Return the live link of this secret that confirms a mailbox, or None. A link is not live if its sender no longer
    leads the centre, or if its mailbox now receives the cases of another centre.
    """
    link = list_live_links().filter(purpose=LinkPurpose.CHANNEL, token_hash=hash_token(token)).first()
    return link if link and is_sent_by_lead(link) and not has_mailbox_of_another_centre(link) else None


def has_mailbox_of_another_centre(link: AccessLink) -> bool:
    """Tell whether the mailbox that this link confirms now receives the cases of another centre. Runs one query."""
    return link.csirt is not None and is_mailbox_of_another_centre(link.address, link.csirt)


def find_confirmed_link(token: str) -> AccessLink | None:
    """Return the used link of this secret, if the mailbox that it confirmed is still the mailbox of the centre.
    Otherwise return None.
    """
    used = AccessLink.objects.filter(purpose=LinkPurpose.CHANNEL, token_hash=hash_token(token), used_at__isnull=False)
    return used.filter(csirt__notification_email=F("address")).select_related("csirt").first()


@transaction.atomic
def confirm_channel(*, token: str) -> None:
    """Use up the link of this secret. From now on, the centre receives its cases at the address of the link.

    Do nothing if the link is not live. Raises MailboxOfAnotherCentre if another centre confirms the same address at
    the same moment.
    """
    unlocked = find_channel_link(token)
    if unlocked is None or unlocked.csirt is None:
        return
    centre = Csirt.objects.select_for_update(no_key=True).get(pk=unlocked.csirt.pk)
    link = find_channel_link(token)  # read again once the centre is locked
    if link is None:
        return
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    save_channel(centre, link.address, link.user)


def save_channel(centre: Csirt, address: str, actor: User) -> None:
    """Save the mailbox of the centre. Queue a mail about the change to the former mailbox and to all leads, with
    `actor`: somebody else may use their session. Do nothing if the mailbox is the same. The caller has locked the
    centre.

    Raises MailboxOfAnotherCentre if another centre has this mailbox.
    """
    former = centre.notification_email
    if address == former:
        return
    try:
        with pghistory.context(user=actor.pk), transaction.atomic():
            Csirt.objects.filter(pk=centre.pk).update(notification_email=address)
    except IntegrityError as problem:
        if "csirt_one_mailbox" not in str(problem):
            raise
        raise MailboxOfAnotherCentre from problem
    leads = list_lead_roles().filter(csirt=centre).order_by("user").values_list("user__email", flat=True)
    for to in dict.fromkeys(filter(None, [former, *leads])):
        queue_mail(MailKind.CHANNEL_CHANGED, actor, csirt=centre, to=to)

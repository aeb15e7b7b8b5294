"""Invitations to a body, which its manager sends, sends again or withdraws. Each is a link that can be used once."""

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.access import get_managed_body
from accounts.enums import LinkPurpose, MailKind
from accounts.models import AccessLink, User
from accounts.services.links import make_link, stop_links
from accounts.services.mails import queue_mail
from collectivities.models import Collectivity

MAX_INVITATIONS_A_DAY = 20
RESEND_AFTER = timedelta(minutes=15)


class TooManyInvitations(Exception):
    """The body or the centre has already sent as many links as it may send within 24 hours. The limit reduces what a
    thief of an account can do.
    """


class SentTooSoon(Exception):
    """The same mail was sent a few minutes ago. The user clicked twice, or the first mail has not arrived yet."""


class ExistingMember(Exception):
    """The person is already a member of the body or of the centre."""


@transaction.atomic
def invite_member(*, uid: UUID, email: str, actor: User) -> None:
    """Invite the owner of this address to the body, by a link that is valid for seven days.

    An address without an account gets one. The account gets its role only when the link is used. Any address is
    invited in the same way, so that the manager does not learn whether it had an account, or whether that account
    administers the platform.

    Raises Http404 or PermissionDenied unless `actor` manages the body. Raises the errors of `send_invitation` too.
    """
    body = get_managed_body(actor, uid)
    send_invitation(get_or_create_account(email), body=body, actor=actor)


def get_or_create_account(email: str) -> User:
    """Return the account of this address, and create it if there is none. Two concurrent calls create one account."""
    accounts = User.objects.with_address(email)
    try:
        with transaction.atomic():
            return accounts.first() or User.objects.create_user(email, display_name="")
    except IntegrityError:
        return accounts.get()


@transaction.atomic
def invite_again(*, uid: UUID, person_uid: UUID, actor: User) -> User:
    """Send a new link to a person who was invited to this body before, and revoke the earlier link. Return the person.

    Raises Http404 if the person was never invited, and otherwise the same errors as `invite_member`.
    """
    body = get_managed_body(actor, uid)
    person = list_invitations(body, person_uid).latest("created_at").user
    send_invitation(person, body=body, actor=actor)
    return person


@transaction.atomic
def withdraw_invitation(*, uid: UUID, person_uid: UUID, actor: User) -> User:
    """Revoke the invitations of this person to the body, and return the person. The mails of these invitations that
    have not left are dropped. A second call changes nothing. Raises Http404 if the person was never invited.
    """
    links = list_invitations(get_managed_body(actor, uid), person_uid)
    stop_links(links)
    return links.latest("created_at").user


def list_pending_invitations(body: Collectivity) -> QuerySet[AccessLink]:
    """Return the pending invitations to the body, newest first. A pending invitation was neither accepted nor
    withdrawn, but it may have expired.
    """
    pending = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, collectivity=body, used_at=None)
    return pending.filter(revoked_at=None).select_related("user").order_by("-created_at", "-id")


def list_invitations(body: Collectivity, person_uid: UUID) -> QuerySet[AccessLink]:
    """Return every invitation of this person to this body. Raises Http404 if there is none."""
    links = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, collectivity=body, user__uid=person_uid)
    if not links.exists():
        raise Http404
    return links.select_related("user")


def send_invitation(person: User, *, body: Collectivity, actor: User) -> None:
    """Create the link of an invitation and queue its mail. A closed account gets the link but no mail, so that the
    manager's list does not reveal that the account is closed.

    Raises ExistingMember for a member of the body. Raises SentTooSoon if the same invitation was sent a few minutes
    ago, and TooManyInvitations if the body has sent too many within 24 hours.
    """
    if body.pk in person.get_collectivity_ids():
        raise ExistingMember
    # The body's row is locked first, so that two concurrent clicks are judged in turn.
    Collectivity.objects.select_for_update(no_key=True).get(pk=body.pk)
    invitations = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, collectivity=body)
    check_mail_rate(invitations.filter(user=person), invitations)
    link = make_link(LinkPurpose.INVITATION, user=person, made_by=actor, collectivity=body)
    if person.is_active:
        queue_mail(MailKind.INVITATION, person, link=link)


def check_mail_rate(repeated: QuerySet[AccessLink], earlier: QuerySet[AccessLink]) -> None:
    """Raise SentTooSoon or TooManyInvitations if a new mail must wait.

    `earlier` contains all links sent for the body or the centre, and `repeated` those that the new mail would repeat.
    The caller has locked the body or the centre, so that two concurrent clicks are handled in turn.
    """
    now = timezone.now()
    if repeated.filter(revoked_at=None, used_at=None, created_at__gt=now - RESEND_AFTER).exists():
        raise SentTooSoon
    if earlier.filter(created_at__gt=now - timedelta(days=1)).count() >= MAX_INVITATIONS_A_DAY:
        raise TooManyInvitations

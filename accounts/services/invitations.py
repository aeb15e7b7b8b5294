"""Invitations to a body, kept by its manager: sent, sent again, withdrawn. Each is a link good once."""

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

MOST_A_DAY = 20
SENT_AGAIN_AFTER = timedelta(minutes=15)


class TooMany(Exception):
    """This body has sent as many invitations in a day as it may: a stolen account floods nobody."""


class TooSoon(Exception):
    """This person was invited here minutes ago: a double click, or a mail that is still on its way."""


class AlreadyThere(Exception):
    """This person is of the body, or of the centre: there is nothing to invite to."""


@transaction.atomic
def invite_member(*, uid: UUID, email: str, actor: User) -> None:
    """A link by mail, good for seven days. Who has no account yet gets one with the link, and no role before it.

    Says nothing of whether the address has an account. Raises AlreadyThere for a member, TooMany, or TooSoon when the
    same invitation has just left.
    """
    body = get_managed_body(actor, uid)
    send_invitation(account_of(email), body=body, actor=actor)


def account_of(email: str) -> User:
    """The account of this address, made if there is none. Two invitations at one instant make one."""
    known = User.objects.filter(email__iexact=email)
    try:
        with transaction.atomic():
            return known.first() or User.objects.create_user(email, display_name="")
    except IntegrityError:
        return known.get()


@transaction.atomic
def invite_again(*, uid: UUID, person_uid: UUID, actor: User) -> User:
    """The same, for somebody who was invited here before; the earlier link stops."""
    body = get_managed_body(actor, uid)
    person = invited(body, person_uid).latest("created_at").user
    send_invitation(person, body=body, actor=actor)
    return person


@transaction.atomic
def withdraw_invitation(*, uid: UUID, person_uid: UUID, actor: User) -> User:
    """The link opens nothing more, and a mail that has not left stays. A second click finds nothing to withdraw."""
    links = invited(get_managed_body(actor, uid), person_uid)
    stop_links(links)
    return links.latest("created_at").user


def pending_invitations(body: Collectivity) -> QuerySet[AccessLink]:
    """Neither accepted nor withdrawn, those that have grown too old among them. The newest first."""
    pending = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, collectivity=body, used_at=None)
    return pending.filter(revoked_at=None).select_related("user").order_by("-created_at", "-id")


def invited(body: Collectivity, person_uid: UUID) -> QuerySet[AccessLink]:
    """Every invitation of this person to this body. Raises Http404 when there never was one."""
    links = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, collectivity=body, user__uid=person_uid)
    if not links.exists():
        raise Http404
    return links.select_related("user")


def send_invitation(person: User, *, body: Collectivity, actor: User) -> None:
    """A closed account gets a row like another, and no mail: the list of the manager says nothing of it."""
    if body.pk in person.collectivity_ids():
        raise AlreadyThere
    refuse_haste(person, body)
    link = make_link(LinkPurpose.INVITATION, user=person, made_by=actor, collectivity=body)
    if person.is_active:
        queue_mail(MailKind.INVITATION, person, link=link)


def refuse_haste(person: User, body: Collectivity) -> None:
    """Counted under a lock: two clicks at one instant are told one after the other."""
    Collectivity.objects.select_for_update(no_key=True).get(pk=body.pk)
    sent = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, collectivity=body)
    now = timezone.now()
    if sent.filter(user=person, revoked_at=None, used_at=None, created_at__gt=now - SENT_AGAIN_AFTER).exists():
        raise TooSoon
    if sent.filter(created_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooMany

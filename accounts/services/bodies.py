"""The members of a body, whom its manager adds and removes, and its emergency contacts."""

from collections.abc import Iterable
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest
from django.http import Http404
from django.utils import timezone

from accounts.access import get_body, is_manager_of
from accounts.enums import COLLECTIVITY_ROLES, EmergencyContactKind, LinkPurpose, Role
from accounts.models import AccessLink, EmergencyContact, Membership, User
from accounts.services.links import stop_links
from accounts.services.roles import record_ended_roles, record_given_role
from accounts.services.tokens import revoke_tokens
from collectivities.models import Collectivity
from core.stale import Stale


class LastManager(Exception):
    """The change would leave the body without a manager. The manager must first make somebody else the manager."""


@transaction.atomic
def remove_member(*, uid: UUID, person_uid: UUID, actor: User) -> None:
    """End the roles of a person in this body, those that begin later included. Revoke the invitations to the body that
    the person received or sent.

    A member may remove themselves. Raises PermissionDenied if a person who is not a manager removes somebody else.
    Raises Http404 if the person is not a member, and LastManager if nobody would manage the body.
    """
    body = get_body(actor, uid)
    if person_uid != actor.uid and not is_manager_of(actor, body):
        raise PermissionDenied
    memberships = lock_roles(body)
    own_memberships = [membership for membership in memberships if membership.user.uid == person_uid]
    if not own_memberships:
        raise Http404
    if all(
        membership in own_memberships for membership in memberships if membership.role == Role.MANAGER
    ) and has_manager(own_memberships):
        raise LastManager
    invited = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, collectivity=body)
    stop_links(invited.filter(Q(user__uid=person_uid) | Q(made_by__uid=person_uid)))
    own_roles = Membership.objects.not_ended().filter(user__uid=person_uid, collectivity=body)
    end_roles(list(own_roles.select_related("user")), actor=actor)


@transaction.atomic
def transfer_management(*, uid: UUID, person_uid: UUID, actor: User) -> None:
    """Make another member the manager of the body. The present manager becomes an agent, whose tokens are revoked. A
    second call changes nothing.

    Raises Http404 if the person is not another member of the body. Raises PermissionDenied unless `actor` manages the
    body, or has already transferred its management to this person.
    """
    body = get_body(actor, uid)
    memberships = lock_roles(body)
    successor = next((membership for membership in memberships if membership.user.uid == person_uid), None)
    if successor is None:
        raise Http404
    if not has_manager([membership for membership in memberships if membership.user_id == actor.pk]):
        check_management_transferred(successor, actor)
        return
    if successor.user_id == actor.pk:
        raise Http404
    revoke_tokens([actor])  # the successor only gains rights
    replaced = [role for role in memberships if role.user_id in (actor.pk, successor.user_id)]
    save_end_of_roles(replaced, actor=actor)
    for person, role in ((successor.user, Role.MANAGER), (actor, Role.AGENT)):
        record_given_role(Membership.objects.create(user=person, role=role, collectivity=body), actor)


def check_management_transferred(successor: Membership, actor: User) -> None:
    """Raise PermissionDenied unless `actor` once managed this body and `successor` manages it now."""
    managed = Membership.objects.filter(user=actor, role=Role.MANAGER, collectivity=successor.collectivity)
    if successor.role != Role.MANAGER or not managed.exists():
        raise PermissionDenied


@transaction.atomic
def save_contacts(*, uid: UUID, contacts: dict[str, dict[str, str]], actor: User, stamp: str = "") -> None:
    """Save the emergency card of a body. `contacts` maps each kind of contact to its name, phone and note. A kind
    whose three texts are empty is saved too, so that the card has a line for it.

    `stamp` is the stamp of the card that the user read, or empty. Raises Stale if somebody else changed the card after
    the user read it. Nothing is written, and nothing raised, if the contacts are those of the card.
    """
    body = get_body(actor, uid)
    Collectivity.objects.select_for_update(no_key=True).get(pk=body.pk)
    current = list(body.emergency_contacts.all())
    if contacts == {
        contact.kind: {"name": contact.name, "phone": contact.phone, "note": contact.note} for contact in current
    }:
        return
    if stamp and stamp != make_card_stamp(current):
        raise Stale
    authorship = {"updated_by": actor, "updated_at": timezone.now()}
    for kind, fields in contacts.items():
        EmergencyContact.objects.update_or_create(collectivity=body, kind=kind, defaults=fields | authorship)


def list_contacts(body: Collectivity) -> list[EmergencyContact]:
    """Return the lines of the body's emergency card, in the order in which people call them. Runs one query."""
    order = list(EmergencyContactKind.values)
    return sorted(body.emergency_contacts.select_related("updated_by"), key=lambda contact: order.index(contact.kind))


def make_card_stamp(contacts: Iterable[EmergencyContact]) -> str:
    """Return a stamp of the emergency card, which changes each time the card is saved."""
    return max((contact.updated_at.isoformat() for contact in contacts), default="never")


def lock_roles(body: Collectivity) -> list[Membership]:
    """Lock the row of the body and return its memberships in force. Two managers who leave at once are then handled in
    turn.
    """
    Collectivity.objects.select_for_update(no_key=True).get(pk=body.pk)
    return list(list_memberships(body))


def list_memberships(body: Collectivity) -> QuerySet[Membership]:
    """Return the memberships of the body that are in force, managers first."""
    ongoing = Membership.objects.in_force().filter(collectivity=body, role__in=COLLECTIVITY_ROLES)
    return ongoing.select_related("user").order_by("-role", "user__display_name", "id")


def has_manager(memberships: list[Membership]) -> bool:
    return any(membership.role == Role.MANAGER for membership in memberships)


def end_roles(memberships: list[Membership], *, actor: User) -> None:
    """End these roles, record that `actor` ended them, and revoke the tokens of their people."""
    revoke_tokens(membership.user for membership in memberships)
    save_end_of_roles(memberships, actor=actor)


def save_end_of_roles(memberships: list[Membership], *, actor: User) -> None:
    """End these roles today, or on their first day if it is later: these never begin. Record that `actor` ended them.
    The caller revokes the tokens of whoever loses rights.
    """
    last_day = Greatest("since_on", timezone.localdate())
    Membership.objects.filter(pk__in=[membership.pk for membership in memberships]).update(ended_on=last_day)
    record_ended_roles(memberships, actor)

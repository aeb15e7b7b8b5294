"""Moving the people and contacts of a body to the body of which it is a duplicate."""

from datetime import datetime

from django.utils import timezone

from accounts.enums import LinkPurpose
from accounts.models import AccessLink, EmergencyContact, Membership
from collectivities.models import Collectivity


def move_people(body: Collectivity, *, into: Collectivity, at: datetime) -> None:
    """Move the roles, the invitations and the emergency contacts of `body` to `into`. Where `into` already has the
    same role, invitation or filled contact, `into` keeps its own.

    The caller is in a transaction that has locked both bodies.
    """
    move_roles(body, into, at)
    move_invitations(body, into, at)
    contacts = EmergencyContact.objects.filter(collectivity=body)
    filled = EmergencyContact.objects.filter(collectivity=into).exclude(name="", phone="", note="").values("kind")
    contacts.filter(kind__in=list(filled.values_list("kind", flat=True))).delete()
    EmergencyContact.objects.filter(collectivity=into, kind__in=list(contacts.values_list("kind", flat=True))).delete()
    contacts.update(collectivity=into)


def move_roles(body: Collectivity, into: Collectivity, at: datetime) -> None:
    """End each role in `body` and give the person the same role in `into`, unless they have it."""
    for role in Membership.objects.in_force().filter(collectivity=body):
        Membership.objects.get_or_create(user=role.user, role=role.role, collectivity=into, ended_on=None)
        role.ended_on = timezone.localdate(at)
        role.save(update_fields=["ended_on"])


def move_invitations(body: Collectivity, into: Collectivity, at: datetime) -> None:
    """Move the unanswered invitations. Invitations of people who are already members of `into`, or invited to it, are
    revoked instead.
    """
    pending = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, used_at=None, revoked_at=None)
    members = Membership.objects.in_force().filter(collectivity=into).values("user")
    invited = pending.filter(collectivity=into).values("user")
    invitations = pending.filter(collectivity=body)
    for excluded in (members, invited):
        invitations.filter(user__in=list(excluded.values_list("user", flat=True))).update(revoked_at=at)
    invitations.update(collectivity=into)

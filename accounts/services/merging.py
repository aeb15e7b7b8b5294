"""Moving the people and contacts of a body to the body of which it is a duplicate."""

from datetime import date, datetime

from django.utils import timezone

from accounts.enums import LinkPurpose
from accounts.models import AccessLink, EmergencyContact, Membership, User
from accounts.services.body_roles import announce_body_role, list_people_to_tell
from accounts.services.roles import record_ended_roles, record_given_role
from accounts.services.tokens import revoke_tokens
from collectivities.models import Collectivity


def move_people(body: Collectivity, *, into: Collectivity, actor: User, at: datetime) -> None:
    """Move the roles, the invitations and the emergency contacts of `body` to `into`. Where `into` already has the
    same role, invitation or filled contact, `into` keeps its own. Its managers hear of each role that comes, and no
    invitation comes where somebody would hear of a role.

    The caller is in a transaction that has locked both bodies.
    """
    move_invitations(body, into, at)
    move_roles(body, into, actor, timezone.localdate(at))
    contacts = EmergencyContact.objects.filter(collectivity=body)
    filled = EmergencyContact.objects.filter(collectivity=into).exclude(name="", phone="", note="").values("kind")
    contacts.filter(kind__in=list(filled.values_list("kind", flat=True))).delete()
    EmergencyContact.objects.filter(collectivity=into, kind__in=list(contacts.values_list("kind", flat=True))).delete()
    contacts.update(collectivity=into)


def move_roles(body: Collectivity, into: Collectivity, actor: User, today: date) -> None:
    """End each role in `body` that has not ended, and give the person the same role in `into` for the remaining days.
    Roles that have not begun are moved too. The history records both changes. The tokens of these people are revoked,
    because they were made for `body`.

    Those who managed `into` before get a mail about each role that comes: nobody gives an accomplice a role in a body
    without managers, and has it merged into theirs unseen.
    """
    roles = list(Membership.objects.not_ended().filter(collectivity=body).select_related("user").order_by("pk"))
    revoke_tokens(role.user for role in roles)
    people = {role: [*list_people_to_tell(into, about=role.user)] for role in roles}  # before these people join them
    for role in roles:
        first_on, role_ended_on = max(role.since_on, today), role.ended_on
        role.ended_on = first_on
        role.save(update_fields=["ended_on"])
        if added := add_missing_role(role, into, first_on, role_ended_on):
            record_given_role(added, actor)
            announce_body_role(added, actor, to=people[role])
    record_ended_roles(roles, actor)


def add_missing_role(role: Membership, into: Collectivity, since_on: date, ended_on: date | None) -> Membership | None:
    """Give the person of `role` the same role in `into` for these days, and return it. Return None if they already
    have it for these days.

    If they already have this role in `into` without a last day, but from a later day on, the added role ends on that
    later day.
    """
    own_roles = Membership.objects.filter(user=role.user, role=role.role, collectivity=into)
    if endless := own_roles.filter(ended_on=None).first():
        ended_on = min(ended_on or date.max, endless.since_on)
    if ended_on and (ended_on <= since_on or own_roles.filter(since_on__lte=since_on, ended_on__gte=ended_on)):
        return None
    return Membership.objects.create(
        user=role.user, role=role.role, collectivity=into, since_on=since_on, ended_on=ended_on
    )


def move_invitations(body: Collectivity, into: Collectivity, at: datetime) -> None:
    """Move the unanswered invitations to `into`. The invitation is revoked instead if the person is already invited
    to it, or is a member of `into`, or of `body`, whose roles move next. It is revoked too if `into` has somebody who
    hears of a role given there: nobody of `into` invited this person, and a manager can invite again.
    """
    pending = AccessLink.objects.filter(purpose=LinkPurpose.INVITATION, used_at=None, revoked_at=None)
    members = Membership.objects.in_force().filter(collectivity__in=[body, into]).values("user")
    invited = pending.filter(collectivity=into).values("user")
    invitations = pending.filter(collectivity=body)
    for excluded in (members, invited):
        invitations.filter(user__in=list(excluded.values_list("user", flat=True))).update(revoked_at=at)
    links = invitations.select_related("user")
    unasked = [link.user for link in links if list_people_to_tell(into, about=link.user).exists()]
    invitations.filter(user__in=unasked).update(revoked_at=at)
    invitations.update(collectivity=into)

"""The roles that the administrator gives in a body, or whose account the administrator moves to another address or
opens again, and those that a merge of bodies moves there: its managers hear of them, because such a role reads its
cases.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.enums import COLLECTIVITY_ROLES, MailKind, Role
from accounts.models import Membership, User, make_in_force_condition
from accounts.services.confirmations import is_in_force_longer, is_over
from accounts.services.mails import FORMER_LEADS_HEAR, queue_mail
from collectivities.models import Collectivity


def find_given_body_roles(roles: Iterable[Membership]) -> list[Membership]:
    """Return those of these roles, which the administrator is about to save, that let a person do something new in a
    body: a new role, or one that is wider, or lasts longer, than the stored one. Runs one query.
    """
    roles = [role for role in roles if role.role in COLLECTIVITY_ROLES and not is_over(role)]
    stored = Membership.objects.in_bulk([role.pk for role in roles if role.pk])
    return [role for role in roles if role.pk not in stored or gives_more_in_body(role, stored[role.pk])]


def gives_more_in_body(role: Membership, stored: Membership) -> bool:
    """Tell whether this role of a body gives its person more than the stored one: another body, its management, or a
    day, today or later, on which the stored one is not in force.
    """
    if role.collectivity_id != stored.collectivity_id or stored.role not in (role.role, Role.MANAGER):
        return True
    return is_in_force_longer(role, stored)


def list_undecided_body_roles(user: User, *, decided: Sequence[Membership]) -> list[Membership]:
    """Return the roles in bodies of this account besides `decided`, which the caller announces. Somebody else may have
    them now: the account was opened again, or has another address, and whoever reads its mails can set the password.
    """
    roles = Membership.objects.not_ended().filter(user=user, role__in=COLLECTIVITY_ROLES)
    return list(roles.exclude(pk__in=[role.pk for role in decided]).select_related("user", "collectivity"))


def announce_body_roles(roles: Iterable[Membership], giver: User) -> None:
    """Queue a mail to the managers of each body: `giver` gave this role there, opened its account again or gave the
    account another address. The person of the role has a mail of their own.
    """
    for role in roles:
        if role.collectivity:
            announce_body_role(role, giver, to=list_people_to_tell(role.collectivity, about=role.user))


def announce_body_role(role: Membership, giver: User, *, to: Iterable[User]) -> None:
    """Queue a mail to each of these people but `giver`, who gave, changed or moved this role."""
    for person in sorted({*to} - {giver}, key=lambda person: person.email):
        queue_mail(MailKind.BODY_ROLE_GIVEN, role.user, to=person.email, membership=role, by=giver)


def list_people_to_tell(body: Collectivity, *, about: User) -> QuerySet[User]:
    """Return the managers of this body other than `about`. If it has none, return its agents and those who managed it
    within thirty days: nobody takes its managers away, and then gives a role to somebody else, unseen.
    """
    roles = Membership.objects.filter(collectivity=body, role__in=COLLECTIVITY_ROLES).exclude(user=about)
    members = make_in_force_condition() & Q(user__is_active=True)
    managers = roles.filter(members, role=Role.MANAGER)
    if not managers.exists():
        since = timezone.localdate() - FORMER_LEADS_HEAR
        managed = Q(role=Role.MANAGER) & (Q(ended_on=None) | Q(ended_on__gte=since))
        managers = roles.filter(members | managed)
    return User.objects.filter(pk__in=managers.values("user"))

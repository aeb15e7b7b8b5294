"""The accounts, centres and bodies to which a person has access. A lead helps the responders of their own centres; the
administrator helps everybody but themselves.
"""

from collections import Counter
from collections.abc import Callable, Collection
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import Http404
from django.utils import timezone

from accounts.enums import (
    CENTRE_ABILITIES,
    COLLECTIVITY_ROLES,
    LEADING_ROLES,
    TEAM_ROLES,
    WORKING_ROLES,
    CentreAbility,
    Role,
)
from accounts.models import Membership, User, make_in_force_condition
from collectivities.models import Collectivity, CollectivityQuerySet
from core.text import fold_text
from csirts.models import Csirt


class CaseCounts(NamedTuple):
    """The numbers of assigned cases by (account id, centre id). A missing pair counts 0. A late case counts in `open`
    too.
    """

    open: Counter[tuple[int, int | None]]
    late: Counter[tuple[int, int | None]]


type CaseCounter = Callable[[Collection[int], Collection[int]], CaseCounts]

_counters: list[CaseCounter] = []


def match_centres(user: User, to: CentreAbility, path: str = "csirt") -> Q:
    """Return the query condition that `path` leads to a CSIRT in which the user has the ability `to`. The condition
    contains the ids of these CSIRTs, so that PostgreSQL needs no subquery.
    """
    return Q(**{f"{path}__in": user.get_centre_ids(to)})


def list_centres(user: User, to: CentreAbility) -> QuerySet[Csirt]:
    """Return the CSIRTs in which the user has the ability `to`, sorted by name."""
    return Csirt.objects.filter(match_centres(user, to, "pk")).order_by("name")


def get_centres(user: User, to: CentreAbility) -> list[Csirt]:
    """Return the CSIRTs of `list_centres` as they were read with the roles of the user. Runs a query only for each
    break-glass access.
    """
    centres = {role.csirt for role in user.memberships if role.csirt and to in CENTRE_ABILITIES[role.role]}
    return sorted(centres, key=lambda centre: fold_text(centre.name))


def list_centre_ids(user: User, to: CentreAbility) -> list[int]:
    """Return the sorted ids of the CSIRTs in which the user has the ability `to`.

    Only SQL written by hand and keys derived from an id need the ids, and a test lists the modules that call this
    function. Other modules call `match_centres` or `list_centres`.
    """
    return sorted(user.get_centre_ids(to))


def get_led_centre(user: User, key: int | str, *, lock: bool = False) -> Csirt:
    """Return the CSIRT that has this id, or this slug if `key` is a string. `lock` locks its row until the transaction
    ends. Raises Http404 unless the user leads this CSIRT.
    """
    led = list_centres(user, CentreAbility.LEAD).filter(**{"slug" if isinstance(key, str) else "pk": key})
    csirt = (led.select_for_update(no_key=True) if lock else led).first()
    if csirt is None:
        raise Http404
    return csirt


def list_team(lead: User) -> QuerySet[User]:
    """Return the open accounts with a role in the centres of this lead today, without the lead's own account."""
    memberships = Membership.objects.in_force().filter(csirt__in=lead.led_centre_ids)
    return User.objects.filter(pk__in=memberships.values("user"), is_active=True).exclude(pk=lead.pk)


def has_workers(csirt: int) -> bool:
    """Tell whether somebody with an open account works for this centre today. Runs one query."""
    return list_working_roles().filter(csirt=csirt).exists()


def has_leader(csirt: int) -> bool:
    """Tell whether somebody with an open account leads this centre today. Runs one query."""
    return list_lead_roles().filter(csirt=csirt).exists()


def list_working_roles() -> QuerySet[Membership]:
    """Return the role of each person who works for a centre, if it is in force today and the account is open."""
    return Membership.objects.in_force().filter(role__in=WORKING_ROLES, user__is_active=True)


def list_lead_roles() -> QuerySet[Membership]:
    """Return the role of each lead of a centre, if it is in force today and the account of the lead is open."""
    return Membership.objects.in_force().filter(role__in=LEADING_ROLES, user__is_active=True)


def list_administrators() -> QuerySet[User]:
    """Return the open accounts that administer the platform today."""
    roles = Membership.objects.in_force().filter(role=Role.ADMINISTRATOR)
    return User.objects.filter(is_active=True, pk__in=roles.values("user"))


def register_case_counter(count: CaseCounter) -> None:
    """Set the function that counts assigned cases. The app `incidents` calls this when it starts, because `accounts`
    may not import `incidents`.
    """
    _counters[:] = [count]


def count_assigned_cases(people: Collection[int], csirts: Collection[int]) -> CaseCounts:
    """Return the numbers of open and of late cases that are assigned to these people in these centres. `people` and
    `csirts` are ids. Runs one query.
    """
    (count,) = _counters
    return count(people, csirts)


def count_orphaned_cases(memberships: QuerySet[Membership]) -> Counter[int]:
    """Return the number of orphaned cases of each centre, by centre id. An orphaned case is open and assigned to
    somebody who no longer works in the centre. Runs two queries.

    `memberships` must contain all roles, ended or not, of the people to examine in these centres.
    """
    orphaned: Counter[int] = Counter()
    for (_person, centre), number in count_cases_of_pairs(find_former_members(memberships)).items():
        orphaned[centre] += number
    return orphaned


def count_cases_to_orphan(people: Collection[User]) -> Counter[int]:
    """Return the number of cases that would be orphaned if these accounts were closed, by account id. They are the
    open cases assigned to these people in the centres where they work today. Runs two queries.
    """
    roles = Membership.objects.in_force().filter(user__in=people, user__is_active=True, csirt__isnull=False)
    orphaned: Counter[int] = Counter()
    for (person, _centre), number in count_cases_of_pairs(set(roles.values_list("user", "csirt"))).items():
        orphaned[person] += number
    return orphaned


def count_cases_of_pairs(pairs: Collection[tuple[int, int]]) -> Counter[tuple[int, int]]:
    """Return the number of open cases assigned to the person in the centre, for each pair (account id, centre id).
    Pairs without a case are left out. Runs one query.
    """
    cases = count_assigned_cases({person for person, _centre in pairs}, {centre for _person, centre in pairs}).open
    return +Counter({pair: cases[pair] for pair in pairs})


def find_former_members(memberships: QuerySet[Membership]) -> set[tuple[int, int]]:
    """Return a pair (account id, centre id) for each person who once had a role in a centre and has none there today.
    A closed account counts as having no role. Runs one query.
    """
    roles = memberships.filter(since_on__lte=timezone.localdate()).exclude(csirt=None)
    is_working = make_in_force_condition() & Q(user__is_active=True)
    pairs: dict[bool, set[tuple[int, int]]] = {True: set(), False: set()}
    for person, centre, works in roles.values_list(
        "user", "csirt", Case(When(is_working, then=Value(True)), default=Value(False))
    ):
        pairs[works].add((person, centre))
    return pairs[False] - pairs[True]


def may_assist_account(actor: User, person: User) -> bool:
    """Tell whether `actor` may assist `person`. To assist is to open the page of the account, to reset a lost second
    factor, or to send the link that sets a password.

    An administrator may assist everybody else whose account is open. A lead may assist a responder of their own
    centres, unless the responder also has a role that is neither in these centres nor in a body. A reset must not open
    the pages of another centre.
    """
    if actor.pk == person.pk or not person.is_active:
        return False
    if actor.has_role(Role.ADMINISTRATOR):
        return True
    centres = actor.led_centre_ids
    return bool(centres & person.readable_centre_ids) and all(
        is_team_or_body_role(membership, centres) for membership in person.memberships
    )


def is_team_or_body_role(membership: Membership, centres: set[int]) -> bool:
    """Tell whether this is a role in a body, or the role of a responder in one of these centres (their ids)."""
    if membership.role in TEAM_ROLES:
        return membership.csirt_id in centres
    return membership.role in COLLECTIVITY_ROLES


def get_person(actor: User, uid: UUID) -> User:
    """Return the account with this uid. Raises Http404 if there is none or if `actor` may not assist it."""
    person = User.objects.filter(uid=uid).first()
    if person is None or not may_assist_account(actor, person):
        raise Http404
    return person


def is_member(user: User, body: Collectivity) -> bool:
    """Tell whether the user has a role in this body today."""
    return body.pk in user.get_collectivity_ids()


def list_bodies(user: User) -> CollectivityQuerySet:
    """Return the bodies in which the user has a role today, unsorted."""
    return Collectivity.objects.filter(pk__in=user.get_collectivity_ids())


def get_body(user: User, uid: UUID) -> Collectivity:
    """Return the body with this uid. Raises Http404 if it does not exist or if the user has no role in it."""
    body = list_bodies(user).filter(uid=uid).first()
    if body is None:
        raise Http404
    return body


def get_managed_body(user: User, uid: UUID) -> Collectivity:
    """Return the body with this uid. Raises Http404 if the user has no role in the body, and PermissionDenied if the
    user is a member who does not manage it.
    """
    body = get_body(user, uid)
    if not is_manager_of(user, body):
        raise PermissionDenied
    return body


def is_manager_of(user: User, body: Collectivity) -> bool:
    return any(
        membership.role == Role.MANAGER and membership.collectivity_id == body.pk for membership in user.memberships
    )

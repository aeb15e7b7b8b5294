"""The group of a case on its page, or the groups that it may be put in."""

import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Min, QuerySet

from accounts.models import User
from incidents.models import CaseGroup, Incident

OFFERED = 50
# A supplier that at least so many bodies name is one affair, not several.
BODIES_OF_A_GROUP = 3
GROUPS_SHOWN = 5


@dataclass(frozen=True)
class GroupBlock:
    """`named`: those of the others that hold an open case of the same supplier come first."""

    mine: CaseGroup | None = None
    named: tuple[CaseGroup, ...] = ()
    others: tuple[CaseGroup, ...] = ()


def group_block(incident: Incident, user: User) -> GroupBlock:
    """Its own group, or else those that it may be put in; nothing for whoever is not of the centre. Two queries."""
    if incident.csirt_id not in user.csirt_ids():
        return GroupBlock()
    if incident.group_id:
        return GroupBlock(mine=incident.group)
    offered = CaseGroup.objects.filter(csirt=incident.csirt_id, closed_at=None).order_by("-opened_at", "-id")
    named = list(offered.filter(pk__in=holders_of_supplier(incident))[:OFFERED]) if incident.supplier_key else []
    others = [one for one in offered[:OFFERED] if one not in named]
    return GroupBlock(named=tuple(named), others=tuple(others[: OFFERED - len(named)]))


def holders_of_supplier(incident: Incident) -> QuerySet[Any]:
    """The groups that hold an open case of the same supplier."""
    same = Incident.objects.open().filter(csirt=incident.csirt_id, supplier_key=incident.supplier_key)
    return same.exclude(group=None).order_by().values("group")


@dataclass
class Standing:
    """What one centre has of a supplier: its open group, if any, and how many cases are in none."""

    outside: int = 0
    uid: UUID | None = None
    title: str = ""


@dataclass
class Supplier:
    """A supplier that open cases name, over one centre or several."""

    supplier_key: str
    name: str = ""
    bodies: set[int] = field(default_factory=set)
    centres: defaultdict[int, Standing] = field(default_factory=lambda: defaultdict(Standing))


def list_suppliers(user: User) -> list[dict[str, Any]]:
    """Return the suppliers that several bodies name among the open cases, the most named first, with the open group
    that holds cases of it and how many are in none. One query.

    Of one centre at a time for a person who works in several: one whose group lacks some, else one without a group.
    """
    named = Incident.objects.filter(csirt__in=user.csirt_ids()).open().exclude(supplier_key="")
    by_group = named.order_by().values_list("supplier_key", "csirt", "group__uid", "group__title", "group__closed_at")
    tallied = by_group.annotate(
        number=Count("pk"), bodies=ArrayAgg("collectivity", distinct=True), name=Min("story__supplier")
    )
    suppliers: dict[str, Supplier] = {}
    for key, csirt, uid, title, closed_at, number, bodies, name in tallied:
        supplier = suppliers.setdefault(key, Supplier(key))
        supplier.bodies.update(bodies)
        supplier.name = min(filter(None, (supplier.name, name)), default="")
        standing = supplier.centres[csirt]
        if uid is None:
            standing.outside = number
        elif closed_at is None:
            standing.uid, standing.title = uid, title
    several = [one for one in suppliers.values() if len(one.bodies) >= BODIES_OF_A_GROUP]
    most_named = sorted(several, key=lambda one: (-len(one.bodies), one.supplier_key))
    return [describe_supplier(one) for one in most_named[:GROUPS_SHOWN]]


def describe_supplier(supplier: Supplier) -> dict[str, Any]:
    """Of the centre where there is most to do; what it lacks is added to its group before another group is opened."""
    most = max(supplier.centres.values(), key=lambda one: (bool(one.outside), one.uid is not None))
    return {
        "supplier_key": supplier.supplier_key,
        "name": supplier.name,
        "bodies": len(supplier.bodies),
        "outside": most.outside,
        "uid": most.uid,
        "title": most.title,
        "key": secrets.token_urlsafe(),
    }

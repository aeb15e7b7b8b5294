"""The group of a case on its page, or the groups that it may be put in."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from incidents.models import CaseGroup, Incident

OFFERED = 50
# A supplier that at least so many bodies name is one affair, not several.
BODIES_OF_A_GROUP = 3
GROUPS_SHOWN = 5
# Beyond so many open cases that name a supplier, the groups are those of the first in the index: cost stays flat.
CASES_GROUPED = 1000


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
class Supplier:
    """A supplier that open cases name, over one centre or several. `group`: the open one that holds cases of it."""

    supplier_key: str
    name: str = ""
    bodies: set[int] = field(default_factory=set)
    centres: dict[int, "Standing"] = field(default_factory=dict)

    def read(self, csirt: int, body: int, name: str, group: tuple[UUID | None, str | None, datetime | None]) -> None:
        """Take one open case into account."""
        uid, title, closed_at = group
        standing = self.centres.setdefault(csirt, Standing())
        self.bodies.add(body)
        self.name = min(self.name or name, name)
        if uid is None:
            standing.outside += 1
        elif closed_at is None:
            standing.uid, standing.title = uid, title or ""


@dataclass
class Standing:
    """What one centre has of a supplier: its open group, if any, and how many cases are in none."""

    outside: int = 0
    uid: UUID | None = None
    title: str = ""


def list_suppliers(user: User) -> list[dict[str, Any]]:
    """Return the suppliers that several bodies name among the open cases, the most named first, with the open group
    that holds cases of it and how many are in none. One query.

    Of one centre at a time for a person who works in several: one whose group lacks some, else one without a group.
    """
    named = Incident.objects.filter(csirt__in=user.csirt_ids()).open().exclude(supplier_key="")
    columns = ("supplier_key", "csirt", "collectivity", "story__supplier")
    of_group = ("group__uid", "group__title", "group__closed_at")
    suppliers: dict[str, Supplier] = {}
    for key, csirt, body, name, *group in named.order_by("csirt", "supplier_key").values_list(*columns, *of_group)[
        :CASES_GROUPED
    ]:
        suppliers.setdefault(key, Supplier(key)).read(csirt, body, name, (group[0], group[1], group[2]))
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

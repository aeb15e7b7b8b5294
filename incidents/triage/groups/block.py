"""The block of the page of a case that shows its group, or the groups that it can be added to."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from incidents.models import CaseGroup, Incident

OFFERED = 50


@dataclass(frozen=True)
class GroupBlock:
    """`named` are groups with an open case of the same supplier; they are listed before `others`."""

    mine: CaseGroup | None = None
    named: tuple[CaseGroup, ...] = ()
    others: tuple[CaseGroup, ...] = ()


def group_block(incident: Incident, user: User) -> GroupBlock:
    """Return the group of the case, or the groups to choose from; nothing for a person of another centre.

    Two queries.
    """
    if incident.csirt_id not in user.read_centre_ids:
        return GroupBlock()
    if incident.group_id:
        return GroupBlock(mine=incident.group)
    offered = CaseGroup.objects.filter(csirt=incident.csirt_id, closed_at=None).order_by("-opened_at", "-id")
    named = list(offered.filter(pk__in=holders_of_supplier(incident))[:OFFERED]) if incident.supplier_key else []
    others = [one for one in offered[:OFFERED] if one not in named]
    return GroupBlock(named=tuple(named), others=tuple(others[: OFFERED - len(named)]))


def holders_of_supplier(incident: Incident) -> QuerySet[Any]:
    """Return the groups that hold an open case of the same supplier."""
    same = Incident.objects.open().filter(csirt=incident.csirt_id, supplier_key=incident.supplier_key)
    return same.exclude(group=None).order_by().values("group")

"""The block of the page of a case that shows its group, or the groups that it can be added to."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet, Value

from accounts.models import User
from incidents.models import CaseGroup, Incident
from incidents.services.groups.group import MAX_GROUPS_OFFERED, list_open_groups


@dataclass(frozen=True)
class GroupBlock:
    """The group of a case (`own`), or the groups that the case can be added to.

    `same_supplier` are the groups with an open case that names the same supplier as this case. The page lists them
    before `others`.
    """

    own: CaseGroup | None = None
    same_supplier: tuple[CaseGroup, ...] = ()
    others: tuple[CaseGroup, ...] = ()


def build_group_block(incident: Incident, user: User) -> GroupBlock:
    """Return the group of the case, or the groups to choose from. Runs one query at most.

    The block is empty for a person of another centre.
    """
    if not user.reads_centre(incident.csirt_id):
        return GroupBlock()
    if incident.group_id:
        return GroupBlock(own=incident.group)
    of_supplier = Q(pk__in=list_supplier_group_ids(incident)) if incident.supplier_key else Value(value=False)
    offered = list_open_groups(incident.csirt_id).annotate(is_of_supplier=of_supplier)
    groups = list(offered.order_by("-is_of_supplier", "-opened_at", "-id")[:MAX_GROUPS_OFFERED])
    return GroupBlock(
        same_supplier=tuple(group for group in groups if group.is_of_supplier),
        others=tuple(group for group in groups if not group.is_of_supplier),
    )


def list_supplier_group_ids(incident: Incident) -> QuerySet[Any]:
    """Return the ids of the groups with an open case that names the same supplier as this case."""
    same = Incident.objects.open().filter(csirt=incident.csirt_id, supplier_key=incident.supplier_key)
    return same.exclude(group=None).order_by().values("group")

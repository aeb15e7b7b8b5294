"""The group of a case on its page, or the groups that it may be put in."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from accounts.models import User
from incidents.models import CaseGroup, Incident

OFFERED = 50


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


def with_groups(suppliers: list[dict[str, Any]], user: User) -> list[dict[str, Any]]:
    """To each supplier that several bodies name: the open group that holds cases of it, and how many are in none.

    Of one centre at a time for whoever works in several: one whose group lacks some, else one without a group. One
    query, or none.
    """
    if not suppliers:
        return []
    keys = [one["supplier_key"] for one in suppliers]
    named = Incident.objects.open().filter(csirt__in=user.csirt_ids(), supplier_key__in=keys)
    asked = ("supplier_key", "csirt_id", "group__uid", "group__title", "group__closed_at")
    tallied = named.order_by("csirt_id").values_list(*asked).annotate(Count("pk"))
    found: dict[str, dict[int, dict[str, Any]]] = {key: {} for key in keys}
    for key, csirt, uid, title, closed_at, number in tallied:
        there = found[key].setdefault(csirt, {"outside": 0, "uid": None})
        if uid is None:
            there["outside"] = number
        elif closed_at is None:
            there |= {"uid": uid, "title": title}
    return [
        one | shown_of(found[one["supplier_key"]].values()) | {"key": secrets.token_urlsafe()} for one in suppliers
    ]


def shown_of(centres: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The centre where there is most to do; what it lacks is added to its group before another group is opened."""
    none = {"outside": 0, "uid": None}  # its last case was closed since the suppliers were read
    return max(centres, key=lambda one: (bool(one["outside"]), one["uid"] is not None), default=none)

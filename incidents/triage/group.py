"""The group of a case on its page, or the groups that it may be put in."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Case, Count, Value, When

from accounts.models import User
from incidents.models import CaseGroup, Incident
from incidents.triage.together import PERSON, Whole

OFFERED = 50


@dataclass(frozen=True)
class GroupBlock:
    """`named`: those of the others that hold an open case of the same supplier come first."""

    mine: CaseGroup | None = None
    named: tuple[CaseGroup, ...] = ()
    others: tuple[CaseGroup, ...] = ()


def group_rows(incident: Incident) -> Whole:
    """Its own, or else those that it may be put in."""
    ours = CaseGroup.objects.filter(csirt=incident.csirt_id).annotate(is_named=named_by(incident))
    if incident.group_id:
        return Whole(ours.filter(pk=incident.group_id), also=("is_named",), author=PERSON)
    offered = ours.filter(closed_at=None).order_by("-is_named", "-opened_at", "-id")[:OFFERED]
    return Whole(offered, also=("is_named",), author=PERSON)


def group_block(incident: Incident, user: User, groups: list[Any]) -> GroupBlock:
    """Nothing for whoever is not of the centre."""
    if incident.csirt_id not in user.csirt_ids():
        return GroupBlock()
    if incident.group_id:
        return GroupBlock(mine=groups[0])
    return GroupBlock(
        named=tuple(one for one in groups if one.is_named), others=tuple(one for one in groups if not one.is_named)
    )


def named_by(incident: Incident) -> Case | Value:
    if not incident.supplier_key:
        return Value(value=False, output_field=BooleanField())
    same = Incident.objects.open().filter(csirt=incident.csirt_id, supplier_key=incident.supplier_key)
    holders = same.exclude(group=None).order_by().values("group")
    return Case(When(pk__in=holders, then=True), default=False, output_field=BooleanField())


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

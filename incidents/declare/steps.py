"""What the address of the journey says: the type and the body, both checked, and what follows from them."""

import re
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from collectivities.models import Collectivity
from collectivities.zones import zone_of
from csirts.routing import Route, csirt_for
from incidents.enums import IncidentType
from incidents.reflex_sheets import REFLEXES, Reflexes

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Step:
    """The last screen, and the answer: everything about this type of incident in this body."""

    type: IncidentType
    collectivity: Collectivity

    @cached_property
    def zone(self) -> str:
        return zone_of(self.collectivity)

    @property
    def clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def route(self) -> Route:
        return csirt_for(self.collectivity, on=timezone.localdate(timezone=self.clock))

    @property
    def reflexes(self) -> Reflexes:
        return REFLEXES[self.type]

    @property
    def address(self) -> str:
        query = {"quoi": self.type.value, "collectivite": self.collectivity.uid}
        return reverse("declare_details", query=query)

    @property
    def other_type(self) -> str:
        return reverse("declare_type", query={"quoi": self.type.value, "collectivite": self.collectivity.uid})

    @property
    def other_body(self) -> str:
        return reverse("declare_who", query={"quoi": self.type.value})

    def is_of(self, user: User | object) -> bool:
        """Whether this person, logged in, is a member of the body that declares."""
        return isinstance(user, User) and user.is_active and self.collectivity.pk in user.collectivity_ids()


def body_named(value: str) -> Collectivity | None:
    """The body of the address's `collectivite`, a public identifier; None for anything else.

    An old link to a commune that was merged leads to the one that took it in. One query: a seat and a corrected
    region, which few bodies have, are read where they are asked for.
    """
    try:
        uid = UUID(value)
    except ValueError:
        return None
    bodies = Collectivity.objects.select_related("departement", "region")
    found = bodies.filter(uid=uid).first()
    if found and found.vanished_on:
        return bodies.existing().filter(absorbed=found.pk).first()
    return found


def without_controls(data: QueryDict) -> QueryDict:
    """What was posted, without the characters that no keyboard types and no database takes (NUL and its kin)."""
    if not any(CONTROLS.search(value) for _name, values in data.lists() for value in values):
        return data
    clean = data.copy()
    for name, values in data.lists():
        clean.setlist(name, [CONTROLS.sub("", value) for value in values])
    return clean

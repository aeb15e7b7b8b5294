"""One declaration on its way: what its draft says, and what follows from the type and the body."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from accounts.models import User
from collectivities.models import Collectivity
from collectivities.zones import PARIS, zone_of
from csirts.routing import Route, csirt_for
from incidents import draft_cookie
from incidents.declaration import Declaration
from incidents.declare.choices import type_named
from incidents.declare.forms import Details
from incidents.declare.screens import INPUTS, ORDER
from incidents.enums import IncidentType, Screen
from incidents.models import Draft, DraftPage, Incident
from incidents.public_services import services_of
from incidents.reflex_sheets import Reflexes
from incidents.services.check import checked
from incidents.services.draft import Values, code_of
from incidents.services.reflexes import sheet_for
from incidents.sharing import is_mailbox_in_doubt
from incidents.text import CONTROLS, strip_controls


@dataclass(frozen=True)
class Journey:
    """`author`: who is writing on this device, as they chose to say it; `pen`: which opening of a screen posts."""

    draft: Draft
    pages: dict[str, DraftPage]
    author: str = ""
    pen: str = ""

    @property
    def type(self) -> IncidentType | None:
        return type_named(self.draft.type)

    @property
    def is_mailbox_in_doubt(self) -> bool:
        """Whether somebody else may read the mailbox of this body, by the type: no code goes there."""
        return is_mailbox_in_doubt(self.draft.type)

    @property
    def collectivity(self) -> Collectivity | None:
        return self.draft.collectivity

    @property
    def incident(self) -> Incident | None:
        return self.draft.incident

    @property
    def code(self) -> str:
        return code_of(self.draft)

    @cached_property
    def reflexes(self) -> Reflexes | None:
        """Those of the region's own sheet, where its centre has written one."""
        return sheet_for(self.type, self.route.csirt if self.route else None).text if self.type else None

    @cached_property
    def zone(self) -> str:
        return zone_of(self.collectivity) if self.collectivity else PARIS

    @property
    def clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def route(self) -> Route | None:
        return route_to(self.collectivity) if self.collectivity else None

    @property
    def missing(self) -> Screen | None:
        """The screen without which none that follows makes sense."""
        if self.type is None:
            return Screen.WHAT
        return Screen.WHO if self.collectivity is None else None

    @property
    def next(self) -> Screen:
        """Where to go on: the first screen that nobody has filled, else the last."""
        return self.missing or next((one for one in ORDER if one not in self.pages), Screen.CALLER)

    def is_of(self, user: User | object) -> bool:
        """Whether this person, logged in, is a member of the body that declares."""
        return (
            isinstance(user, User)
            and user.is_active
            and self.collectivity is not None
            and self.collectivity.pk in user.collectivity_ids()
        )

    def having(self, screen: Screen, values: Values) -> "Journey":
        """The same as if this screen said that."""
        page = DraftPage(screen=screen, values=values, author=self.author, saved_at=timezone.now())
        return replace(self, pages=self.pages | {screen: page})

    def saved(self, page: DraftPage) -> "Journey":
        """The same once that page was saved; the body is still the one that was read with its territory."""
        if page.draft.collectivity_id == self.draft.collectivity_id:
            page.draft.collectivity = self.draft.collectivity
        return replace(self, draft=page.draft, pages=self.pages | {page.screen: page})

    def details(self) -> Details:
        """All that was typed so far, as one form."""
        data = QueryDict(mutable=True)
        for page in self.pages.values():
            for name, values in page.values.items():
                data.setlist(name, values)
        return Details(data, offered=services_of(self.collectivity.kind if self.collectivity else ""))

    def declaration(self, details: Details) -> Declaration:
        """Of valid details, once nothing is missing."""
        if self.type is None or self.collectivity is None:
            raise ValueError("the type or the body is missing")
        return details.declaration(self.collectivity, self.type, self.clock)

    def examined(self, *, now: datetime) -> Details:
        """The same, with all that the forms and, once nothing is missing, the services have to say against it."""
        details = self.details()
        if not self.missing:
            details.is_valid()
            details.fill_gaps()
            try:
                checked(self.declaration(details), now=now)
            except ValidationError as error:
                details.refuse(error)
        return details

    def wrong_screen(self, details: Details) -> Screen | None:
        """The first screen where something of these examined details is to be mended."""
        wrong = details.wrong_inputs()
        return next((screen for screen in ORDER if wrong & INPUTS[screen]), Screen.CALLER if wrong else None)


def journey_of(request: HttpRequest) -> Journey | None:
    """By the page that is posted, else this device's cookie. None without either, or once the draft is deleted."""
    opened = draft_cookie.opened(request)
    if opened is None:
        return None
    draft = drafts().filter(uid=opened.uid, expires_at__gt=timezone.now()).first()
    return journey_through(draft, opened.author, opened.pen) if draft else None


def journey_through(draft: Draft, author: str, pen: str = "") -> Journey:
    return Journey(draft, {page.screen: page for page in draft.pages.all()}, author, pen)


def drafts() -> QuerySet[Draft]:
    """With the body that each screen names; the case, which only a sent draft has, is read where it is asked for."""
    return Draft.objects.select_related("collectivity__departement", "collectivity__region")


def body_named(value: str) -> Collectivity | None:
    """The body of this public identifier; None for anything else.

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


def route_to(body: Collectivity) -> Route:
    """Who answers this body today, on its own calendar."""
    return csirt_for(body, on=timezone.localdate(timezone=ZoneInfo(zone_of(body))))


def without_controls(data: QueryDict) -> QueryDict:
    """What was posted, without the characters that no keyboard types and no database takes (NUL and its kin)."""
    if not any(CONTROLS.search(value) for _name, values in data.lists() for value in values):
        return data
    clean = data.copy()
    for name, values in data.lists():
        clean.setlist(name, [strip_controls(value) for value in values])
    return clean

"""One declaration that is being written: its draft, and what its type and its body determine."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from accounts.access import is_member, list_bodies
from accounts.models import User
from collectivities.models import Collectivity
from collectivities.zones import PARIS, find_zone
from core.text import CONTROLS, strip_control_characters
from csirts.models import Csirt
from csirts.routing import Route, find_route
from incidents.catalogues.public_services import list_offered_services
from incidents.catalogues.reflex_sheets import Reflexes
from incidents.declare.choices import find_incident_type
from incidents.declare.forms import DeclarationForms
from incidents.declare.screens import INPUTS_BY_SCREEN, SCREEN_ORDER
from incidents.devices import draft_cookie
from incidents.devices.inputs import TYPE
from incidents.enums import IncidentType, Screen
from incidents.facts.shapes import Declaration
from incidents.models import Draft, DraftPage, Incident
from incidents.services.declaring.check import check_declaration, clean_texts
from incidents.services.declaring.draft import Values, derive_draft_code
from incidents.services.library.reflexes import get_reflex_sheet
from incidents.sharing import puts_mailbox_in_doubt


@dataclass(frozen=True)
class Journey:
    """A declaration that is being written: its draft and its saved screens. `author` is the name of the person on this
    device.

    `pen` identifies the opened page that posts. It is empty if the declaration comes from the cookie.
    """

    draft: Draft
    pages: dict[str, DraftPage]
    author: str = ""
    pen: str = ""

    @property
    def type(self) -> IncidentType | None:
        return find_incident_type(self.draft.type)

    @property
    def is_mailbox_in_doubt(self) -> bool:
        """True if, in an incident of this type, somebody else may read the body's mailbox. The link and the follow-up
        code are then not mailed.
        """
        return puts_mailbox_in_doubt(self.draft.type)

    @property
    def collectivity(self) -> Collectivity | None:
        return self.draft.collectivity

    @property
    def incident(self) -> Incident | None:
        return self.draft.incident

    @property
    def code(self) -> str:
        """The resumption code, with which another device continues this declaration."""
        return derive_draft_code(self.draft)

    @cached_property
    def reflexes(self) -> Reflexes | None:
        """The reflex sheet of the body's centre for this type of incident, or else the national sheet. None if no type
        is chosen.
        """
        return get_reflex_sheet(self.type, self.route.csirt if self.route else None).text if self.type else None

    @cached_property
    def zone(self) -> str:
        """The name of the body's time zone, or of the time zone of Paris if no body is chosen."""
        return find_zone(self.collectivity) if self.collectivity else PARIS

    @property
    def zone_info(self) -> ZoneInfo:
        """The body's time zone, whose name is `zone`."""
        return ZoneInfo(self.zone)

    @cached_property
    def route(self) -> Route | None:
        """Today's route of the body, or None without a body."""
        return find_body_route(self.collectivity) if self.collectivity else None

    @property
    def first_missing_screen(self) -> Screen | None:
        """The screen that must be filled before any later screen can be shown, or None. The type must be given first,
        then the body.
        """
        if self.type is None:
            return Screen.WHAT
        return Screen.WHO if self.collectivity is None else None

    @property
    def next_screen(self) -> Screen:
        """The screen with which to continue: the first screen that is not filled, or the last screen if all are
        filled.
        """
        return self.first_missing_screen or next(
            (screen for screen in SCREEN_ORDER if screen not in self.pages), Screen.CALLER
        )

    def is_declaring_member(self, user: User | object) -> bool:
        """Tell whether the user is signed in and is a member of the body that declares."""
        return (
            isinstance(user, User)
            and user.is_active
            and self.collectivity is not None
            and is_member(user, self.collectivity)
        )

    def with_answers(self, screen: Screen, values: Values) -> "Journey":
        """Return a copy in which `screen` has these values."""
        page = DraftPage(screen=screen, values=values, author=self.author, saved_at=timezone.now())
        return replace(self, pages=self.pages | {screen: page})

    def with_saved_page(self, page: DraftPage) -> "Journey":
        """Return a copy that contains the saved screen and its draft. A body that has not changed is not loaded
        again.
        """
        if page.draft.collectivity_id == self.draft.collectivity_id:
            page.draft.collectivity = self.draft.collectivity
        return replace(self, draft=page.draft, pages=self.pages | {page.screen: page})

    def build_forms(self) -> DeclarationForms:
        """Return the forms of all screens, filled with what was typed so far."""
        data = QueryDict(mutable=True)
        for page in self.pages.values():
            for name, values in page.values.items():
                data.setlist(name, values)
        return DeclarationForms(
            data, offered=list_offered_services(self.collectivity.kind if self.collectivity else "")
        )

    def build_declaration(self, details: DeclarationForms) -> Declaration:
        """Return the declaration that the valid forms `details` describe. Raises ValueError if the type or the body is
        missing.
        """
        if self.type is None or self.collectivity is None:
            raise ValueError("the type or the body is missing")
        return details.build_declaration(self.collectivity, self.type, self.zone_info)

    def build_checked_forms(self, *, now: datetime) -> DeclarationForms:
        """Return the forms of all screens with their errors. The errors of `check_declaration` are included only if
        the type and the body are known.
        """
        details = self.build_forms()
        if not self.first_missing_screen:
            details.is_valid()
            details.empty_invalid_values()
            try:
                check_declaration(self.build_declaration(details), now=now)
            except ValidationError as error:
                details.add_service_errors(error)
        return details

    def build_forms_with_long_texts(self) -> DeclarationForms:
        """Return the forms of all screens with the errors of their texts and of malformed values, which need neither
        the type nor the body.
        """
        details = self.build_forms()
        details.is_valid()
        details.empty_invalid_values()
        problems: dict[str, list[str]] = {}
        clean_texts(details.build_declaration(Collectivity(), IncidentType.UNKNOWN, self.zone_info), problems)
        details.add_service_errors(ValidationError(dict[str, Any](problems)))
        return details

    def find_screen_with_error(self, details: DeclarationForms) -> Screen | None:
        """Return the first screen with an error in the checked forms `details`, or None. An error that belongs to no
        screen counts as an error of the last screen.
        """
        wrong = details.list_wrong_inputs()
        return next(
            (screen for screen in SCREEN_ORDER if wrong & INPUTS_BY_SCREEN[screen]), Screen.CALLER if wrong else None
        )


def find_journey(request: HttpRequest) -> Journey | None:
    """Return the declaration that the posted page names, or else the one that this device's cookie names.

    Return None if no declaration is named, or if its draft was deleted or has expired.
    """
    opened = draft_cookie.find_draft_handle(request)
    if opened is None:
        return None
    draft = select_drafts().filter(uid=opened.uid, expires_at__gt=timezone.now()).first()
    return build_journey(draft, opened.author, opened.pen) if draft else None


def make_unsaved_journey(request: HttpRequest) -> Journey:
    """Return a declaration whose draft is not in the database. The draft has the id that the posted page names, or a
    new id.
    """
    pen = draft_cookie.find_posted_handle(request)
    author = request.user.display_name if isinstance(request.user, User) else ""
    return Journey(Draft(uid=pen.uid if pen else uuid4()), {}, author)


def build_journey(draft: Draft, author: str, pen: str = "") -> Journey:
    """Return the declaration of a saved draft, with its saved screens. Runs one query."""
    return Journey(draft, {page.screen: page for page in draft.pages.all()}, author, pen)


def select_drafts() -> QuerySet[Draft]:
    """Return all drafts, each loaded with its body and the body's territory. The case is loaded on access, because
    only a sent draft has one.
    """
    return Draft.objects.select_related("collectivity__departement", "collectivity__region")


def find_chosen_type(request: HttpRequest, journey: Journey | None) -> IncidentType | None:
    """Return the type just posted, else the type of the declaration, else the type in the query parameters. The links
    of the reflex sheets contain this parameter.
    """
    posted = find_incident_type(request.POST.get(TYPE, ""))
    return posted or (journey and journey.type) or find_incident_type(request.GET.get(TYPE, ""))


def find_body_route(body: Collectivity) -> Route:
    """Return today's route of this body. The day is taken in the body's time zone."""
    return find_route(body, on=timezone.localdate(timezone=ZoneInfo(find_zone(body))))


def find_offered_centre(offered: Collectivity | None, journey: Journey | None) -> Csirt | None:
    """Return the centre of the body that the QR code or the account names. Return None without such a body, or once a
    body is chosen.

    The screens show the centre's telephone number before the person chooses a body.
    """
    chosen = journey.collectivity if journey else None
    return find_body_route(offered).csirt if offered and not chosen else None


def list_own_bodies(request: HttpRequest) -> list[Collectivity]:
    """Return the bodies in which the signed-in user has a role. The screens offer them before any search."""
    if not isinstance(request.user, User):
        return []
    return list(list_bodies(request.user).with_territory())


def drop_control_characters(data: QueryDict) -> QueryDict:
    """Return the posted values without control characters. No keyboard types them, and PostgreSQL refuses NUL."""
    if not any(CONTROLS.search(value) for _name, values in data.lists() for value in values):
        return data
    clean = data.copy()
    for name, values in data.lists():
        clean.setlist(name, [strip_control_characters(value) for value in values])
    return clean

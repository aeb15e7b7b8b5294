"""A page of the queue: what its address asks, and the lines that answer it, in their order.

The open cases of a centre are what it has to do: they are read without a word, then sorted, counted and collapsed.
Only those on the page are read with their words. Closed cases are many: they are read by date, a page at a time.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Self
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import F
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import QueryDict

from accounts.models import User
from incidents.enums import TYPE_TERMS
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet
from incidents.triage.queue.order import OpenCase, Place, cases_of_centres, columns_of, list_open, place_of
from incidents.triage.queue.saved_views import BY_CODE, TO_DO, SavedView, count_cases
from incidents.triage.queue.waves import Wave, arrange, list_alone

LINES = 50
# Of a wave that is open, the first ones; all of them are a list of their own.
MEMBERS_SHOWN = 50
VIEW, TYPE, AFTER, BEFORE, OPENED, WITHIN = "etat", "type", "apres", "avant", "ouvre", "dans"
PERSON = "de"  # accounts/templates link to it
# A page of closed cases is read by date alone: each of its places has this first part.
BY_DATE = 0


class Asked(NamedTuple):
    """`opened`: the key of the wave that is open. `within`: that of the wave which is shown alone, case by case.
    `person`: the public id of the colleague whose cases are shown.
    """

    view: SavedView = TO_DO
    type: str = ""
    within: str = ""
    person: str = ""
    opened: str = ""
    after: Place | None = None
    before: Place | None = None

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """What is altered is as if it were not there."""
        kind = query.get(TYPE, "")
        return cls(
            view=BY_CODE.get(query.get(VIEW, ""), TO_DO),
            type=kind if kind in TYPE_TERMS else "",
            within=query.get(WITHIN, ""),
            person=query.get(PERSON, ""),
            opened=query.get(OPENED, ""),
            after=Place.parse(query.get(AFTER, "")),
            before=Place.parse(query.get(BEFORE, "")),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.type or self.within or self.person)

    @property
    def is_first(self) -> bool:
        return not (self.after or self.before)

    def link(self, **changes: str) -> str:
        """The address of the first page, changed: by default without an open wave."""
        view = self.view.code if self.view != TO_DO else ""
        said = {VIEW: view, TYPE: self.type, PERSON: self.person, WITHIN: self.within} | changes
        return f"?{urlencode({name: value for name, value in said.items() if value})}"

    def link_here(self, **changes: str) -> str:
        """The same for the page that is shown."""
        places = {AFTER: str(self.after or ""), BEFORE: str(self.before or "")}
        return self.link(**places | changes)


class Page(NamedTuple):
    """`asked`: what it answers. `members`: the cases of the open wave. `previous` and `next` are links, empty where
    there is nothing more. `person`: the colleague whose cases alone are shown, or None.
    """

    asked: Asked
    waves: list[Wave]
    members: Mapping[str, list[OpenCase]] = {}
    previous: str = ""
    next: str = ""
    counted: Mapping[str, str] = {}
    person: User | None = None

    def keys(self) -> set[int]:
        """Of the cases that are shown with their words."""
        inside = (case.pk for cases in self.members.values() for case in cases)
        return {wave.worst.pk for wave in self.waves} | set(inside)


def read_page(asked: Asked, user: User, now: datetime) -> Page:
    """One query, and one more for the name of a colleague. Of a wave that is no more, all of its view is shown: its
    cases were grouped, taken or closed.
    """
    person = find_colleague(user, asked.person) if asked.person else None
    asked = asked._replace(person=str(person.uid) if person else "")
    page = read_open(asked, user, now, person) if asked.view.is_open else read_by_date(asked, user, person)
    return page._replace(person=person)


def find_colleague(user: User, uid: str) -> User | None:
    """Return the person with this public id who works or worked in a centre of `user`, or None."""
    try:
        same = User.objects.filter(uid=UUID(uid), membership__csirt__in=user.read_centre_ids)
    except ValueError:
        return None
    return same.first()


def read_open(asked: Asked, user: User, now: datetime, person: User | None) -> Page:
    cases = list(list_open(user))
    held = [
        case
        for case in cases
        if asked.view.holds(case, user, now)
        and (not asked.type or case.type == asked.type)
        and (not person or case.holder == person.pk)
    ]
    waves = arrange(held, now, among=cases)
    if inside := next((wave.cases for wave in waves if wave.kind and wave.key == asked.within), None):
        waves = list_alone(inside, now)
    elif asked.within:
        asked = asked._replace(within="", after=None, before=None)
    page = cut(waves, asked, now)
    opened = {wave.key: wave.cases[:MEMBERS_SHOWN] for wave in page.waves if wave.kind and wave.key == asked.opened}
    # Of a list that something else narrows, the views are not counted: they would not hold what they say.
    return page._replace(members=opened, counted={} if asked.is_narrowed else count_cases(cases, user, now))


def cut(waves: list[Wave], asked: Asked, now: datetime) -> Page:
    """The lines after a place, or before another: of a row that was shown, it keeps where it stood."""
    places = [place_of(wave.worst, now) for wave in waves]
    if asked.before:
        end = sum(place < asked.before for place in places)
        start = max(end - LINES, 0)
    else:
        start = sum(place <= asked.after for place in places) if asked.after else 0
        end = min(start + LINES, len(waves))
    shown = waves[start:end]
    return Page(
        asked,
        shown,
        previous=asked.link(**{BEFORE: str(places[start])}) if shown and start else "",
        next=asked.link(**{AFTER: str(places[end - 1])}) if shown and end < len(waves) else "",
    )


def read_by_date(asked: Asked, user: User, person: User | None) -> Page:
    """The newest first; one row more than a page tells whether there is another."""
    cases = cases_of_centres(user).filter(asked.view.among)
    if asked.type:
        cases = cases.filter(type=asked.type)
    if person:
        cases = cases.filter(assignee=person)
    rows = [OpenCase._make(row) for row in columns_of(filter_beside(cases, asked))[: LINES + 1]]
    shown, has_more = rows[:LINES], len(rows) > LINES
    if asked.before:
        shown.reverse()
    is_after, is_before = bool(asked.before) or has_more, bool(asked.after) or (bool(asked.before) and has_more)
    return Page(
        asked,
        [Wave(None, "", [case]) for case in shown],
        previous=asked.link(**{BEFORE: str(place_by_date(shown[0]))}) if shown and is_before else "",
        next=asked.link(**{AFTER: str(place_by_date(shown[-1]))}) if shown and is_after else "",
    )


def filter_beside(cases: IncidentQuerySet, asked: Asked) -> IncidentQuerySet:
    """Those older than a place, or newer than another, nearest first."""
    keys = Tuple(F("received_at"), F("reference"))
    if asked.before:
        newer: IncidentQuerySet = cases.filter(TupleGreaterThan(keys, asked.before[1:]))
        return newer.order_by("received_at", "reference")
    older = cases.filter(TupleLessThan(keys, asked.after[1:])) if asked.after else cases
    return older.order_by("-received_at", "-reference")


def place_by_date(case: OpenCase) -> Place:
    return Place(BY_DATE, case.received_at, case.reference)


def rows_of(page: Page, cases: IncidentQuerySet) -> dict[int, Incident]:
    """The cases of the page as `cases` reads them, by key. One query."""
    rows: Iterable[Incident] = cases.filter(pk__in=page.keys())
    return {row.pk: row for row in rows}

"""A page of the queue: the filters in its address, and its lines in order.

All open cases of a centre are read without their texts, then sorted, counted and collapsed. Only the cases on the page
are read with their texts. Closed cases are too many for this, so they are read by date, a page at a time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Self
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import F
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import QueryDict

from accounts.access import match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from incidents.enums import TYPE_TERMS
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet
from incidents.triage.queue.order import (
    QueueCase,
    QueuePosition,
    compute_position,
    list_open_cases,
    select_queue_columns,
)
from incidents.triage.queue.saved_views import ALL_OPEN, VIEWS_BY_CODE, SavedView, format_counts_by_view
from incidents.triage.queue.waves import Wave, arrange_waves, list_single_cases

LINES_PER_PAGE = 50
# The largest number of cases shown below an open wave. A page of its own (`within`) shows all of them.
MAX_MEMBERS_SHOWN = 50
VIEW, TYPE, AFTER, BEFORE, OPENED, WITHIN = "etat", "type", "apres", "avant", "ouvre", "dans"
PERSON = "de"  # templates of accounts link to it
# Closed cases are sorted only by date, so the first part of their position is always this number.
BY_DATE = 0


class QueueFilters(NamedTuple):
    """The filters in the address of a page of the queue.

    `within` is the key of a wave: the page then shows only the cases of this wave, one by one. `person` is the public
    id of a colleague: the page then shows only their cases. `opened` is the key of the wave that is open on the page.
    """

    view: SavedView = ALL_OPEN
    type: str = ""
    within: str = ""
    person: str = ""
    opened: str = ""
    after: QueuePosition | None = None
    before: QueuePosition | None = None

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """Return the filters in the query string of an address. Invalid values are ignored."""
        kind = query.get(TYPE, "")
        return cls(
            view=VIEWS_BY_CODE.get(query.get(VIEW, ""), ALL_OPEN),
            type=kind if kind in TYPE_TERMS else "",
            within=query.get(WITHIN, ""),
            person=query.get(PERSON, ""),
            opened=query.get(OPENED, ""),
            after=QueuePosition.parse(query.get(AFTER, "")),
            before=QueuePosition.parse(query.get(BEFORE, "")),
        )

    @property
    def is_narrowed(self) -> bool:
        """Tell whether the page is filtered by type, wave or colleague, in addition to the view."""
        return bool(self.type or self.within or self.person)

    @property
    def is_first_page(self) -> bool:
        """Tell whether this is the first page of the queue."""
        return not (self.after or self.before)

    def make_link(self, **changes: str) -> str:
        """Return a link to the first page with these parameters changed.

        The link opens a wave only if `changes` names one.
        """
        view = self.view.code if self.view != ALL_OPEN else ""
        parameters = {VIEW: view, TYPE: self.type, PERSON: self.person, WITHIN: self.within} | changes
        return f"?{urlencode({name: value for name, value in parameters.items() if value})}"

    def make_page_link(self, **changes: str) -> str:
        """Return a link to this page with these parameters changed.

        The link opens a wave only if `changes` names one.
        """
        positions = {AFTER: str(self.after or ""), BEFORE: str(self.before or "")}
        return self.make_link(**positions | changes)


class QueuePage(NamedTuple):
    """A page of the queue.

    `members` maps the key of the open wave to its cases. `previous` and `next` are links, or "" at the ends of the
    queue. `counted` maps the code of each view of open cases to its number of cases, or is {} if no view is counted.
    If `person` is set, only the cases of this colleague are shown.
    """

    filters: QueueFilters
    waves: list[Wave]
    members: Mapping[str, list[QueueCase]] = {}
    previous: str = ""
    next: str = ""
    counted: Mapping[str, str] = {}
    person: User | None = None

    def collect_shown_keys(self) -> set[int]:
        """Return the primary keys of the cases that are shown with their texts."""
        inside = (case.pk for cases in self.members.values() for case in cases)
        return {case.pk for wave in self.waves for case in (wave.worst, wave.leading)} | set(inside)


def read_queue_page(filters: QueueFilters, user: User, now: datetime) -> QueuePage:
    """Return the page of the queue that these filters select.

    If the wave `filters.within` no longer exists, the page shows the whole view. Runs one query, and another one if
    `filters.person` is set.
    """
    person = find_colleague(user, filters.person) if filters.person else None
    filters = filters._replace(person=str(person.uid) if person else "")
    page = (
        read_page_of_open_cases(filters, user, now, person)
        if filters.view.has_only_open_cases
        else read_page_by_date(filters, user, person)
    )
    return page._replace(person=person)


def find_colleague(user: User, uid: str) -> User | None:
    """Return the person with this public id who has or had a role in a centre of `user`, or None."""
    try:
        same = User.objects.filter(match_centres(user, CentreAbility.READ, "membership__csirt"), uid=UUID(uid))
    except ValueError:
        return None
    return same.first()


def read_page_of_open_cases(filters: QueueFilters, user: User, now: datetime, person: User | None) -> QueuePage:
    """Return a page of a view of open cases: waves and single cases, the most urgent first."""
    cases = list(list_open_cases(user))
    matching = [
        case
        for case in cases
        if filters.view.includes(case, user, now)
        and (not filters.type or case.type == filters.type)
        and (not person or case.holder == person.pk)
    ]
    waves = arrange_waves(matching, now, all_open_cases=cases)
    if inside := next((wave.cases for wave in waves if wave.kind and wave.key == filters.within), None):
        waves = list_single_cases(inside, now)
    elif filters.within:
        filters = filters._replace(within="", after=None, before=None)
    page = take_page_of_waves(waves, filters, now)
    opened = {
        wave.key: wave.cases[:MAX_MEMBERS_SHOWN] for wave in page.waves if wave.kind and wave.key == filters.opened
    }
    # The views are not counted while another filter is set: their numbers would not match their lists.
    return page._replace(
        members=opened, counted={} if filters.is_narrowed else format_counts_by_view(cases, user, now)
    )


def take_page_of_waves(waves: list[Wave], filters: QueueFilters, now: datetime) -> QueuePage:
    """Return the page of these waves that follows `filters.after` or precedes `filters.before`.

    `waves` are in the order of the queue. A position remains usable after the case from which it was computed has left
    the queue.
    """

    def locate(wave: Wave) -> QueuePosition:
        return compute_position(wave.worst, now)

    if filters.before:
        end = bisect_left(waves, filters.before, key=locate)
        start = max(end - LINES_PER_PAGE, 0)
    else:
        start = bisect_right(waves, filters.after, key=locate) if filters.after else 0
        end = min(start + LINES_PER_PAGE, len(waves))
    waves_shown = waves[start:end]
    return QueuePage(
        filters,
        waves_shown,
        previous=filters.make_link(**{BEFORE: str(locate(waves[start]))}) if waves_shown and start else "",
        next=filters.make_link(**{AFTER: str(locate(waves[end - 1]))}) if waves_shown and end < len(waves) else "",
    )


def read_page_by_date(filters: QueueFilters, user: User, person: User | None) -> QueuePage:
    """Return a page of a view that also lists closed cases, newest first.

    One row more than a page is read, to know whether another page follows.
    """
    cases = Incident.objects.of_centres(user, CentreAbility.READ).filter(filters.view.database_filter)
    if filters.type:
        cases = cases.filter(type=filters.type)
    if person:
        cases = cases.filter(assignee=person)
    rows = [
        QueueCase._make(row)
        for row in select_queue_columns(filter_beyond_position(cases, filters))[: LINES_PER_PAGE + 1]
    ]
    cases_shown, has_more = rows[:LINES_PER_PAGE], len(rows) > LINES_PER_PAGE
    if filters.before:
        cases_shown.reverse()
    is_after, is_before = bool(filters.before) or has_more, bool(filters.after) or (bool(filters.before) and has_more)
    return QueuePage(
        filters,
        [Wave(None, "", [case]) for case in cases_shown],
        previous=filters.make_link(**{BEFORE: str(compute_position_by_date(cases_shown[0]))})
        if cases_shown and is_before
        else "",
        next=filters.make_link(**{AFTER: str(compute_position_by_date(cases_shown[-1]))})
        if cases_shown and is_after
        else "",
    )


def filter_beyond_position(cases: IncidentQuerySet, filters: QueueFilters) -> IncidentQuerySet:
    """Return the cases beyond the position in the filters, the nearest to it first.

    They are newer than `filters.before`, or older than `filters.after`. Without a position, return all cases, newest
    first.
    """
    keys = Tuple(F("received_at"), F("reference"))
    if filters.before:
        newer: IncidentQuerySet = cases.filter(TupleGreaterThan(keys, filters.before[1:]))
        return newer.order_by("received_at", "reference")
    older = cases.filter(TupleLessThan(keys, filters.after[1:])) if filters.after else cases
    return older.order_by("-received_at", "-reference")


def compute_position_by_date(case: QueueCase) -> QueuePosition:
    """Return the position of a case in a list that is sorted by date of receipt."""
    return QueuePosition(BY_DATE, case.received_at, case.reference)


def load_page_cases(page: QueuePage, cases: IncidentQuerySet) -> dict[int, Incident]:
    """Return those of `cases` that the page shows with their texts, by primary key. Runs one query."""
    rows: Iterable[Incident] = cases.filter(pk__in=page.collect_shown_keys())
    return {row.pk: row for row in rows}

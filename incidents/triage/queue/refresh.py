"""The stamp that changes when a displayed queue does. Each open page asks for it every twenty seconds, so it must be
cheap.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from accounts.models import User
from incidents.enums import TransferState
from incidents.models import IncidentEvent, Reading, Transfer
from incidents.querysets import IncidentQuerySet
from incidents.triage.queue.order import QueueCase, is_late
from incidents.triage.queue.pages import QueuePage

# The stamp also changes after this time, because ages are displayed and grow even if nothing happens.
RELOAD_SECONDS = 300


def annotate_line_state(cases: IncidentQuerySet, user: User) -> IncidentQuerySet:
    """Annotate each case with what the stamp and the lines of the queue need.

    `read_at` is when the user last read the case, or None. `is_read` tells whether anybody at its centre has read it.
    `newest_event` is the primary key of its newest event, since each change is an event. `offered_to` is the name of
    the centre to which the case is offered, or None.
    """
    events = IncidentEvent.objects.filter(incident=OuterRef("pk")).order_by("-id")
    offers = Transfer.objects.filter(incident=OuterRef("pk"), state=TransferState.ASKED)
    return annotate_own_reading(cases, user).annotate(
        is_read=Exists(Reading.objects.filter(incident=OuterRef("pk"), csirt=OuterRef("csirt"))),
        newest_event=Subquery(events.values("pk")[:1]),
        offered_to=Subquery(offers.values("taker__name")[:1]),
    )


def annotate_own_reading(cases: IncidentQuerySet, user: User) -> IncidentQuerySet:
    """Annotate each case with `read_at`: when the user last read it for its present centre, or None."""
    own_readings = Reading.objects.filter(incident=OuterRef("pk"), user=user, csirt=OuterRef("csirt"))
    return cases.annotate(read_at=Subquery(own_readings.values("last_at")[:1]))


def compute_page_stamp(page: QueuePage, rows: Mapping[int, Any], now: datetime) -> str:
    """Return a stamp that changes when the displayed page would change.

    `rows` are the shown cases by primary key, annotated by `annotate_line_state`.
    """
    states = {row.reference: (row.newest_event, row.read_at, row.is_read, is_late(row, now)) for row in rows.values()}
    waves = [
        (
            wave.key,
            wave.lacking,
            [(states.get(case.reference), *list_displayed_values(case, now)) for case in wave.cases],
        )
        for wave in page.waves
    ]
    period = int(now.timestamp()) // RELOAD_SECONDS
    content = waves, sorted(page.members), bool(page.next), period
    return hashlib.sha256(repr(content).encode()).hexdigest()[:24]


def list_displayed_values(case: QueueCase, now: datetime) -> tuple[Any, ...]:
    """Return the values of the case that decide what the line of its wave displays."""
    columns = case.reference, case.status, case.severity, case.verification, case.is_to_call_back
    return *columns, case.group, case.group_title, case.is_late(now), case.is_answer_late(now)

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
from incidents.triage.queue.order import OpenCase, is_late
from incidents.triage.queue.pages import QueuePage

# The stamp also changes after this time, because ages are displayed and grow even if nothing happens.
RELOAD_SECONDS = 300


def annotate_line_state(cases: IncidentQuerySet, user: User) -> IncidentQuerySet:
    """Annotate what the stamp and the lines need: `read_at`, when the user last read the case; `is_read`, whether
    anybody of its centre has read it; `newest_event`, since each change is an event; `offered_to`, the centre to which
    the case is offered.
    """
    events = IncidentEvent.objects.filter(incident=OuterRef("pk")).order_by("-id")
    offers = Transfer.objects.filter(incident=OuterRef("pk"), state=TransferState.ASKED)
    return annotate_own_reading(cases, user).annotate(
        is_read=Exists(Reading.objects.filter(incident=OuterRef("pk"), csirt=OuterRef("csirt"))),
        newest_event=Subquery(events.values("pk")[:1]),
        offered_to=Subquery(offers.values("taker__name")[:1]),
    )


def annotate_own_reading(cases: IncidentQuerySet, user: User) -> IncidentQuerySet:
    """Annotate `read_at`, when the user last read the case for the centre that has it; None if they never did."""
    own_readings = Reading.objects.filter(incident=OuterRef("pk"), user=user, csirt=OuterRef("csirt"))
    return cases.annotate(read_at=Subquery(own_readings.values("last_at")[:1]))


def compute_page_stamp(page: QueuePage, rows: Mapping[int, Any], now: datetime) -> str:
    """Return a stamp that changes when the page would change. `rows` are the cases by key (`annotate_line_state`)."""
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


def list_displayed_values(case: OpenCase, now: datetime) -> tuple[Any, ...]:
    """Return what the line of a wave shows or counts of each of its cases."""
    columns = case.reference, case.status, case.severity, case.verification, case.is_to_call_back
    return *columns, case.group, case.group_title, case.is_late(now), case.is_answer_late(now)

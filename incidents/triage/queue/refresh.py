"""Whether the queue before somebody’s eyes has changed: asked every twenty seconds, so it must be cheap."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from accounts.models import User
from incidents.enums import Status, TransferState
from incidents.models import Incident, IncidentEvent, Reading, Transfer
from incidents.querysets import IncidentQuerySet
from incidents.triage.queue.order import OpenCase
from incidents.triage.queue.pages import Page

# Ages are said in minutes, then in hours: a page that nothing happens to is read again now and then.
READ_AGAIN_SECONDS = 300


def with_signs(cases: IncidentQuerySet, user: User) -> IncidentQuerySet:
    """With `read_at`, my last reading, `is_read` by anybody, `newest_event` (each change is one) and the centre it is
    offered to.
    """
    readings = Reading.objects.filter(incident=OuterRef("pk"))
    events = IncidentEvent.objects.filter(incident=OuterRef("pk")).order_by("-id")
    offers = Transfer.objects.filter(incident=OuterRef("pk"), state=TransferState.ASKED)
    return cases.annotate(
        read_at=Subquery(readings.filter(user=user).values("last_at")[:1]),
        is_read=Exists(readings),
        newest_event=Subquery(events.values("pk")[:1]),
        offered_to=Subquery(offers.values("taker__name")[:1]),
    )


def mark_of(page: Page, rows: Mapping[int, Any], now: datetime) -> str:
    """The same as long as the page would show the same. `rows` come `with_signs`, by key."""
    signs = {row.reference: (row.newest_event, row.read_at, row.is_read, is_late(row, now)) for row in rows.values()}
    waves = [
        (wave.key, wave.lacking, [(signs.get(case.reference), *signs_of(case, now)) for case in wave.cases])
        for wave in page.waves
    ]
    turn = int(now.timestamp()) // READ_AGAIN_SECONDS
    said = waves, sorted(page.members), bool(page.next), turn
    return hashlib.sha256(repr(said).encode()).hexdigest()[:24]


def signs_of(case: OpenCase, now: datetime) -> tuple[Any, ...]:
    """What the line of a wave says of a case that is not its worst."""
    standing = case.reference, case.status, case.severity, case.verification, case.is_to_call_back
    return *standing, case.group, case.group_title, case.is_late(now), case.is_answer_late(now)


def is_late(incident: Incident, now: datetime) -> bool:
    return incident.status != Status.CLOSED and incident.due_at < now

"""Whether the queue before somebody’s eyes has changed: asked every twenty seconds, so it must be cheap."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Subquery

from accounts.models import User
from incidents.enums import Status, TransferState
from incidents.models import Incident, IncidentEvent, Reading, Transfer
from incidents.querysets import IncidentQuerySet

# Ages are said in minutes, then in hours: a page that nothing happens to is read again now and then.
READ_AGAIN_SECONDS = 300


def with_signs(cases: IncidentQuerySet, user: User) -> IncidentQuerySet:
    """With `read_at`, my last reading, `newest_event` (each change is one) and the centre it is offered to."""
    readings = Reading.objects.filter(incident=OuterRef("pk"), user=user)
    events = IncidentEvent.objects.filter(incident=OuterRef("pk")).order_by("-id")
    offers = Transfer.objects.filter(incident=OuterRef("pk"), state=TransferState.ASKED)
    return cases.annotate(
        read_at=Subquery(readings.values("last_at")[:1]),
        newest_event=Subquery(events.values("pk")[:1]),
        offered_to=Subquery(offers.values("taker__name")[:1]),
    )


def mark_of(rows: Iterable[Incident], now: datetime) -> str:
    """The same as long as the page would show the same. `rows` come `with_signs`, in the order of the page."""
    said = [(row.reference, row.newest_event, row.read_at, is_late(row, now)) for row in rows]  # type: ignore[attr-defined]  # annotated
    turn = int(now.timestamp()) // READ_AGAIN_SECONDS
    return hashlib.sha256(repr((said, turn)).encode()).hexdigest()[:24]


def is_late(incident: Incident, now: datetime) -> bool:
    return incident.status != Status.CLOSED and incident.due_at < now

"""The targets of the house on a case, kept or missed: taken in how long, answered in how long, what comes next."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from incidents.enums import EventKind, Status
from incidents.models import Incident, IncidentEvent
from incidents.severity import ACKNOWLEDGE_WITHIN


class Delay(NamedTuple):
    """One target. `took` is None while it is awaited, `target` where none was set, `late` where it is kept so far."""

    at: datetime | None
    took: timedelta | None
    target: timedelta | None
    by: datetime | None
    late: timedelta | None


def first_taken_at(incident: Incident, events: Sequence[IncidentEvent], *, has_earlier: bool) -> datetime | None:
    """Return when somebody first took it: whoever accepts a transfer takes it anew.

    `events` are the newest ones, newest first. No query unless there are earlier ones.
    """
    if has_earlier:
        taken = incident.events.filter(kind=EventKind.ACKNOWLEDGED).order_by("id")
        return taken.values_list("at", flat=True).first()
    return next((event.at for event in reversed(events) if event.kind == EventKind.ACKNOWLEDGED), None)


def delays_block(incident: Incident, now: datetime, taken_at: datetime | None = None) -> dict[str, Delay | None]:
    """No query: the columns of the case say it, and when it was first taken."""
    return {
        "taking": taking(incident, taken_at, now),
        "first_answer": first_answer(incident),
        "answer": answer_delay(incident, now),
    }


def taking(incident: Incident, first_at: datetime | None, now: datetime) -> Delay | None:
    """None for a case that was closed without being taken. The target of one that was put back counts from then."""
    by = incident.acknowledge_by
    at = None if incident.status == Status.DECLARED else first_at or incident.acknowledged_at
    if at is None and incident.status == Status.CLOSED:
        return None
    was_put_back = first_at is not None and by - ACKNOWLEDGE_WITHIN[incident.severity] > first_at
    took = at - incident.received_at if at else None
    target = None if was_put_back else by - incident.received_at
    return Delay(at, took, target, by, overdue_by(at or now, by))


def first_answer(incident: Incident) -> Delay | None:
    if incident.answered_at is None:
        return None
    return Delay(incident.answered_at, incident.answered_at - incident.received_at, None, None, None)


def answer_delay(incident: Incident, now: datetime) -> Delay | None:
    """The answer that the declarant waits for now, the first or another."""
    by = incident.answer_by
    if by is None or incident.status == Status.CLOSED:
        return None
    return Delay(None, None, None, by, overdue_by(now, by))


def overdue_by(at: datetime, by: datetime) -> timedelta | None:
    return at - by if at > by else None

"""The delays of a case: until it was taken, until its first answer, and until the answer that is now due."""

from datetime import datetime, timedelta
from typing import NamedTuple

from incidents.enums import Status
from incidents.models import Incident
from incidents.severity import ACKNOWLEDGE_WITHIN


class Delay(NamedTuple):
    """The delay of one act, such as taking the case.

    `at` is when the act was done, and `took` is how long it took. Both are None until the act is done. `target` is the
    time allowed, and `due_at` is the deadline. Both may be None. `late` is the time past the deadline, or None if the
    act is in time.
    """

    at: datetime | None
    took: timedelta | None
    target: timedelta | None
    due_at: datetime | None
    late: timedelta | None


def build_delays_block(incident: Incident, now: datetime) -> dict[str, Delay | None]:
    """Return the delays that the page of the case shows. Runs no query."""
    return {
        "taking": compute_taking_delay(incident, now),
        "first_answer": compute_first_answer_delay(incident),
        "answer": compute_answer_delay(incident, now),
    }


def compute_taking_delay(incident: Incident, now: datetime) -> Delay | None:
    """Return the delay until the case was first taken, or None if it was closed without being taken.

    If the case was put back into the queue, its deadline counts from then, so `target` is None.
    """
    due_at, first_at = incident.acknowledge_by, incident.first_acknowledged_at
    at = None if incident.status == Status.DECLARED else first_at
    if at is None and incident.status == Status.CLOSED:
        return None
    was_unassigned = first_at is not None and due_at - ACKNOWLEDGE_WITHIN[incident.severity] > first_at
    took = at - incident.received_at if at else None
    target = None if was_unassigned else due_at - incident.received_at
    return Delay(at, took, target, due_at, compute_lateness(at or now, due_at))


def compute_first_answer_delay(incident: Incident) -> Delay | None:
    """Return the delay until the declarant was first answered, or None if there was no answer yet."""
    if incident.answered_at is None:
        return None
    return Delay(incident.answered_at, incident.answered_at - incident.received_at, None, None, None)


def compute_answer_delay(incident: Incident, now: datetime) -> Delay | None:
    """Return the delay of the answer for which the declarant waits now, or None if no answer is due.

    This answer need not be the first.
    """
    due_at = incident.answer_by
    if due_at is None or incident.status == Status.CLOSED:
        return None
    return Delay(None, None, None, due_at, compute_lateness(now, due_at))


def compute_lateness(at: datetime, due_at: datetime) -> timedelta | None:
    """Return the time from the deadline to `at`, or None if `at` is not later."""
    return at - due_at if at > due_at else None

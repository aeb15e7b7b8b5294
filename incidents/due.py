"""The next act on a case and its deadline, which order the queue. The deadlines are the project's own targets, not
legal ones.

A case that nobody has taken, or that was put back into the queue, is to be taken. It must be taken earlier if the
declarant waits for an answer, or if nobody has worked for a while on a case that was put back. A case that somebody
has taken is to be answered if the declarant waits. It is to be reviewed once nobody at the centre has worked on it for
a while. In both situations, a task with a date is due on that date. The earliest of these deadlines counts. A closed
case has nothing due.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from incidents.enums import DueFor, Severity, Status
from incidents.severity import ACKNOWLEDGE_WITHIN

if TYPE_CHECKING:
    from incidents.models import Incident

# The most time between a text of the declarant and the message or call of the centre that answers it.
ANSWER_WITHIN: dict[int, timedelta] = {
    Severity.CRITICAL: timedelta(hours=4),
    Severity.HIGH: timedelta(hours=8),
    Severity.MODERATE: timedelta(hours=48),
    Severity.LOW: timedelta(hours=120),
}
# A case on which nobody has worked for this long is due for a review, so that it is not forgotten.
REVIEW_WITHIN: dict[int, timedelta] = {
    Severity.CRITICAL: timedelta(days=1),
    Severity.HIGH: timedelta(days=2),
    Severity.MODERATE: timedelta(days=7),
    Severity.LOW: timedelta(days=14),
}


def compute_first_deadlines(severity: int, received_at: datetime) -> dict[str, datetime]:
    """Return a dict from model fields to the deadlines of a new case. They are when somebody must take the case, when
    somebody must answer, and the earlier of the two.
    """
    acknowledge_by = received_at + ACKNOWLEDGE_WITHIN[severity]
    answer_by = received_at + ANSWER_WITHIN[severity]
    return {"acknowledge_by": acknowledge_by, "answer_by": answer_by, "due_at": acknowledge_by}


def compute_next_due(incident: "Incident", *, task_due: datetime | None) -> tuple[datetime, DueFor]:
    """Return the next deadline of the case, and what is then due. `task_due` is the earliest date among the open
    tasks, or None. All instants are aware.
    """
    if incident.status == Status.CLOSED:
        return incident.closed_at or incident.received_at, DueFor.NOTHING
    return min(list_deadlines(incident, task_due), key=lambda candidate: candidate[0])


def list_deadlines(incident: "Incident", task_due: datetime | None) -> Iterator[tuple[datetime, DueFor]]:
    """Yield the deadlines of an open case, each with what is then due."""
    if task_due:
        yield task_due, DueFor.TASK
    if incident.status == Status.DECLARED:
        yield compute_taking_due(incident), DueFor.ACKNOWLEDGE
        return
    if incident.answer_by:
        yield incident.answer_by, DueFor.ANSWER
    worked_at = incident.worked_at or incident.acknowledged_at or incident.received_at
    yield compute_review_due(incident, worked_at), DueFor.REVIEW


def compute_taking_due(incident: "Incident") -> datetime:
    """Return when somebody must take a case that nobody has. This is the earliest of three deadlines: for taking it,
    for the answer that the declarant waits for, and for the review of a case that was put back.
    """
    review_by = compute_review_due(incident, incident.worked_at) if incident.worked_at else None
    return min(filter(None, [incident.acknowledge_by, incident.answer_by, review_by]))


def compute_review_due(incident: "Incident", worked_at: datetime) -> datetime:
    """Return when a case must be reviewed if nobody works on it after `worked_at`."""
    return worked_at + REVIEW_WITHIN[incident.severity]

"""What comes next on a case, and by when: the order of the queue. Targets of the house's own, no legal delay.

Nobody has taken it, or it was put back: it is to be taken, and sooner where its declarant has waited longer for an
answer, or nobody has worked for a while on what was put back. Taken: the soonest of the answer that the declarant
waits for, the tasks that have a date, and a look at a case on which nobody of the centre has worked for a while.
Closed: nothing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from incidents.enums import DueFor, Severity, Status
from incidents.severity import ACKNOWLEDGE_WITHIN

if TYPE_CHECKING:
    from incidents.models import Incident

# From what the declarant wrote to words or a call of the centre.
ANSWER_WITHIN: dict[int, timedelta] = {
    Severity.CRITICAL: timedelta(hours=4),
    Severity.HIGH: timedelta(hours=8),
    Severity.MODERATE: timedelta(hours=48),
    Severity.LOW: timedelta(hours=120),
}
# Nothing is forgotten: a case that sleeps comes back.
REVIEW_WITHIN: dict[int, timedelta] = {
    Severity.CRITICAL: timedelta(days=1),
    Severity.HIGH: timedelta(days=2),
    Severity.MODERATE: timedelta(days=7),
    Severity.LOW: timedelta(days=14),
}


def first_deadlines(severity: int, received_at: datetime) -> dict[str, datetime]:
    """Return by when a new case is to be taken and answered, and what of these comes first, by their fields."""
    acknowledge_by = received_at + ACKNOWLEDGE_WITHIN[severity]
    answer_by = received_at + ANSWER_WITHIN[severity]
    return {"acknowledge_by": acknowledge_by, "answer_by": answer_by, "due_at": acknowledge_by}


def next_due(incident: "Incident", *, task_due: datetime | None) -> tuple[datetime, DueFor]:
    """`task_due`: the soonest date among its open tasks. All instants are aware."""
    if incident.status == Status.CLOSED:
        return incident.closed_at or incident.received_at, DueFor.NOTHING
    if incident.status == Status.DECLARED:
        review_by = review_due(incident, incident.worked_at) if incident.worked_at else None
        return min(filter(None, [incident.acknowledge_by, incident.answer_by, review_by])), DueFor.ACKNOWLEDGE
    return min(candidates(incident, task_due), key=lambda candidate: candidate[0])


def candidates(incident: "Incident", task_due: datetime | None) -> Iterator[tuple[datetime, DueFor]]:
    if incident.answer_by:
        yield incident.answer_by, DueFor.ANSWER
    if task_due:
        yield task_due, DueFor.TASK
    worked_at = incident.worked_at or incident.acknowledged_at or incident.received_at
    yield review_due(incident, worked_at), DueFor.REVIEW


def review_due(incident: "Incident", worked_at: datetime) -> datetime:
    return worked_at + REVIEW_WITHIN[incident.severity]

"""Updates of what comes next on a case (`incidents/due.py`), after each change of the case.

These functions do not save. Their callers have locked the case and save it.
"""

from datetime import datetime

from django.db.models import Max, Min, Q

from incidents.due import ANSWER_WITHIN, compute_next_due
from incidents.enums import EventKind, Status
from incidents.models import Incident

DUE_FIELDS = ("due_at", "due_for", "worked_at")
ANSWER_FIELDS = ("answer_by", "answered_at", "awaited_since", *DUE_FIELDS)
NEWS_FIELDS = ("declarant_wrote_at", "answer_by", "awaited_since", *DUE_FIELDS)
# The side that wrote a message, as stored in the data of its event.
DECLARANT, CSIRT = "declarant", "csirt"
ANSWERS = Q(kind=EventKind.MESSAGE, data__side=CSIRT) | Q(kind=EventKind.NOTED, data__spoke=True)
ADDITIONS = Q(kind__in=[EventKind.FACTS, EventKind.FILE]) | Q(kind=EventKind.MESSAGE, data__side=DECLARANT)


def recompute_due(incident: Incident, *, worked_at: datetime | None = None) -> None:
    """Recompute what comes next on the case: `due_at` and `due_for`. Does not save.

    `worked_at` is the instant at which the centre worked on the case, if it did.
    """
    incident.worked_at = worked_at or incident.worked_at
    task_due = None
    if incident.status != Status.CLOSED:
        task_due = incident.tasks.filter(done_at=None).aggregate(soonest=Min("due_at"))["soonest"]
    incident.due_at, incident.due_for = compute_next_due(incident, task_due=task_due)


def record_answer(
    incident: Incident, *, at: datetime, asks_answer: bool = False, lifts_question: bool = False
) -> None:
    """Record that the centre wrote to the declarant or spoke with them. Does not save.

    With `lifts_question`, the declarant need not answer the centre's earlier questions any more. With `asks_answer`,
    the case waits for the declarant. The wait is counted from the oldest question that is still open.
    """
    incident.answer_by = None
    incident.answered_at = incident.answered_at or at
    if lifts_question:
        incident.awaited_since = None
    if asks_answer:
        incident.awaited_since = incident.awaited_since or at
    recompute_due(incident, worked_at=at)


def advance_answer_due(incident: Incident) -> None:
    """Bring `answer_by` forward to the target of the current severity. Never postpone it. Does not save."""
    if incident.answer_by:
        since = incident.declarant_wrote_at or incident.received_at
        incident.answer_by = min(incident.answer_by, since + ANSWER_WITHIN[incident.severity])


def record_news(incident: Incident, *, at: datetime) -> None:
    """Record that the declarant's side added something at the instant `at`. Does not save.

    If an earlier addition is still unanswered, its `answer_by` is kept. A closed case gets none.
    """
    incident.declarant_wrote_at = at
    incident.awaited_since = None
    if incident.status != Status.CLOSED and incident.answer_by is None:
        incident.answer_by = at + ANSWER_WITHIN[incident.severity]
    recompute_due(incident)


def find_last_answer_time(incident: Incident) -> datetime | None:
    """Return when the centre last wrote to the declarant or spoke with them, or None."""
    newest = incident.events.filter(ANSWERS).aggregate(newest=Max("at"))["newest"]
    return newest or incident.answered_at


def find_waiting_start(incident: Incident, *settled_at: datetime | None) -> datetime | None:
    """Return the instant since which the declarant waits for an answer, or None if nothing is left to answer.

    The wait starts at the oldest addition after the last answer, read from the events. Without any answer, it starts
    at the declaration. `settled_at` are other instants at which nothing was left to answer.
    """
    settled = max(filter(None, [find_last_answer_time(incident), *settled_at]), default=None)
    if settled is None:
        return incident.received_at
    added: datetime | None = incident.events.filter(ADDITIONS, at__gt=settled).aggregate(oldest=Min("at"))["oldest"]
    return added

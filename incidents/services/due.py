"""Keeping what comes next on a case (`incidents/due.py`) after each change. The callers hold the case and save it."""

from datetime import datetime

from django.db.models import Min

from incidents.due import ANSWER_WITHIN, next_due
from incidents.enums import Status
from incidents.models import Incident

DUE_FIELDS = ("due_at", "due_for", "worked_at")
ANSWER_FIELDS = ("answer_by", "answered_at", "awaited_since", *DUE_FIELDS)
NEWS_FIELDS = ("declarant_wrote_at", "answer_by", "awaited_since", *DUE_FIELDS)


def settle_due(incident: Incident, *, worked_at: datetime | None = None) -> None:
    """Find anew what is due next. `worked_at`: when somebody of the centre worked on it, where this is such an act."""
    incident.worked_at = worked_at or incident.worked_at
    task_due = None
    if incident.status == Status.ACKNOWLEDGED:
        task_due = incident.tasks.filter(done_at=None).aggregate(soonest=Min("due_at"))["soonest"]
    incident.due_at, incident.due_for = next_due(incident, task_due=task_due)


def note_answer(incident: Incident, *, at: datetime, asks_answer: bool = False) -> None:
    """The centre wrote to the declarant, or spoke with them. With `asks_answer` the case waits for them."""
    incident.answer_by = None
    incident.answered_at = incident.answered_at or at
    incident.awaited_since = at if asks_answer else None
    settle_due(incident, worked_at=at)


def answer_sooner(incident: Incident) -> None:
    """Once the severity has risen: whoever waits gets an answer within the new target, never later than said."""
    if incident.answer_by:
        since = incident.declarant_wrote_at or incident.received_at
        incident.answer_by = min(incident.answer_by, since + ANSWER_WITHIN[incident.severity])


def note_news(incident: Incident, *, at: datetime) -> None:
    """The declarant's side added something: somebody is to answer, counted from the oldest unanswered addition."""
    incident.declarant_wrote_at = at
    incident.awaited_since = None
    if incident.status != Status.CLOSED and incident.answer_by is None:
        incident.answer_by = at + ANSWER_WITHIN[incident.severity]
    settle_due(incident)

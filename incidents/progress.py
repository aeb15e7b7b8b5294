"""The progress of a case, as its declarant sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef

from incidents.enums import OPEN, ClosingReason, Door, Status
from incidents.models import CaseAccess, Incident, Message
from incidents.queries import Reader, list_readers
from incidents.querysets import IncidentQuerySet


class ProgressStep(StrEnum):
    """The step that a case has reached, as its declarant sees it."""

    RECEIVED = "received"
    READ = "read"
    TAKEN = "taken"
    AWAITED = "awaited"
    CLOSED = "closed"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class CaseProgress:
    """The progress of a case: its step, and the values with which the page explains the step."""

    step: ProgressStep
    # The messages of the CSIRT that wait for an answer, oldest first.
    questions: Sequence[Message]
    # The people of the CSIRT who saw texts of the case, in the order of their first access.
    readers: Sequence[Reader]
    # The case whose end the page displays, which for a duplicate is its closed main case.
    ended: Incident
    # The service to which that case was handed over, or "".
    handed_to: str = ""

    @property
    def question(self) -> Message | None:
        """Return the oldest message that waits for an answer."""
        return self.questions[0] if self.questions else None

    @property
    def first_reader(self) -> Reader | None:
        """Return the person who opened the case first, or None. A person to whom a search displayed only excerpts has
        not opened the case.
        """
        return find_first_opener(self.readers)


def build_case_progress(incident: Incident, *, thread: Sequence[Message], has_holder: bool) -> CaseProgress:
    """Return the progress of the case. `has_holder` tells whether the person in charge of the case works for its
    centre.
    """
    readers = list_readers(incident)
    questions = list_open_questions(incident, thread)
    is_read = find_first_opener(readers) is not None
    step = find_step(incident, is_asked=bool(questions), is_read=is_read, has_holder=has_holder)
    ended = find_ended_case(incident)
    return CaseProgress(
        step=step, questions=questions, readers=readers, ended=ended, handed_to=find_receiving_service(ended)
    )


def find_first_opener(readers: Sequence[Reader]) -> Reader | None:
    """Return the reader who opened the case first, or None if no reader opened it."""
    opened = [(reader.opened_at, reader) for reader in readers if reader.opened_at]
    return min(opened, key=lambda pair: pair[0])[1] if opened else None


def annotate_step_values(incidents: IncidentQuerySet) -> IncidentQuerySet:
    """Annotate each case of a list with the values that `find_listed_step` needs and that no column of the case
    contains.
    """
    opened = CaseAccess.objects.filter(incident=OuterRef("pk")).exclude(door=Door.SEARCH)
    return incidents.annotate_has_holder().select_related("merged_into").annotate(was_opened=Exists(opened))


def find_listed_step(incident: Any) -> ProgressStep:
    """Return the step that a list shows for a case. The page of the case shows the same step.

    The case must come from `annotate_step_values`.
    """
    if incident.status in OPEN and incident.awaited_since:
        return ProgressStep.AWAITED
    return find_step(incident, is_asked=False, is_read=incident.was_opened, has_holder=incident.has_holder)


def find_ended_case(incident: Incident) -> Incident:
    """Return the case whose end the page displays. This is the main case if `incident` is a duplicate and its main
    case is closed. Otherwise it is `incident` itself.
    """
    main = incident.merged_into
    return main if main and main.status == Status.CLOSED else incident


def find_receiving_service(incident: Incident) -> str:
    """Return the service to which the closed case was handed over, or "". Runs one query, or none if the case was not
    handed over.
    """
    if incident.closing_reason != ClosingReason.HANDED_OVER:
        return ""
    return incident.closings.order_by("-id").values_list("handed_to", flat=True).first() or ""


def find_step(incident: Incident, *, is_asked: bool, is_read: bool, has_holder: bool) -> ProgressStep:
    """Return the step of the case. A duplicate has the step of its main case."""
    if incident.merged_into:
        return ProgressStep.CLOSED if incident.merged_into.status == Status.CLOSED else ProgressStep.MERGED
    if incident.status == Status.CLOSED:
        return ProgressStep.WITHDRAWN if incident.closing_reason == ClosingReason.WITHDRAWN else ProgressStep.CLOSED
    if is_asked:
        return ProgressStep.AWAITED
    if incident.status == Status.ACKNOWLEDGED and has_holder:
        return ProgressStep.TAKEN
    return ProgressStep.READ if is_read else ProgressStep.RECEIVED


def list_open_questions(incident: Incident, thread: Sequence[Message]) -> list[Message]:
    """Return the messages of the CSIRT that still wait for an answer. The wait ends when the declarant writes or
    calls, or when the centre lifts its question (`awaited_since`).
    """
    since = incident.awaited_since
    if since is None or incident.status not in OPEN:
        return []
    return [message for message in thread if message.asks_answer and message.written_at >= since]

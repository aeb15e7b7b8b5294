"""Where a case stands, in the words of the person who declared it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from incidents.enums import OPEN, ClosingReason, Status
from incidents.models import Incident, Message, Reading


class Step(StrEnum):
    RECEIVED = "received"
    READ = "read"
    TAKEN = "taken"
    AWAITED = "awaited"
    CLOSED = "closed"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Standing:
    step: Step
    # The message of the CSIRT that waits for an answer.
    question: Message | None
    # Who of the CSIRT has read it, the first one first.
    readings: Sequence[Reading]
    # Whose end is told: a double ends with the case that stands for it.
    ended: Incident


def standing_of(incident: Incident, *, thread: Sequence[Message]) -> Standing:
    readings = list(incident.readings.select_related("user").order_by("first_at", "id"))
    question = question_of(incident, thread)
    step = step_of(incident, question, readings)
    return Standing(step=step, question=question, readings=readings, ended=ended_with(incident))


def ended_with(incident: Incident) -> Incident:
    main = incident.merged_into
    return main if main and main.status == Status.CLOSED else incident


def step_of(incident: Incident, question: Message | None, readings: Sequence[Reading]) -> Step:
    if incident.merged_into:
        return Step.CLOSED if incident.merged_into.status == Status.CLOSED else Step.MERGED
    if incident.status == Status.CLOSED:
        return Step.WITHDRAWN if incident.closing_reason == ClosingReason.WITHDRAWN else Step.CLOSED
    if question:
        return Step.AWAITED
    if incident.status == Status.ACKNOWLEDGED:
        return Step.TAKEN
    return Step.READ if readings else Step.RECEIVED


def question_of(incident: Incident, thread: Sequence[Message]) -> Message | None:
    """The last word of the CSIRT, if it asks something that the declarant has not answered since, by a call either."""
    last = next((message for message in reversed(thread) if message.is_from_csirt), None)
    if last is None or not last.asks_answer or incident.status not in OPEN or incident.awaited_since is None:
        return None
    wrote_at = incident.declarant_wrote_at
    return last if wrote_at is None or wrote_at < last.written_at else None

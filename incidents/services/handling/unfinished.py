"""What is left to do on a case before it can be closed as resolved."""

import hashlib
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q

from core.french import choose_plural
from incidents.enums import ClosingReason, EventKind, Nature, NoteKind, Verification
from incidents.models import DataLeak, Incident, ServiceInterruption, Task
from incidents.services.handling.amend import CONCLUDED_STATUSES
from incidents.services.history.snapshots import find_leak_row

UNTOUCHED_QUESTION = (
    "Personne du centre n’a vérifié, qualifié, appelé ni répondu. Dites pourquoi ce dossier est résolu."
)
UNANSWERED_QUESTION = (
    "Le déclarant attend une réponse à ce qu’il a écrit. Répondez, ou dites pourquoi ce dossier est résolu."
)


class NotFinished(ValidationError):
    """The case cannot be closed yet, for the chosen reason.

    For « résolu »: an interruption has no end, a leak has no conclusion, a task is open, or no reason is written
    although the declarant awaits an answer or nobody handled the case. For « confié à un autre service »: the service
    is not named.
    """


@dataclass(frozen=True)
class UnfinishedWork:
    """The work that is left on a case: interruptions without end, a leak without conclusion, open tasks."""

    interruptions: tuple[ServiceInterruption, ...]
    leak: DataLeak | None
    tasks: tuple[Task, ...]

    def __bool__(self) -> bool:
        return bool(self.interruptions or self.leak or self.tasks)

    @property
    def sentences(self) -> list[str]:
        """Return short descriptions of this work for an error message, in French and without free text."""
        parts = []
        if self.interruptions:
            names = ", ".join(str(interruption.get_service_display()) for interruption in self.interruptions)
            parts.append(f"sans heure de reprise : {names}")
        if self.leak:
            data_text = f"fuite {self.leak.get_status_display()}" if self.leak.status else "données touchées"
            parts.append(f"{data_text}, sans conclusion")
        if number := len(self.tasks):
            parts.append(choose_plural("%d tâche ouverte", "%d tâches ouvertes", number) % number)
        return parts


def find_unfinished_work(incident: Incident) -> UnfinishedWork:
    """Return the work that is left before the case can be closed as resolved. The result may be empty."""
    leak = find_leak_row(incident)
    return UnfinishedWork(
        interruptions=tuple(incident.interruptions.filter(ended_at=None).order_by("started_at", "id")),
        leak=leak if leak and leak.status not in CONCLUDED_STATUSES else None,
        tasks=tuple(incident.tasks.filter(done_at=None).order_by("due_at", "id")),
    )


def stamp_closing_page(incident: Incident, pending: UnfinishedWork) -> str:
    """Return a stamp of the facts that the closing page shows.

    The stamp also changes if the declarant adds something.
    """
    facts = (
        sorted(interruption.service for interruption in pending.interruptions),
        pending.leak.status if pending.leak else None,
        sorted(str(task.uid) for task in pending.tasks),
        incident.declarant_wrote_at,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def is_untouched(incident: Incident) -> bool:
    """Tell whether nobody at the centre has verified or qualified the case, answered the declarant or noted a call."""
    was_called = incident.verification == Verification.CALL_BACK
    if was_called or incident.nature != Nature.UNQUALIFIED or incident.answered_at:
        return False
    calls = Q(kind=EventKind.NOTED, data__nature__in=[NoteKind.CALL_IN, NoteKind.CALL_OUT])
    return not incident.events.filter(calls).exists()


def is_message_unanswered(incident: Incident) -> bool:
    """Tell whether an answer is due, other than the first answer to the declaration of the case.

    If the case was already answered, the declarant of a newly merged duplicate may still wait for an answer.
    """
    has_added = incident.declarant_wrote_at is not None or incident.answered_at is not None
    return incident.answer_by is not None and has_added


def find_closing_question(incident: Incident) -> str:
    """Return the sentence that asks why an unhandled or unanswered case is resolved, or "" if nothing is asked.

    Nothing is asked about an erased case, which takes no text.
    """
    if incident.erased_at:
        return ""
    if is_untouched(incident):
        return UNTOUCHED_QUESTION
    return UNANSWERED_QUESTION if is_message_unanswered(incident) else ""


def check_can_be_resolved(incident: Incident, reason: str, why: str = "") -> None:
    """Raise NotFinished if the case cannot be closed as resolved. Nothing is checked for another `reason`.

    Unfinished work prevents the closing. If nobody handled or answered the case, `why` must not be empty.
    """
    if reason != ClosingReason.RESOLVED:
        return
    if pending := find_unfinished_work(incident):
        waits = ["le déclarant attend une réponse"] if is_message_unanswered(incident) else []
        lacking = "\N{NO-BREAK SPACE}; ".join([*pending.sentences, *waits])
        raise NotFinished(f"Ce dossier ne peut pas encore être « résolu » : {lacking}.")
    if not why and (question := find_closing_question(incident)):
        raise NotFinished(question)

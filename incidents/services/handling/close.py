"""Closing of a case: the facts that must be known first, the outcome, and the lesson that other centres may read."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from collectivities.zones import find_zone
from core.french import choose_plural
from core.stale import Stale
from core.text import clean_line, clean_text
from incidents.access import get_incident
from incidents.anonymous import IdentifyingValues, list_identifying_words
from incidents.catalogues.message_templates import find_blanks_problem
from incidents.enums import Ability, Cause, ClosingReason, EventKind, Nature, NoteKind, Outcome, Status, Verification
from incidents.models import Closing, DataLeak, Incident, Note, ServiceInterruption, Task
from incidents.models.work import CLOSING_KEY
from incidents.moments import is_before
from incidents.services.declarant.correct import replace_interruptions
from incidents.services.declaring.check import Problem, list_moment_problems, order_ends, raise_problems
from incidents.services.handling.amend import CONCLUDED_STATUSES, amend_section, save_leak_judgement
from incidents.services.handling.due import DUE_FIELDS, settle_due
from incidents.services.handling.severity import SEVERITY_FIELDS, raise_severity
from incidents.services.history.record import record_event
from incidents.services.history.snapshots import find_leak_row, list_interruptions, snapshot_services
from incidents.services.history.transfers import withdraw_any_proposal
from incidents.sharing import may_share_lesson
from incidents.workflow import check_transition

TEXT_LIMIT = 10_000
LESSON_LIMIT = 3_000
REASON_LIMIT = 1_000
TEXTS = ("handed_to", "summary", "lesson", "why")
SERVICE_LIMIT = 120
SERVICE_QUESTION = "Dites à quel service ce dossier est confié : le déclarant le lira."
UNTOUCHED_QUESTION = (
    "Personne du centre n’a vérifié, qualifié, appelé ni répondu. Dites pourquoi ce dossier est résolu."
)
UNANSWERED_QUESTION = (
    "Le déclarant attend une réponse à ce qu’il a écrit. Répondez, ou dites pourquoi ce dossier est résolu."
)
# The conclusion that nobody will know more of a leak. The leak keeps its status (suspected or claimed), with which the
# figures count it.
NEVER_KNOWN = "unknown"


class NotFinished(ValidationError):
    """The case cannot be closed as « résolu », because a service has no end, a leak has no conclusion, a task is open,
    an answer is due, or nobody handled the case.
    """


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The report with which a responder closes a case.

    `ended` gives, by service, the instant at which the service resumed. `moot` holds the uids of the tasks that no
    longer apply. `leak` is a conclusion, `NEVER_KNOWN` or "". `why` says why a case that nobody handled or answered is
    resolved. It becomes a note that no declarant reads. `handed_to` names the service that takes the case over, and
    the declarant reads it.
    """

    reason: str
    handed_to: str = ""
    outcome: str = ""
    cause: str = ""
    summary: str = ""
    lesson: str = ""
    is_shared: bool = False
    leak: str = ""
    why: str = ""
    ended: Mapping[str, datetime | None] = field(default_factory=dict)
    moot: frozenset[str] = frozenset()


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
            what = f"fuite {self.leak.get_status_display()}" if self.leak.status else "données touchées"
            parts.append(f"{what}, sans conclusion")
        if number := len(self.tasks):
            parts.append(choose_plural("%d tâche ouverte", "%d tâches ouvertes", number) % number)
        return parts


def find_unfinished(incident: Incident) -> UnfinishedWork:
    leak = find_leak_row(incident)
    return UnfinishedWork(
        interruptions=tuple(incident.interruptions.filter(ended_at=None).order_by("started_at", "id")),
        leak=leak if leak and leak.status not in CONCLUDED_STATUSES else None,
        tasks=tuple(incident.tasks.filter(done_at=None).order_by("due_at", "id")),
    )


def stamp_closing_page(incident: Incident, pending: UnfinishedWork) -> str:
    """Return a stamp of what the closing page shows. A new message of the declarant changes it too."""
    facts = (
        sorted(interruption.service for interruption in pending.interruptions),
        pending.leak.status if pending.leak else None,
        sorted(str(task.uid) for task in pending.tasks),
        incident.declarant_wrote_at,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def is_untouched(incident: Incident) -> bool:
    """Tell whether nobody of the centre has verified or qualified the case, answered the declarant or noted a call."""
    was_called = incident.verification == Verification.CALL_BACK
    if was_called or incident.nature != Nature.UNQUALIFIED or incident.answered_at:
        return False
    calls = Q(kind=EventKind.NOTED, data__nature__in=[NoteKind.CALL_IN, NoteKind.CALL_OUT])
    return not incident.events.filter(calls).exists()


def is_message_unanswered(incident: Incident) -> bool:
    """Tell whether an answer is due, other than the first answer to the declaration of the case.

    On a case that was already answered, it may be due to the declarant of a duplicate that was merged since.
    """
    has_added = incident.declarant_wrote_at is not None or incident.answered_at is not None
    return incident.answer_by is not None and has_added


def find_closing_question(incident: Incident) -> str:
    """Return the sentence that asks why the case is resolved, if nobody handled or answered it, or "".

    Nothing is asked about an erased case, which takes no text.
    """
    if incident.erased_at:
        return ""
    if is_untouched(incident):
        return UNTOUCHED_QUESTION
    return UNANSWERED_QUESTION if is_message_unanswered(incident) else ""


def check_finished(incident: Incident, reason: str, why: str = "") -> None:
    """Raise NotFinished if `reason` is « resolved » and either something remains to be done on the case, or it needs
    an explanation and `why` is empty. Any other reason is accepted.
    """
    if reason != ClosingReason.RESOLVED:
        return
    if pending := find_unfinished(incident):
        waits = ["le déclarant attend une réponse"] if is_message_unanswered(incident) else []
        lacking = "\N{NO-BREAK SPACE}; ".join([*pending.sentences, *waits])
        raise NotFinished(f"Ce dossier ne peut pas encore être « résolu » : {lacking}.")
    if not why and (question := find_closing_question(incident)):
        raise NotFinished(question)


@transaction.atomic
def close_with_report(*, reference: str, actor: User, ending: Ending, seen: str = "") -> Incident:
    """Close the case with its report. A repeated call by the same person with the same report changes nothing.

    `seen` is what `stamp_closing_page` returned for the page, or "" if there was no page. Raises Http404,
    PermissionDenied, InvalidTransition if the case is already closed, Stale if the facts of the page changed or the
    declarant wrote, ValidationError by field: `reason`, `why`, `outcome`, `cause`, `summary`, `lesson`, `is_shared`,
    `leak`, `ended_<service>`, `task_<uid>`.
    """
    incident = get_incident(actor, reference, to=Ability.CLOSE, lock=True)
    clean = clean_ending(ending)
    if incident.status == Status.CLOSED and is_same_closing(incident, clean, actor):
        return incident
    check_transition(Status(incident.status), Status.CLOSED)
    now, pending = timezone.now(), find_unfinished(incident)
    if seen and seen != stamp_closing_page(incident, pending):
        raise Stale
    report_problems = (
        *list_text_problems(incident, clean),
        *list_service_problems(incident, clean),
        *list_report_problems(clean),
        *list_untouched_problems(incident, clean),
    )
    raise_problems(
        (*report_problems, *list_unfinished_problems(clean, pending, now, find_zone(incident.collectivity)))
    )
    changes = save_closing_facts(incident, clean, pending, actor=actor, at=now)
    incident.cause = clean.cause or incident.cause
    raise_severity(incident, now)
    save_closing(incident, clean, actor=actor, at=now, changes=changes)
    return incident


def clean_ending(ending: Ending) -> Ending:
    is_handed_over = ending.reason == ClosingReason.HANDED_OVER
    return replace(
        ending,
        handed_to=clean_line(ending.handed_to, limit=SERVICE_LIMIT, field="handed_to") if is_handed_over else "",
        summary=clean_text(ending.summary, limit=TEXT_LIMIT, field="summary"),
        lesson=clean_text(ending.lesson, limit=LESSON_LIMIT, field="lesson"),
        why=clean_text(ending.why, limit=REASON_LIMIT, field="why"),
    )


def is_same_closing(incident: Incident, ending: Ending, actor: User) -> bool:
    newest = incident.closings.order_by("-id").first()
    if newest is None or newest.actor_id != actor.pk or incident.closing_reason != ending.reason:
        return False
    names = ("handed_to", "outcome", "summary", "lesson")
    return all(getattr(newest, name) == getattr(ending, name) for name in names)


def list_text_problems(incident: Incident, ending: Ending) -> Iterator[Problem]:
    """Yield the problems of the texts of the report and of the sharing of its lesson.

    An erased case takes no text, and a lesson must not identify anybody and must
    have no line left to fill in.
    """
    if incident.erased_at and (written := [name for name in TEXTS if getattr(ending, name)]):
        yield written[0], "Les mots de ce dossier ont été effacés : on n’y écrit plus."
    elif pointers := list_identifying_words(ending.lesson, collect_identifying_values(incident)):
        quoted = ", ".join(f"«\N{NO-BREAK SPACE}{word}\N{NO-BREAK SPACE}»" for word in pointers)
        yield "lesson", f"Cet enseignement désigne quelqu’un. Retirez : {quoted}."
    if blanks := find_blanks_problem(ending.lesson):
        yield "lesson", blanks
    if ending.is_shared and not ending.lesson:
        yield "is_shared", "Il n’y a rien à partager : écrivez l’enseignement, ou décochez."
    elif ending.is_shared and not may_share_lesson(incident.tlp):
        yield "is_shared", "Ce dossier est TLP:RED : rien n’en sort. Abaissez d’abord le TLP, ou décochez."


def list_service_problems(incident: Incident, ending: Ending) -> Iterator[Problem]:
    """Yield a problem if the case is handed over and no service is named. An erased case takes no text."""
    if ending.reason == ClosingReason.HANDED_OVER and not ending.handed_to and not incident.erased_at:
        yield "handed_to", SERVICE_QUESTION


def collect_identifying_values(incident: Incident) -> IdentifyingValues:
    body, story = incident.collectivity, incident.story
    return IdentifyingValues(
        body=body.name,
        contact_name=story.contact_name,
        contact_phone=story.contact_phone,
        contact_email=story.contact_email,
        siren=body.siren or "",
        insee_code=body.insee_code or "",
        reference=incident.reference,
    )


def list_report_problems(ending: Ending) -> Iterator[Problem]:
    if ending.reason not in ClosingReason.values:
        yield "reason", "Choisissez pourquoi le dossier est clos."
    is_resolved = ending.reason == ClosingReason.RESOLVED
    if (is_resolved or ending.outcome) and ending.outcome not in Outcome.values:
        yield "outcome", "Dites ce que sont devenus les systèmes et les données."
    if (is_resolved or ending.cause) and ending.cause not in Cause.values:
        yield "cause", "Dites la cause, ou « pas trouvée »."
    if ending.leak and ending.leak not in (*CONCLUDED_STATUSES, NEVER_KNOWN):
        yield "leak", "Choisissez « confirmée », « sans fondement » ou « on ne le saura pas »."


def list_untouched_problems(incident: Incident, ending: Ending) -> Iterator[Problem]:
    """Yield a problem if `find_closing_question` asks why the case is resolved and `why` is empty."""
    if ending.reason == ClosingReason.RESOLVED and not ending.why and (question := find_closing_question(incident)):
        yield "why", question


def list_unfinished_problems(ending: Ending, pending: UnfinishedWork, now: datetime, zone: str) -> Iterator[Problem]:
    """Yield the problems that prevent closing the case as « résolu », and, for any reason, impossible instants."""
    is_resolved = ending.reason == ClosingReason.RESOLVED
    for interruption in pending.interruptions:
        name, at = f"ended_{interruption.service}", ending.ended.get(interruption.service)
        yield from list_moment_problems(name, at, now)
        if at and interruption.started_at and is_before(at, interruption.started_at, zone):
            yield name, "La reprise ne peut pas précéder l’arrêt. Vérifiez les deux dates."
        if is_resolved and at is None:
            yield name, "Dites quand ce service a repris. Pas encore ? Alors le dossier n’est pas « résolu »."
    if is_resolved and pending.leak and not ending.leak:
        yield "leak", "La fuite est-elle confirmée, ou sans fondement ? Sinon : « on ne le saura pas »."
    for task in pending.tasks:
        if is_resolved and str(task.uid) not in ending.moot:
            yield f"task_{task.uid}", "Faites cette tâche, ou cochez « sans objet »."


def save_closing_facts(
    incident: Incident, ending: Ending, pending: UnfinishedWork, *, actor: User, at: datetime
) -> dict[str, Any]:
    """Save the facts of the report about services, data and tasks. Returns what changed, as codes for the event."""
    codes: dict[str, Any] = {}
    open_services = {interruption.service for interruption in pending.interruptions}
    if ended := {name: moment for name, moment in ending.ended.items() if moment and name in open_services}:
        end_interruptions(incident, ended, actor=actor, at=at)
        codes["ended"] = sorted(ended)
    if pending.leak and ending.leak == NEVER_KNOWN:
        codes["leak_never_known"] = True
    elif pending.leak and ending.leak:
        codes["leak"] = save_leak_judgement(incident, ending.leak)
    if moot := [task.pk for task in pending.tasks if str(task.uid) in ending.moot]:
        Task.objects.filter(pk__in=moot).update(done_at=at, done_by=actor, is_moot=True)
        codes["moot"] = len(moot)
    return codes


def end_interruptions(incident: Incident, ended: Mapping[str, datetime], *, actor: User, at: datetime) -> None:
    interruptions = [
        order_ends(replace(interruption, ended_at=ended[interruption.service]))
        if interruption.ended_at is None and interruption.service in ended
        else interruption
        for interruption in list_interruptions(incident)
    ]
    snapshot = snapshot_services(incident.service_stopped, interruptions)
    amend_section(
        incident, "services", snapshot, lambda: replace_interruptions(incident, interruptions), actor=actor, at=at
    )


def save_closing(
    incident: Incident, ending: Ending, *, actor: User, at: datetime, changes: Mapping[str, Any] | None = None
) -> None:
    """Set the case to CLOSED, save the report and record the event.

    The caller has locked the case and checked that it may be closed.
    """
    incident.status, incident.closed_at, incident.closing_reason = Status.CLOSED, at, ending.reason
    settle_due(incident, worked_at=at)
    incident.save(update_fields=["status", "closed_at", "closing_reason", "cause", *SEVERITY_FIELDS, *DUE_FIELDS])
    Closing.objects.create(
        incident=incident,
        handed_to=ending.handed_to,
        outcome=ending.outcome,
        summary=ending.summary,
        lesson=ending.lesson,
        is_shared=ending.is_shared,
        actor=actor,
        closed_at=at,
    )
    if words := format_closing_note(ending):
        save_closing_note(incident, words, actor, at=at)
    codes: dict[str, Any] = {"outcome": ending.outcome, "cause": ending.cause} if ending.outcome else {}
    if left := incident.tasks.filter(done_at=None).count():
        codes["left"] = left
    data = {"reason": ending.reason} | codes | dict(changes or {})
    record_event(incident, EventKind.CLOSED, at=at, actor=actor, **data)
    withdraw_any_proposal(incident, actor, at=at)
    for duplicate in incident.doubles.all():  # so that the declarants of the duplicates are notified too
        record_event(duplicate, EventKind.CLOSED, at=at, actor=actor, reason=ending.reason)


def format_closing_note(ending: Ending) -> str:
    """Return the service to which the case is handed over, then why it is closed, or ""."""
    service = f"Confié à\N{NO-BREAK SPACE}: {ending.handed_to}." if ending.handed_to else ""
    return "\n".join(filter(None, (service, ending.why)))


def save_closing_note(incident: Incident, why: str, actor: User, *, at: datetime) -> None:
    """Save the text as a note, which only the centre reads."""
    key = f"{CLOSING_KEY} {incident.pk} {at.isoformat()}"
    Note.objects.create(
        incident=incident, kind=NoteKind.NOTE, text=why, author=actor, written_at=at, submission_key=key
    )

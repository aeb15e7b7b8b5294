"""Closing of a case: the outcome, the facts that are known now, and the lesson that other centres may read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from collectivities.zones import find_zone
from core.french import quote_words
from core.secrets import hash_value
from core.stale import Stale
from core.text import clean_line, clean_text
from incidents.access import get_incident
from incidents.catalogues.message_templates import find_blanks_problem
from incidents.enums import Ability, Cause, ClosingReason, EventKind, NoteKind, Outcome, Status
from incidents.facts.description import Section
from incidents.identifying_words import list_identifying_words
from incidents.models import Closing, Incident, Note, Task
from incidents.models.work import CLOSING_KEY, build_reason_note_key
from incidents.moments import is_before
from incidents.services.declarant.correct import replace_interruptions
from incidents.services.declaring.check import Problem, list_moment_problems, normalise_end, raise_problems
from incidents.services.handling.amend import CONCLUDED_STATUSES, amend_section, save_leak_judgement
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.handling.severity import SEVERITY_FIELDS, raise_severity
from incidents.services.handling.unfinished import (
    UnfinishedWork,
    check_can_be_resolved,
    find_closing_question,
    find_unfinished_work,
    stamp_closing_page,
)
from incidents.services.history.identifying_values import collect_identifying_values
from incidents.services.history.record import record_event
from incidents.services.history.snapshots import list_interruptions, snapshot_services
from incidents.services.transfer.state import withdraw_any_proposal
from incidents.sharing import may_share_lesson
from incidents.workflow import check_transition

TEXT_LIMIT = 10_000
LESSON_LIMIT = 3_000
REASON_LIMIT = 1_000
TEXTS = ("handed_to", "summary", "lesson", "why")
SERVICE_LIMIT = 120
SERVICE_QUESTION = "Dites à quel service ce dossier est confié : le déclarant le lira."
# The conclusion that nobody will know more of a leak. The leak keeps its status (suspected or claimed), with which the
# figures count it.
NEVER_KNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class ClosingReport:
    """The report with which a responder closes a case.

    `ended` gives, by service, the instant at which the service resumed. `moot` holds the uids of the tasks that no
    longer apply. `leak` is a conclusion, `NEVER_KNOWN` or "". `why` says why the case is resolved although nobody
    handled or answered it. This text becomes a note that no declarant reads. `handed_to` names the service that takes
    the case over, and the declarant reads this name.
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


@transaction.atomic
def close_incident(
    *,
    reference: str,
    reason: ClosingReason,
    actor: User,
    why: str = "",
    handed_to: str = "",
    seen: str | datetime | None = None,
) -> Incident:
    """Close the case in one act, without a report (`close_with_report` writes one).

    `why` and `handed_to` are as in `ClosingReport`. `seen` is what `format_last_addition` returned for the page of the
    case, or the instant at which the list of cases was displayed, or None. Raises Http404, PermissionDenied,
    InvalidTransition if the case is already closed, NotFinished if it cannot be closed as resolved yet,
    and ValidationError if the declarant wrote meanwhile or the service has no name.
    """
    incident = get_incident(actor, reference, to=Ability.CLOSE, lock=True)
    check_transition(Status(incident.status), Status.CLOSED)
    if has_unseen_addition(incident, seen):
        raise ValidationError("Le déclarant a ajouté quelque chose pendant que vous lisiez : lisez-le avant de clore.")
    if incident.erased_at:  # An erased case takes no text.
        why = handed_to = ""
    ending = clean_closing_report(ClosingReport(reason=reason, why=why, handed_to=handed_to))
    raise_problems(list_service_problems(incident, ending))
    check_can_be_resolved(incident, reason, ending.why)
    save_closing(incident, ending, actor=actor, at=timezone.now())
    return incident


def has_unseen_addition(incident: Incident, seen: str | datetime | None) -> bool:
    """Tell whether the declarant added something that the person did not see. `seen` is as in `close_incident`."""
    if isinstance(seen, datetime):
        return incident.declarant_wrote_at is not None and incident.declarant_wrote_at > seen
    return seen is not None and seen != format_last_addition(incident)


def format_last_addition(incident: Incident) -> str:
    """Return the instant of the declarant's last addition in ISO 8601, for a form, or "" if there is none."""
    return incident.declarant_wrote_at.isoformat() if incident.declarant_wrote_at else ""


@transaction.atomic
def close_with_report(*, reference: str, actor: User, ending: ClosingReport, seen: str = "") -> Incident:
    """Close the case with its report. A repeated call by the same person with the same report changes nothing.

    `seen` is what `stamp_closing_page` returned for the page, or "" if there was no page. Raises Http404,
    PermissionDenied, InvalidTransition if the case was closed by another person or with another report, and Stale if
    the facts of the page changed or the declarant wrote. Raises ValidationError by field: `reason`, `handed_to`,
    `why`, `outcome`, `cause`, `summary`, `lesson`, `is_shared`, `leak`, `ended_<service>`, `task_<uid>`.
    """
    incident = get_incident(actor, reference, to=Ability.CLOSE, lock=True)
    clean = clean_closing_report(ending)
    if incident.status == Status.CLOSED and is_same_closing(incident, clean, actor):
        return incident
    check_transition(Status(incident.status), Status.CLOSED)
    now, pending = timezone.now(), find_unfinished_work(incident)
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


def clean_closing_report(ending: ClosingReport) -> ClosingReport:
    """Return the report with its texts cleaned. `handed_to` is emptied unless the case is handed over."""
    is_handed_over = ending.reason == ClosingReason.HANDED_OVER
    return replace(
        ending,
        handed_to=clean_line(ending.handed_to, limit=SERVICE_LIMIT, field="handed_to") if is_handed_over else "",
        summary=clean_text(ending.summary, limit=TEXT_LIMIT, field="summary"),
        lesson=clean_text(ending.lesson, limit=LESSON_LIMIT, field="lesson"),
        why=clean_text(ending.why, limit=REASON_LIMIT, field="why"),
    )


def is_same_closing(incident: Incident, ending: ClosingReport, actor: User) -> bool:
    """Tell whether the newest closing of the case is by this person and with this report."""
    newest = incident.events.filter(kind=EventKind.CLOSED).order_by("-id").first()
    if newest is None or newest.actor_id != actor.pk:
        return False
    return bool(newest.data.get("report") == digest_closing_report(ending))


def digest_closing_report(ending: ClosingReport) -> str:
    """Return a digest of the report, for the event. The digest is keyed, so that nobody can guess erased texts from
    it.
    """
    ended = sorted((service, at.isoformat()) for service, at in ending.ended.items() if at)
    texts = {name: value for name, value in vars(ending).items() if name not in ("ended", "moot")}
    return hash_value("incidents.closing", json.dumps([texts, ended, sorted(ending.moot)], sort_keys=True)).hex()


def list_text_problems(incident: Incident, ending: ClosingReport) -> Iterator[Problem]:
    """Yield the problems of the texts of the report, and of the sharing of its lesson.

    An erased case takes no text. A lesson must not identify anybody, and must have no blanks left to fill in.
    """
    if incident.erased_at and (written := [name for name in TEXTS if getattr(ending, name)]):
        yield written[0], "Les mots de ce dossier ont été effacés : on n’y écrit plus."
    elif pointers := list_identifying_words(ending.lesson, collect_identifying_values(incident)):
        yield "lesson", f"Cet enseignement désigne quelqu’un. Retirez : {quote_words(pointers)}."
    if blanks := find_blanks_problem(ending.lesson):
        yield "lesson", blanks
    if ending.is_shared and not ending.lesson:
        yield "is_shared", "Il n’y a rien à partager : écrivez l’enseignement, ou décochez."
    elif ending.is_shared and not may_share_lesson(incident.tlp):
        yield "is_shared", "Ce dossier est TLP:RED : rien n’en sort. Abaissez d’abord le TLP, ou décochez."


def list_service_problems(incident: Incident, ending: ClosingReport) -> Iterator[Problem]:
    """Yield a problem if the case is handed over and the report names no service.

    For an erased case, no name is required.
    """
    if ending.reason == ClosingReason.HANDED_OVER and not ending.handed_to and not incident.erased_at:
        yield "handed_to", SERVICE_QUESTION


def list_report_problems(ending: ClosingReport) -> Iterator[Problem]:
    """Yield the problems of the codes of the report: its reason, outcome, cause and conclusion about the leak."""
    if ending.reason not in ClosingReason.values:
        yield "reason", "Choisissez pourquoi le dossier est clos."
    is_resolved = ending.reason == ClosingReason.RESOLVED
    if (is_resolved or ending.outcome) and ending.outcome not in Outcome.values:
        yield "outcome", "Dites ce que sont devenus les systèmes et les données."
    if (is_resolved or ending.cause) and ending.cause not in Cause.values:
        yield "cause", "Dites la cause, ou « pas trouvée »."
    if ending.leak and ending.leak not in (*CONCLUDED_STATUSES, NEVER_KNOWN):
        yield "leak", "Choisissez « confirmée », « sans fondement » ou « on ne le saura pas »."


def list_untouched_problems(incident: Incident, ending: ClosingReport) -> Iterator[Problem]:
    """Yield a problem if `why` is empty although `find_closing_question` asks for it."""
    if ending.reason == ClosingReason.RESOLVED and not ending.why and (question := find_closing_question(incident)):
        yield "why", question


def list_unfinished_problems(
    ending: ClosingReport, pending: UnfinishedWork, now: datetime, zone: str
) -> Iterator[Problem]:
    """Yield the problems that the unfinished work of the case causes.

    A date of resumption must be possible, whatever the reason for closing. The work must be finished to close the case
    as « résolu ».
    """
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
    incident: Incident, ending: ClosingReport, pending: UnfinishedWork, *, actor: User, at: datetime
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
    """Save that these services resumed, in a sheet and in the rows of the case. `ended` gives the instant of each."""
    interruptions = [
        normalise_end(replace(interruption, ended_at=ended[interruption.service]))
        if interruption.ended_at is None and interruption.service in ended
        else interruption
        for interruption in list_interruptions(incident)
    ]
    snapshot = snapshot_services(incident.service_stopped, interruptions)
    amend_section(
        incident,
        Section.SERVICES,
        snapshot,
        lambda: replace_interruptions(incident, interruptions),
        actor=actor,
        at=at,
    )


def save_closing(
    incident: Incident, ending: ClosingReport, *, actor: User, at: datetime, changes: Mapping[str, Any] | None = None
) -> None:
    """Set the case to CLOSED, save the report and record the event.

    The caller has locked the case and checked that it may be closed.
    """
    incident.status, incident.closed_at, incident.closing_reason = Status.CLOSED, at, ending.reason
    recompute_due(incident, worked_at=at)
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
    data = {"reason": ending.reason, "report": digest_closing_report(ending)} | codes | dict(changes or {})
    record_event(incident, EventKind.CLOSED, at=at, actor=actor, **data)
    withdraw_any_proposal(incident, actor, at=at)
    for duplicate in incident.doubles.all():  # so that the declarants of the duplicates are notified too
        record_event(duplicate, EventKind.CLOSED, at=at, actor=actor, reason=ending.reason)


def format_closing_note(ending: ClosingReport) -> str:
    """Return the text of the note of a closing, or "" if the report gives nothing to note.

    The note names the service that takes the case over, and then gives the reason (`why`).
    """
    service = f"Confié à\N{NO-BREAK SPACE}: {ending.handed_to}." if ending.handed_to else ""
    return "\n".join(filter(None, (service, ending.why)))


def save_closing_note(incident: Incident, why: str, actor: User, *, at: datetime) -> None:
    """Save the text as a note, which only the centre reads."""
    key = build_reason_note_key(CLOSING_KEY, incident, at)
    Note.objects.create(
        incident=incident, kind=NoteKind.NOTE, text=why, author=actor, written_at=at, submission_key=key
    )

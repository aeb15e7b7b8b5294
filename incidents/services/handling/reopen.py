"""Reopening a closed case. The person who reopens it writes why and becomes its assignee."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.text import clean_text
from incidents.access import get_incident
from incidents.due import ANSWER_WITHIN
from incidents.enums import Ability, EventKind, NoteKind, Status
from incidents.models import Incident, Note
from incidents.models.work import REOPENING_KEY, build_reason_note_key
from incidents.services.handling.acknowledge import ACKNOWLEDGED_FIELDS
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.history.record import record_event
from incidents.workflow import InvalidTransition

REASON_LIMIT = 1_000
REOPENED_FIELDS = ("closed_at", "closing_reason", "answer_by", *ACKNOWLEDGED_FIELDS, *DUE_FIELDS)


@transaction.atomic
def reopen_incident(*, reference: str, actor: User, motive: str) -> Incident:
    """Reopen the case, and assign it to the actor. `motive`, the reason, becomes a note that no declarant reads.

    The case counts in the figures again. A double click changes nothing. Raises Http404, PermissionDenied,
    InvalidTransition if the case is open, and ValidationError: on `motive`, or without a field for a duplicate or an
    erased case.
    """
    incident = get_incident(actor, reference, to=Ability.REOPEN, lock=True)
    if was_just_reopened(incident, actor):
        return incident
    if incident.status != Status.CLOSED:
        raise InvalidTransition(Status(incident.status), Status.ACKNOWLEDGED)
    check_may_be_reopened(incident)
    why = clean_text(motive, limit=REASON_LIMIT, field="motive")
    if not why:
        raise ValidationError({"motive": "Écrivez pourquoi : vos collègues le liront, pas le déclarant."})
    save_reopening_note(incident, why, actor)
    save_reopening(incident, actor)
    return incident


def was_just_reopened(incident: Incident, actor: User) -> bool:
    """Tell whether the newest event of the open case is that the actor reopened it, as after a double click."""
    newest = incident.events.order_by("-id").first()
    is_open = incident.status != Status.CLOSED  # a duplicate gets this event too, but stays closed
    return is_open and newest is not None and (newest.kind, newest.actor_id) == (EventKind.REOPENED, actor.pk)


def check_may_be_reopened(incident: Incident) -> None:
    """Raise ValidationError if the case is erased or a duplicate."""
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : il ne se rouvre pas.")
    if incident.merged_into_id:
        raise ValidationError("Ce dossier est fusionné avec un autre : défaites d’abord la fusion.")


def save_reopening_note(incident: Incident, why: str, actor: User) -> None:
    """Save the reason for reopening as a note, which only the centre reads."""
    key = build_reason_note_key(REOPENING_KEY, incident, incident.closed_at)
    Note.objects.create(incident=incident, kind=NoteKind.NOTE, text=why, author=actor, submission_key=key)


def save_reopening(incident: Incident, actor: User) -> None:
    """Save the case as reopened and record the event on it and on its duplicates.

    If the declarant wrote after the closing, the time to answer starts at that message. An earlier deadline for an
    answer stays.
    """
    now, reason = timezone.now(), incident.closing_reason
    if incident.has_addition_since_closing and incident.declarant_wrote_at:
        since = incident.declarant_wrote_at + ANSWER_WITHIN[incident.severity]
        incident.answer_by = min(since, incident.answer_by or since)
    incident.status, incident.closed_at, incident.closing_reason = Status.ACKNOWLEDGED, None, ""
    incident.first_acknowledged_at = incident.first_acknowledged_at or now
    # two servers' clocks may differ: see `set_acknowledged`
    incident.acknowledged_at = incident.acknowledged_at or max(now, incident.first_acknowledged_at)
    incident.acknowledged_by, incident.assignee = incident.acknowledged_by or actor, actor
    recompute_due(incident, worked_at=now)
    incident.save(update_fields=REOPENED_FIELDS)
    for case in (incident, *incident.doubles.all()):
        record_event(case, EventKind.REOPENED, at=now, actor=actor, reason=reason)

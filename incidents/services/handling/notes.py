"""Notes that responders write for one another about a case. No declarant reads them and no mail carries them.

Notes have their own table and service, apart from those of the messages.
"""

import hashlib

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from core.text import clean_text
from incidents.access import get_incident
from incidents.enums import Ability, EventKind, NoteKind, TransferState
from incidents.models import Incident, Note, Transfer
from incidents.services.duplicates.merge import lock_case_with_main, update_main_after_answer
from incidents.services.handling.due import ANSWER_FIELDS, recompute_due, record_answer
from incidents.services.history.record import record_event

TEXT_LIMIT = 10_000
MAX_NOTES_SHOWN = 200
CALLS = (NoteKind.CALL_IN, NoteKind.CALL_OUT)


def filter_readable_notes(notes: QuerySet[Note], *, centre: int | None = None) -> QuerySet[Note]:
    """Return the notes that one centre may read. `centre` is the id of this centre.

    Without `centre`, a note is returned if the centre that has its case may read it. A hand-over may be read only by
    the centre where it was written, because its text may concern other cases too. `services/search/index_sql.py`
    applies the same rule to the search.
    """
    accepted = Transfer.objects.filter(state=TransferState.ACCEPTED, incident=OuterRef("incident"))
    givers = accepted.filter(answered_at__gte=OuterRef("written_at")).order_by("answered_at", "id").values("giver")
    written_in = Coalesce(Subquery(givers[:1]), F("incident__csirt"), output_field=BigIntegerField())
    is_ours = Q(written_in=F("incident__csirt") if centre is None else centre)
    return notes.alias(written_in=written_in).filter(~Q(kind=NoteKind.HANDOVER) | is_ours)


@transaction.atomic
def write_note(*, reference: str, actor: User, kind: NoteKind, text: str, key: str, spoke: bool = True) -> Note:
    """Save a note, or the note of a call. The same text sent twice with one `key` is one note.

    A call counts as an answer to the declarant, unless `spoke` is False because the declarant was not reached. A call
    from the declarant also lifts the earlier questions of the centre. Hand-overs are written by `handover.py` instead.
    Raises Http404, PermissionDenied, and ValidationError on `text`.
    """
    lock_case_with_main(reference)
    incident = get_incident(actor, reference, to=Ability.WORK, lock=True)
    note, is_new = save_note(incident, actor=actor, kind=kind, text=text, key=key)
    if not is_new:
        return note
    answers = kind in CALLS and spoke
    if answers:
        record_answer(incident, at=note.written_at, lifts_question=kind == NoteKind.CALL_IN)
        incident.is_to_call_back = False
    else:
        recompute_due(incident, worked_at=note.written_at)
    incident.save(update_fields=[*ANSWER_FIELDS, "is_to_call_back"])
    at, note_uid = note.written_at, str(note.uid)
    record_event(incident, EventKind.NOTED, at=at, actor=actor, note=note_uid, nature=str(kind), spoke=answers)
    if answers:
        update_main_after_answer(incident, at=at)
    return note


def save_note(incident: Incident, *, actor: User, kind: NoteKind, text: str, key: str) -> tuple[Note, bool]:
    """Save the note, unless the same form already saved it. Return the note and whether it is new.

    The caller has locked the case. Raises ValidationError on `text`.
    """
    words = clean_note(incident, text)
    submission_key = derive_note_key(incident, kind, words, key)
    if earlier := Note.objects.filter(submission_key=submission_key).first():
        return earlier, False
    now = timezone.now()
    row = {"incident": incident, "kind": kind, "text": words, "author": actor, "written_at": now}
    return Note.objects.create(submission_key=submission_key, **row), True


def clean_note(incident: Incident, text: str) -> str:
    """Return the cleaned text. Raises ValidationError on `text` if it is empty or the case is erased."""
    if incident.erased_at:
        raise ValidationError({"text": "Les mots de ce dossier ont été effacés : on n’y écrit plus de note."})
    words = clean_text(text, limit=TEXT_LIMIT, field="text")
    if not words:
        raise ValidationError({"text": "Écrivez la note avant de l’enregistrer."})
    return words


def derive_note_key(incident: Incident, kind: NoteKind, words: str, key: str) -> str:
    """Return the submission key of a note, derived from the case, the kind, the text and the key of the form."""
    return hashlib.sha256(f"{incident.pk}\n{kind}\n{key}\n{words}".encode()).hexdigest()


def was_note_saved(incident: Incident, *, kind: NoteKind, text: str, key: str) -> bool:
    """Tell whether the form with this key already saved this note.

    Raises ValidationError for a text that cannot be saved.
    """
    submission_key = derive_note_key(incident, kind, clean_note(incident, text), key)
    return Note.objects.filter(submission_key=submission_key).exists()

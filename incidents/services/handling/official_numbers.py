"""Correction and removal of the official number of a body, with a note of who did it and what the number was."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.french import format_day
from core.stale import Stale
from core.text import clean_line
from incidents.access import get_incident
from incidents.enums import Ability, EventKind, NoteKind, NumberSource
from incidents.models import Incident, OfficialNumber
from incidents.services.handling.notes import save_note
from incidents.services.handling.verify import (
    NUMBER_LIMIT,
    PUBLIC_SOURCES,
    CallBack,
    clean_call_number,
    clean_phone_number,
    save_official_number,
)
from incidents.services.history.record import record_event


@dataclass(frozen=True, kw_only=True)
class PhoneCorrection:
    """The telephone number that replaces the official number of a body, with its source.

    If the new number is empty, the official number is removed.
    """

    number: str = ""
    source: NumberSource | None = None


def find_official_number_row(incident: Incident, *, lock: bool = False) -> OfficialNumber | None:
    """Return the row of the official telephone number of the body, or None. Runs one query.

    The person who found the number is loaded too.
    """
    rows = OfficialNumber.objects.filter(collectivity=incident.collectivity_id).select_related("noted_by")
    return (rows.select_for_update(of=("self",)) if lock else rows).first()


def format_number_origin(number: OfficialNumber) -> str:
    """Return where, when and by whom the official number was found, in French.

    The name of the finder helps other centres to judge how far to trust the number.
    """
    return f"{number.get_source_display()}, relevé le {format_day(number.found_on)} par {number.noted_by}"


@transaction.atomic
def correct_official_number(
    *, reference: str, actor: User, correction: PhoneCorrection, seen: str
) -> OfficialNumber | None:
    """Replace or remove the official telephone number of the body. Return the stored row, or None after a removal.

    A note of the case states both numbers. `seen` is the number that the page showed. A repeated correction by the
    actor changes nothing. Raises Http404, PermissionDenied, Stale if the number has changed, and ValidationError by
    field. A number is refused if it cannot be called, has no public source, is given by an unverified declaration, or
    is on the emergency card of the body.
    """
    incident = get_incident(actor, reference, to=Ability.VERIFY, lock=True)
    stored = find_official_number_row(incident, lock=True)
    is_removal = not correction.number.strip()
    if stored is None and is_removal:
        return None
    if stored and stored.phone != seen and is_same_correction(stored, correction, actor):
        return stored
    if stored is None or stored.phone != seen:
        raise Stale(stored)
    former = f"{stored.phone} ({format_number_origin(stored)})"
    if is_removal:
        stored.delete()
        record_number_correction(incident, actor=actor, words=f"Numéro officiel retiré : {former}.")
        return None
    saved = save_corrected_number(incident, actor=actor, correction=correction)
    words = f"Numéro officiel corrigé : {former} devient {saved.phone} ({saved.get_source_display()})."
    record_number_correction(incident, actor=actor, words=words)
    return saved


def is_same_correction(stored: OfficialNumber, correction: PhoneCorrection, actor: User) -> bool:
    """Tell whether the actor has already made this correction, as after a double click."""
    number = clean_line(correction.number, limit=NUMBER_LIMIT, field="number")
    return (stored.phone, stored.source, stored.noted_by_id) == (number, correction.source, actor.pk)


def save_corrected_number(incident: Incident, *, actor: User, correction: PhoneCorrection) -> OfficialNumber:
    """Check the new number and store it. Raises ValidationError as `correct_official_number` does.

    Once the case is verified, the number that its declaration gives is accepted.
    """
    number = clean_phone_number(incident, correction.number)
    if not incident.is_verified:
        clean_call_number(incident, CallBack(number=number, source=correction.source))
    if correction.source not in PUBLIC_SOURCES:
        raise ValidationError({"source": "Dites où vous avez trouvé ce numéro : annuaire officiel ou site."})
    saved = save_official_number(incident, actor=actor, number=number, source=correction.source, at=timezone.now())
    if saved is None:
        raise ValidationError({"number": "Ce numéro est sur la fiche de secours de la collectivité : il reste là."})
    return saved


def record_number_correction(incident: Incident, *, actor: User, words: str) -> None:
    """Note the correction in the case. Raises ValidationError if the texts of the case were erased."""
    key = f"official number {timezone.now()}"
    note, _is_new = save_note(incident, actor=actor, kind=NoteKind.NOTE, text=words, key=key)
    uid, kind = str(note.uid), str(note.kind)
    record_event(incident, EventKind.NOTED, at=note.written_at, actor=actor, note=uid, nature=kind, spoke=False)

"""BodyCorrection and removal of the official number of a body, with a note of who did it and what the number was."""

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
class NumberCorrection:
    """The telephone number that replaces the official one, with its source. An empty number removes the latter."""

    number: str = ""
    source: NumberSource | None = None


def find_official_number_row(incident: Incident, *, lock: bool = False) -> OfficialNumber | None:
    """Return the number that a centre found for the body, with its finder, or None. Runs one query."""
    rows = OfficialNumber.objects.filter(collectivity=incident.collectivity_id).select_related("noted_by")
    return (rows.select_for_update(of=("self",)) if lock else rows).first()


def format_number_origin(number: OfficialNumber) -> str:
    """Return where, when and by whom the number was found, as text.

    The name of the finder is for every centre: it helps to judge how far to trust the number.
    """
    return f"{number.get_source_display()}, relevé le {format_day(number.found_on)} par {number.noted_by}"


@transaction.atomic
def correct_official_number(
    *, reference: str, actor: User, correction: NumberCorrection, seen: str
) -> OfficialNumber | None:
    """Replace the official number of the body of the case, or remove it, and return the number that is now official.

    A note of the case states both numbers. If the actor repeats a correction, nothing changes. `seen` is the number
    that the page showed. Raises Http404 and PermissionDenied, Stale if the number is another one now, and
    ValidationError on « number » or « source » for a number that cannot be called, that an unverified declaration
    gives, or that has no public source.
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


def is_same_correction(stored: OfficialNumber, correction: NumberCorrection, actor: User) -> bool:
    """Tell whether the actor has made this correction, as after a double click."""
    number = clean_line(correction.number, limit=NUMBER_LIMIT, field="number")
    return (stored.phone, stored.source, stored.noted_by_id) == (number, correction.source, actor.pk)


def save_corrected_number(incident: Incident, *, actor: User, correction: NumberCorrection) -> OfficialNumber:
    """Check the new number and store it. Once the case is verified, the number of its declaration is accepted.

    Raises ValidationError as `correct_official_number` does.
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

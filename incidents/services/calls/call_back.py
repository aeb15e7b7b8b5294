"""The facts that a declarant tells a responder on the telephone, saved in the case section by section."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from core.stale import Stale
from incidents.access import get_incident
from incidents.enums import (
    Ability,
    EventKind,
    IncidentType,
    InterruptionExtent,
    Nature,
    NoteKind,
    Status,
    find_persons_band,
)
from incidents.facts.description import Section
from incidents.facts.shapes import (
    CASE_ANSWERS,
    INSTANTS,
    Declaration,
    Instant,
    Interruption,
    Leak,
    map_caller_columns,
    read_story_texts,
)
from incidents.models import Incident, Story
from incidents.services.declarant.correct import replace_interruptions, save_declared_leak
from incidents.services.declaring.check import check_declaration
from incidents.services.declaring.declare import derive_supplier_key, read_instant_columns
from incidents.services.duplicates.merge import lock_case_with_main, update_main_after_answer
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.amend import amend_section
from incidents.services.handling.due import ANSWER_FIELDS, record_answer
from incidents.services.handling.notes import save_note
from incidents.services.handling.qualify import classify_incident
from incidents.services.handling.severity import SEVERITY_FIELDS, raise_severity
from incidents.services.history.declared import read_declared_data, read_declared_section
from incidents.services.history.record import record_event
from incidents.services.history.snapshots import (
    Values,
    find_leak,
    list_interruptions,
    read_instants,
    snapshot_declaration,
)

FACT_COLUMNS = (*CASE_ANSWERS, "supplier_key")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A telephone call between a responder and the declarant, with the facts that the responder typed meanwhile.

    `declaration` holds all the answers of the page. `seen` is the stamp of the facts that the page showed
    (`stamp_facts`), and `key` is the idempotency key of the form. `kind` is CALL_IN if the declarant called, CALL_OUT
    if the responder did. `answers_question` tells whether the call answers what the centre asked before.
    """

    declaration: Declaration
    seen: str
    key: str
    kind: NoteKind
    answers_question: bool = False


@transaction.atomic
def save_call(*, reference: str, actor: User, call: Call) -> Incident:
    """Save the facts that changed during a call, and note the call. The former facts stay in the sheets.

    The call counts as an answer to the declarant. The centre's earlier questions are lifted if the declarant called,
    or if `answers_question`. If nobody has the case, the actor takes it. Sending the same form again changes nothing.
    Raises Http404, PermissionDenied, Stale, and ValidationError: by field, or without a field once the case is closed
    or erased.
    """
    lock_case_with_main(reference)
    incident = get_incident(actor, reference, to=Ability.QUALIFY, lock=True)
    check_case_is_open(incident)
    is_incoming = call.kind == NoteKind.CALL_IN
    text = f"Appel {'du' if is_incoming else 'au'} déclarant : la déclaration est complétée au téléphone."
    note, is_new = save_note(incident, actor=actor, kind=call.kind, text=text, key=call.key)
    if not is_new:
        return incident
    if call.seen != stamp_facts(incident):
        raise Stale
    clean = check_completed_declaration(incident, call.declaration, now=note.written_at)
    incident = acknowledge_and_classify(incident, IncidentType(clean.type), actor)
    sections = save_changed_sections(incident, clean, actor=actor, at=note.written_at)
    raised = raise_severity(incident, note.written_at)
    record_answer(incident, at=note.written_at, lifts_question=is_incoming or call.answers_question)
    incident.is_to_call_back = False
    incident.save(update_fields=[*SEVERITY_FIELDS, *ANSWER_FIELDS, "is_to_call_back"])
    data: dict[str, Any] = {"note": str(note.uid), "nature": str(note.kind), "spoke": True, "sections": sections}
    data |= {"severity": int(incident.severity)} if raised else {}
    record_event(incident, EventKind.NOTED, at=note.written_at, actor=actor, **data)
    update_main_after_answer(incident, at=note.written_at)
    return incident


def check_case_is_open(incident: Incident) -> None:
    """Raise ValidationError if the case is erased or closed."""
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : on n’y ajoute plus rien.")
    if incident.status == Status.CLOSED:
        raise ValidationError("Ce dossier est clos : rouvrez-le pour y écrire ce qui est dit.")


def stamp_facts(incident: Incident) -> str:
    """Return a stamp of the facts that the page shows. The stamp changes if any of these facts changes."""
    facts = [incident.type, *(read_declared_section(incident, section) for section in Section)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def complete_declaration(incident: Incident, declaration: Declaration) -> Declaration:
    """Return the declaration, completed with the known facts that the page does not ask for.

    These are the body, workarounds, ends of interruptions, exact numbers, and the certainty of a date that did not
    change.
    """
    known_instants = read_instants(incident).items()
    instants: dict[str, Any] = {
        name: merge_instant(instant, getattr(declaration, name)) for name, instant in known_instants
    }
    return replace(
        declaration,
        collectivity=incident.collectivity,
        interruptions=tuple(merge_interruptions(list_interruptions(incident), declaration.interruptions)),
        leak=merge_leak(find_leak(incident), declaration.leak),
        **instants,
    )


def check_completed_declaration(incident: Incident, declaration: Declaration, *, now: datetime) -> Declaration:
    """Return the declaration completed with the known facts, cleaned and checked. Raises ValidationError by field.

    Interruptions that have ended are not checked again.
    """
    merged = complete_declaration(incident, declaration)
    ongoing = tuple(interruption for interruption in merged.interruptions if interruption.ended_at is None)
    clean = check_declaration(replace(merged, interruptions=ongoing), now=now)
    checked_by_service = {interruption.service: interruption for interruption in clean.interruptions}
    interruptions = (
        interruption if interruption.ended_at else checked_by_service[interruption.service]
        for interruption in merged.interruptions
    )
    return replace(clean, interruptions=tuple(interruptions))


def merge_interruptions(before: Sequence[Interruption], declared: Sequence[Interruption]) -> Iterator[Interruption]:
    """Yield the known interruptions in order, then the new interruptions.

    A known interruption that has not ended is left out if it is no longer declared.
    """
    remaining = {interruption.service: interruption for interruption in declared}
    for interruption in before:
        if interruption.ended_at is not None:
            yield interruption
        elif interruption.service in remaining:
            yield merge_interruption(interruption, remaining.pop(interruption.service))
    yield from remaining.values()


def merge_interruption(before: Interruption, declared: Interruption) -> Interruption:
    """Return the known interruption with the extent and the start that are declared now.

    The page shows an empty extent as « je ne sais pas ». If it sends that for an extent that was empty, the extent
    stays empty.
    """
    is_omitted = not before.extent and declared.extent == InterruptionExtent.UNKNOWN
    extent = before.extent if is_omitted else declared.extent
    return replace(before, extent=extent, started_at=merge_moment(before.started_at, declared.started_at))


def merge_moment(before: datetime | None, declared: datetime | None) -> datetime | None:
    """Return the declared instant, or the known instant if none was declared.

    The known instant is also returned if both are in the same minute, because the page displays no seconds.
    """
    if before and declared == before.replace(second=0, microsecond=0):
        return before
    return declared or before


def merge_leak(before: Leak | None, declared: Leak | None) -> Leak | None:
    """Return the declared leak with the known numbers of persons and records.

    The number of persons is dropped if it does not lie in the declared band.
    """
    if before is None or declared is None:
        return declared
    known_bands = (before.persons_band, find_persons_band(before.persons, before.persons_band))
    persons = before.persons if declared.persons_band in known_bands else None
    return replace(declared, persons=persons, records=before.records, records_band=before.records_band)


def merge_instant(before: Instant, declared: Instant) -> Instant:
    """Return the declared date, or `before` with its certainty if none was declared or both are in the same minute."""
    return before if merge_moment(before.at, declared.at) == before.at else declared


def acknowledge_and_classify(incident: Incident, kind: IncidentType, actor: User) -> Incident:
    """Acknowledge the case for the actor if nobody has done so, and set its type to `kind`.

    Return the case, locked.
    """
    if incident.status == Status.DECLARED:
        acknowledge_incident(reference=incident.reference, actor=actor)
    if kind != incident.type:
        nature = Nature(incident.nature)
        classify_incident(reference=incident.reference, actor=actor, nature=nature, type=kind)
    return get_incident(actor, incident.reference, to=Ability.QUALIFY, lock=True)


def save_changed_sections(incident: Incident, clean: Declaration, *, actor: User, at: datetime) -> list[str]:
    """Save each section whose facts differ from those declared until now, and return the names of these sections."""
    changed = {
        name: values
        for name, values in snapshot_declaration(clean).items()
        if values != read_declared_section(incident, name)
    }
    for section, values in changed.items():
        save_section(incident, section, values, clean, actor=actor, at=at)
    return list(changed)


def save_section(
    incident: Incident, section: str, values: Values, clean: Declaration, *, actor: User, at: datetime
) -> None:
    """Save the facts of one section, and append a sheet with its new `values`. The caller has locked the case."""
    before = read_declared_data(incident)
    amend_section(
        incident,
        section,
        values,
        lambda: save_section_facts(incident, section, clean, before=before),
        actor=actor,
        at=at,
    )


def save_section_facts(incident: Incident, section: str, clean: Declaration, *, before: Values) -> None:
    """Save the facts of one section in the rows of the case.

    `before` holds the answers about personal data that were declared until now.
    """
    story = Story.objects.filter(incident=incident)
    match section:
        case Section.STORY:
            story.update(**read_story_texts(clean))
            incident.supplier_key = derive_supplier_key(clean.supplier)
        case Section.MOMENTS:
            for name, value in read_instant_columns(clean).items():
                setattr(incident, name, value)
        case Section.SERVICES:
            replace_interruptions(incident, clean.interruptions)
            incident.service_stopped = clean.service_stopped
        case Section.DATA:
            save_declared_leak(incident, clean.leak, before=before)
            incident.data_concerned = clean.data_concerned
        case Section.CALLER:
            story.update(**map_caller_columns(clean.caller))
            incident.mail_without_code = clean.mail_without_code
    instants = [f"{name}_{part}" for name in INSTANTS for part in ("at", "certainty")]
    incident.save(update_fields=[*FACT_COLUMNS, *instants])

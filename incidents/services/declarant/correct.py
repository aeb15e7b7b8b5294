"""Corrections of a declaration. The rows of the case hold the current facts, and its sheets hold the former facts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from collectivities.zones import find_zone
from incidents.enums import ActorKind, Answer, LeakStatus
from incidents.facts.description import Section
from incidents.facts.shapes import (
    LEAK_INPUTS,
    Caller,
    Declaration,
    Instant,
    Interruption,
    Leak,
    map_caller_columns,
    read_story_texts,
)
from incidents.models import DataLeak, Incident, ServiceInterruption, Story
from incidents.questions.catalogue import get_current_version
from incidents.services.declarant.complete import (
    SavedSheet,
    SectionEdit,
    append_sheet,
    find_newest_sheet,
    find_same_sheet,
    lock_case_to_complete,
)
from incidents.services.declaring.check import (
    Problem,
    clean_shape,
    clean_texts,
    flatten_problems,
    list_caller_problems,
    list_data_problems,
    list_instant_problems,
    list_period_problems,
    needs_complete_phone,
    normalise_end,
    raise_problems,
)
from incidents.services.declaring.declare import derive_supplier_key
from incidents.services.history.declared import (
    find_judgement_without_leak,
    read_declared_data,
    read_declared_leak,
    read_declared_leak_status,
)
from incidents.services.history.snapshots import (
    Values,
    find_leak_row,
    list_interruptions,
    read_instants,
    snapshot_caller,
    snapshot_data,
    snapshot_moments,
    snapshot_rows,
    snapshot_services,
    store_first_sheets,
)


@transaction.atomic
def correct_services(*, edit: SectionEdit, stopped: str, interruptions: Sequence[Interruption]) -> SavedSheet:
    """Replace all the interruptions of the case. `stopped` says whether a service stopped.

    `stopped` is ignored if there are interruptions. Pass the existing interruptions in the order of their rows, then
    the new ones. ValidationError names the fields `<position>_started_at`, `<position>_ended_at` and
    `<position>_workaround`. The position is that of the interruption in the list.
    """
    incident = lock_case_to_complete(edit)
    clean = clean_interruptions(interruptions, timezone.now(), find_zone(incident.collectivity))
    answer = Answer.YES if clean else stopped
    return save_services(incident, answer, clean, edit=edit)


@transaction.atomic
def end_interruption(*, edit: SectionEdit, service: str) -> SavedSheet:
    """Record that this service resumes now, to the minute. A repeated call changes nothing."""
    incident = lock_case_to_complete(edit)
    now = timezone.now().replace(second=0, microsecond=0)  # minutes, as in the forms
    interruptions = list_interruptions(incident)
    ended = [
        replace(interruption, ended_at=max(now, interruption.started_at or now))
        if interruption.service == service and interruption.ended_at is None
        else interruption
        for interruption in interruptions
    ]
    newest = find_newest_sheet(incident, Section.SERVICES)
    # Only this service changes, so nothing that somebody else wrote meanwhile is overwritten.
    edit = replace(edit, seen=str(newest.uid) if newest else "")
    return save_services(incident, incident.service_stopped, ended, edit=edit)


def save_services(
    incident: Incident, stopped: str, interruptions: Sequence[Interruption], *, edit: SectionEdit
) -> SavedSheet:
    """Append a correction that replaces the interruptions of the case by these. The caller has locked the case."""

    def save_service_rows() -> None:
        replace_interruptions(incident, interruptions)
        incident.service_stopped = stopped
        incident.save(update_fields=["service_stopped"])

    return append_correction(
        incident, Section.SERVICES, snapshot_services(stopped, interruptions), save_service_rows, edit=edit
    )


@transaction.atomic
def correct_data(*, edit: SectionEdit, concerned: str, leak: Leak | None) -> SavedSheet:
    """Correct the facts about personal data.

    The centre's judgement of the leak is lost only if the declared status changes. If `concerned` is « Non », a
    declared leak becomes unfounded, and data that were declared as affected without a leak are removed. Raises
    ValidationError if `concerned` is « Non » and `leak` describes data, although none were described before.
    """
    incident = lock_case_to_complete(edit)
    before = read_declared_data(incident)
    declared = read_declared_leak(before)
    raise_problems(list_data_problems(None if declared else leak, concerned))
    if concerned == Answer.NO:
        leak = replace(declared, status=LeakStatus.UNFOUNDED) if declared and declared.status else None

    def save_data_rows() -> None:
        save_declared_leak(incident, leak, before=before)
        incident.data_concerned = concerned
        incident.save(update_fields=["data_concerned"])

    return append_correction(incident, Section.DATA, snapshot_data(concerned, leak), save_data_rows, edit=edit)


@transaction.atomic
def correct_moments(*, edit: SectionEdit, instants: Mapping[str, Instant]) -> SavedSheet:
    """Correct the dates of the case that `instants` names. The other dates do not change.

    ValidationError names the fields `<name>_at`.
    """
    incident = lock_case_to_complete(edit)
    now, zone = timezone.now(), find_zone(incident.collectivity)
    raise_problems(list_instant_problems(instants, {**read_instants(incident), **instants}, zone, now))

    def save_moment_rows() -> None:
        for name, instant in instants.items():
            setattr(incident, f"{name}_at", instant.at)
            setattr(incident, f"{name}_certainty", instant.certainty)
        incident.save(update_fields=[f"{name}_{part}" for name in instants for part in ("at", "certainty")])

    return append_correction(incident, Section.MOMENTS, snapshot_moments(instants), save_moment_rows, edit=edit)


@transaction.atomic
def correct_caller(*, edit: SectionEdit, caller: Caller, mail_without_code: bool | None = None) -> SavedSheet:
    """Correct the person to call back, and whether mails to that person hold the follow-up code.

    If `mail_without_code` is None, that choice does not change. The verification of the declaration does not change.
    """
    incident = lock_case_to_complete(edit)
    without_code = incident.mail_without_code if mail_without_code is None else mail_without_code
    clean = clean_declaration(Declaration(collectivity=incident.collectivity, caller=caller)).caller
    needs_number = needs_complete_phone(incident.type, without_code=without_code)
    raise_problems(list_caller_problems(clean, incident.collectivity, needs_number=needs_number))

    def save_caller_rows() -> None:
        Story.objects.filter(incident=incident).update(**map_caller_columns(clean))
        incident.mail_without_code = without_code
        incident.save(update_fields=["mail_without_code"])

    return append_correction(
        incident, Section.CALLER, snapshot_caller(clean, mail_without_code=without_code), save_caller_rows, edit=edit
    )


@transaction.atomic
def correct_story(*, edit: SectionEdit, **words: str) -> SavedSheet:
    """Correct the texts of the declaration (`Story`) that `words` names. The other texts do not change.

    If the name of the supplier changes, the key that groups the cases of one supplier changes too.
    """
    incident = lock_case_to_complete(edit)
    story: dict[str, Any] = read_story_texts(incident.story) | words
    clean = clean_declaration(Declaration(collectivity=incident.collectivity, caller=Caller(), **story))
    values = read_story_texts(clean)

    def save_story_rows() -> None:
        Story.objects.filter(incident=incident).update(**values)
        incident.supplier_key = derive_supplier_key(clean.supplier)
        incident.save(update_fields=["supplier_key"])

    return append_correction(incident, Section.STORY, values, save_story_rows, edit=edit)


def append_correction(
    incident: Incident, section: str, values: dict[str, Any], save_rows: Callable[[], None], *, edit: SectionEdit
) -> SavedSheet:
    """Call `save_rows` and append a sheet with the new values, unless the newest sheet already has them.

    If the section has no sheet yet, the values before this correction are stored first. The caller has locked the
    case.
    """
    if find_newest_sheet(incident, section) is None:
        edit = replace(edit, seen=store_first_state(incident, section))
    if same := find_same_sheet(incident, section, values, seen=edit.seen):
        return same
    save_rows()
    now = timezone.now()
    return append_sheet(incident, section, values, edit=edit, version=get_current_version().code, now=now)


def store_first_state(incident: Incident, section: str) -> str:
    """Store the declared values of a section that has no sheet yet, and return the uid of this first sheet.

    Call it before changing the rows of the section.
    """
    declared = incident.events.earliest("id")
    by = ActorKind(declared.actor_kind)
    store_first_sheets(incident, {section: snapshot_rows(incident, section)}, authors={}, by=by, actor=declared.actor)
    newest = find_newest_sheet(incident, section)
    return str(newest.uid) if newest else ""


def replace_interruptions(incident: Incident, interruptions: Sequence[Interruption]) -> None:
    """Delete all the interruptions of the case and create the new ones in order.

    A row cannot be matched by its service, because a service may stop again after it resumed. No other table refers
    to these rows.
    """
    incident.interruptions.all().delete()
    ServiceInterruption.objects.bulk_create(
        ServiceInterruption(incident=incident, **asdict(interruption)) for interruption in interruptions
    )


def save_declared_leak(incident: Incident, leak: Leak | None, *, before: Values) -> None:
    """Save the leak as it is declared now. The centre's judgement stays if the declared status did not change.

    `before` holds the answers about personal data that were declared until now.
    """
    row, declared = find_leak_row(incident), leak.status if leak else ""
    counted = row.status if row else find_judgement_without_leak(incident)
    if (row or leak) and declared == read_declared_leak_status(before) != counted:
        leak = replace(leak or Leak(), status=counted)
    save_leak(incident, leak)


def save_leak(incident: Incident, leak: Leak | None) -> None:
    """Save the leak, or delete it if `leak` is None.

    The number of records does not change, since no correction page asks for it.
    """
    row = find_leak_row(incident)
    if leak is None:
        incident.leaks.all().delete()
        return
    row = row or DataLeak(incident=incident)
    for name in LEAK_INPUTS:
        value = getattr(leak, name)
        setattr(row, name, list(value) if isinstance(value, tuple) else value)
    row.save()


def clean_declaration(declaration: Declaration) -> Declaration:
    """Return the declaration with its texts cleaned. Raises ValidationError by field."""
    problems: dict[str, list[str]] = {}
    clean = clean_texts(declaration, problems)
    raise_problems(flatten_problems(problems))
    return clean


def clean_interruptions(interruptions: Sequence[Interruption], now: datetime, zone: str) -> list[Interruption]:
    """Return the interruptions with their texts cleaned. Raises ValidationError like `correct_services`."""
    raise_problems(
        problem
        for position in range(len(interruptions))
        for problem in list_row_problems(interruptions, position, now, zone)
    )
    problems: dict[str, list[str]] = {}
    clean = [
        clean_shape(interruption, f"{position}_", problems) for position, interruption in enumerate(interruptions)
    ]
    raise_problems(flatten_problems(problems))
    return [normalise_end(interruption) for interruption in clean]


def list_row_problems(
    interruptions: Sequence[Interruption], position: int, now: datetime, zone: str
) -> Iterator[Problem]:
    """Yield the problems of the interruption at `position`.

    Two interruptions of one service cannot both be without end. The problem is reported on the later one in the list.
    """
    interruption = interruptions[position]
    yield from list_period_problems(str(position), interruption, now, zone)
    open_before = (other for other in interruptions[:position] if other.ended_at is None)
    if interruption.ended_at is None and any(other.service == interruption.service for other in open_before):
        yield f"{position}_started_at", "Ce service est déjà noté comme arrêté."

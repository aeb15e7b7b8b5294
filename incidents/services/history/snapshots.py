"""Snapshots, which hold the facts of one section of a case as JSON values, so that its history can show them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from accounts.models import User
from incidents.enums import ActorKind
from incidents.facts.description import Section, map_facts
from incidents.facts.shapes import (
    CALLER_COLUMNS,
    INSTANTS,
    LEAK_INPUTS,
    Caller,
    Declaration,
    Instant,
    Interruption,
    Leak,
    make_leak,
    read_story_texts,
)
from incidents.models import AnswerSheet, DataLeak, Incident, ServiceInterruption
from incidents.questions.catalogue import get_current_version

type Values = dict[str, Any]

INTERRUPTION_FACTS, LEAK_FACTS = map_facts(Interruption), map_facts(Leak)
INTERRUPTION_KEYS = {"started_at": "from", "ended_at": "to", "people_affected": "people"}


def snapshot_services(stopped: str, interruptions: Iterable[Interruption]) -> Values:
    """Return the section about services as JSON values. `stopped` says whether a service stopped."""
    return {
        "stopped": str(stopped),
        "services": [snapshot_interruption(interruption) for interruption in interruptions],
    }


def snapshot_interruption(interruption: Interruption) -> Values:
    """Return an interruption as JSON values."""
    return {
        INTERRUPTION_KEYS.get(name, name): encode_value(getattr(interruption, name)) for name in INTERRUPTION_FACTS
    }


def snapshot_data(concerned: str, leak: Leak | None) -> Values:
    """Return the section about personal data as JSON values. `concerned` says whether data are concerned."""
    values = {name: encode_value(getattr(leak, name)) for name in LEAK_INPUTS} if leak else None
    return {"concerned": str(concerned), "leak": values}


def snapshot_moments(instants: Mapping[str, Instant]) -> Values:
    """Return the dates as JSON values. Each has its instant in UTC and its certainty."""
    return {
        name: {"at": format_utc_instant(instant.at), "certainty": str(instant.certainty)}
        for name, instant in instants.items()
    }


def snapshot_caller(caller: Caller, *, mail_without_code: bool) -> Values:
    """Return the section about the person to call back as JSON values.

    `mail_without_code` is included only if it is true.
    """
    return asdict(caller) | ({"mail_without_code": True} if mail_without_code else {})


def encode_value(value: Any) -> Any:
    """Return the value of a fact as JSON can hold it.

    An instant or a code becomes a text, and several codes become a list.
    """
    match value:
        case datetime():
            return format_utc_instant(value)
        case tuple():
            return [str(code) for code in value]
        case str():
            return str(value)
    return value


def format_utc_instant(at: datetime | None) -> str | None:
    """Return the instant in ISO 8601 and in UTC, or None."""
    return at.astimezone(UTC).isoformat() if at else None


def snapshot_declaration(declaration: Declaration) -> dict[str, Values]:
    """Return the snapshot of each section of a declaration, by the name of the section."""
    return {
        Section.STORY: read_story_texts(declaration),
        Section.MOMENTS: snapshot_moments({name: getattr(declaration, name) for name in INSTANTS}),
        Section.SERVICES: snapshot_services(declaration.service_stopped, declaration.interruptions),
        Section.DATA: snapshot_data(declaration.data_concerned, declaration.leak),
        Section.CALLER: snapshot_caller(declaration.caller, mail_without_code=declaration.mail_without_code),
    }


def store_first_sheets(
    incident: Incident,
    sections: Mapping[str, Values],
    *,
    authors: Mapping[str, str],
    by: ActorKind,
    actor: User | None,
) -> None:
    """Store these sections as the first answer sheets of the case.

    The history of the case compares later corrections with these sheets. `authors` gives, by section, the name that
    its author typed.
    """
    AnswerSheet.objects.bulk_create(
        AnswerSheet(
            incident=incident,
            section=section,
            version=get_current_version().code,
            values=values,
            author=authors.get(section, ""),
            actor_kind=by,
            actor=actor,
            written_at=incident.received_at,
        )
        for section, values in sections.items()
    )


# Reading the same sections from the rows of the case, for the pages that correct them


def list_interruptions(incident: Incident) -> list[Interruption]:
    """Return the interruptions of the case in the order of their rows. Forms name them by this order."""
    return [read_interruption(row) for row in sorted(incident.interruptions.all(), key=lambda row: row.pk)]


def read_interruption(row: ServiceInterruption) -> Interruption:
    return Interruption(**{name: getattr(row, name) for name in INTERRUPTION_FACTS})


def find_leak(incident: Incident) -> Leak | None:
    """Return the leak that is stored in the first leak row of the case, or None if it has no such row."""
    row = find_leak_row(incident)
    return read_leak_row(row) if row else None


def read_leak_row(row: DataLeak) -> Leak:
    return make_leak({name: getattr(row, name) for name in LEAK_FACTS})


def find_leak_row(incident: Incident) -> DataLeak | None:
    """Return the first leak of the case, or None."""
    return incident.leaks.order_by("id").first()


def read_instants(incident: Incident) -> dict[str, Instant]:
    """Return the dates of the case with their certainty, by name."""
    return {
        name: Instant(at=getattr(incident, f"{name}_at"), certainty=getattr(incident, f"{name}_certainty"))
        for name in INSTANTS
    }


def read_caller(incident: Incident) -> Caller:
    """Return the person to call back, from the rows of the case."""
    return Caller(**{name: getattr(incident.story, column) for name, column in CALLER_COLUMNS.items()})


def snapshot_rows(incident: Incident, section: str) -> Values:
    """Return the snapshot of one section from the current rows of the case."""
    match section:
        case Section.STORY:
            return read_story_texts(incident.story)
        case Section.MOMENTS:
            return snapshot_moments(read_instants(incident))
        case Section.SERVICES:
            return snapshot_services(incident.service_stopped, list_interruptions(incident))
        case Section.DATA:
            return snapshot_data(incident.data_concerned, find_leak(incident))
        case Section.CALLER:
            return snapshot_caller(read_caller(incident), mail_without_code=incident.mail_without_code)
    raise ValueError(section)

"""Snapshots: the facts of a case as JSON values, section by section. The history shows them as earlier values."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from accounts.models import User
from incidents.enums import ActorKind
from incidents.facts.shapes import INSTANTS, Caller, Declaration, Instant, Interruption, Leak
from incidents.models import AnswerSheet, DataLeak, Incident, ServiceInterruption
from incidents.questions.catalogue import current

type Values = dict[str, Any]


def snapshot_services(stopped: str, interruptions: Iterable[Interruption]) -> Values:
    return {"stopped": str(stopped), "services": [snapshot_interruption(one) for one in interruptions]}


def snapshot_interruption(one: Interruption) -> Values:
    return {
        "service": str(one.service),
        "extent": str(one.extent),
        "from": text_of(one.started_at),
        "to": text_of(one.ended_at),
        "people": one.people_affected,
        "workaround": one.workaround,
    }


def snapshot_data(concerned: str, leak: Leak | None) -> Values:
    if leak is None:
        return {"concerned": str(concerned), "leak": None}
    said = {
        "status": str(leak.status),
        "categories": [str(code) for code in leak.categories],
        "person_categories": [str(code) for code in leak.person_categories],
        "persons": leak.persons,
        "persons_band": str(leak.persons_band),
    }
    return {"concerned": str(concerned), "leak": said}


def snapshot_moments(instants: Mapping[str, Instant]) -> Values:
    return {name: {"at": text_of(one.at), "certainty": str(one.certainty)} for name, one in instants.items()}


def snapshot_caller(caller: Caller, *, mail_without_code: bool) -> Values:
    """Return the person to call back. `mail_without_code` is included only if it is true."""
    said: Values = {"name": caller.name, "role": caller.role, "phone": caller.phone, "email": caller.email}
    return said | ({"mail_without_code": True} if mail_without_code else {})


def snapshot_story(description: str, supplier: str) -> Values:
    return {"description": description, "supplier": supplier}


def text_of(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def of_declaration(said: Declaration) -> dict[str, Values]:
    """Return each section as it was declared."""
    return {
        "recit": snapshot_story(said.description, said.supplier),
        "moments": snapshot_moments({name: getattr(said, name) for name in INSTANTS}),
        "services": snapshot_services(said.service_stopped, said.interruptions),
        "donnees": snapshot_data(said.data_concerned, said.leak),
        "rappel": snapshot_caller(said.caller, mail_without_code=said.mail_without_code),
    }


def keep_first(
    incident: Incident,
    sections: Mapping[str, Values],
    *,
    authors: Mapping[str, str],
    by: ActorKind,
    actor: User | None,
) -> None:
    """Store the first state of these sections, so that it can be compared with later corrections.

    `authors` gives the name that the author of each section typed.
    """
    AnswerSheet.objects.bulk_create(
        AnswerSheet(
            incident=incident,
            section=section,
            version=current().code,
            values=values,
            author=authors.get(section, ""),
            actor_kind=by,
            actor=actor,
            written_at=incident.received_at,
        )
        for section, values in sections.items()
    )


# The same sections, read from the rows for the pages that correct them


def interruptions_of(incident: Incident) -> list[Interruption]:
    """Return the interruptions in the order of their rows: a form names them by position."""
    return [interruption_of(row) for row in incident.interruptions.order_by("id")]


def interruption_of(row: ServiceInterruption) -> Interruption:
    return Interruption(
        service=row.service,
        extent=row.extent,
        started_at=row.started_at,
        ended_at=row.ended_at,
        people_affected=row.people_affected,
        workaround=row.workaround,
    )


def leak_of(incident: Incident) -> Leak | None:
    row = first_leak(incident)
    return leak_from(row) if row else None


def leak_from(row: DataLeak) -> Leak:
    return Leak(
        status=row.status,
        categories=tuple(row.categories),
        person_categories=tuple(row.person_categories),
        persons=row.persons,
        persons_band=row.persons_band,
        records=row.records,
        records_band=row.records_band,
    )


def first_leak(incident: Incident) -> DataLeak | None:
    return incident.leaks.order_by("id").first()


def instants_of(incident: Incident) -> dict[str, Instant]:
    return {
        name: Instant(at=getattr(incident, f"{name}_at"), certainty=getattr(incident, f"{name}_certainty"))
        for name in INSTANTS
    }


def caller_of(incident: Incident) -> Caller:
    story = incident.story
    return Caller(
        name=story.contact_name, role=story.contact_role, phone=story.contact_phone, email=story.contact_email
    )


def of_rows(incident: Incident, section: str) -> Values:
    """Return one section as it is stored now."""
    match section:
        case "recit":
            return snapshot_story(incident.story.description, incident.story.supplier)
        case "moments":
            return snapshot_moments(instants_of(incident))
        case "services":
            return snapshot_services(incident.service_stopped, interruptions_of(incident))
        case "donnees":
            return snapshot_data(incident.data_concerned, leak_of(incident))
        case _:
            return snapshot_caller(caller_of(incident), mail_without_code=incident.mail_without_code)

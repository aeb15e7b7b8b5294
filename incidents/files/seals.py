"""The seals of the evidence files of a case. Each seal covers the seal before it, so that a changed or missing line of
the list is detected.

The seal of a file is the SHA-256, in hexadecimal, of six lines in UTF-8, each ended by a line feed: the seal of the
previous file (for the first file, the reference of the case), the number, the SHA-256 of the file, its size in bytes,
the instant of its receipt in UTC (2026-11-24T09:51:00Z), and the name that was given. Anybody can compute it again:

    printf '%s\\n' PRECEDENT NUMERO EMPREINTE OCTETS RECU NOM | sha256sum

The list is also compared with the history of the case, which PostgreSQL protects from any change.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from incidents.enums import EventKind
from incidents.models import Evidence, Incident, IncidentEvent


def format_instant(at: datetime) -> str:
    """Return the instant in UTC, in the format that the seals contain."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def compute_seal(previous: str, evidence: Evidence) -> str:
    """Return the seal of `evidence`, given the seal of the file before it."""
    lines = [
        previous,
        evidence.number,
        evidence.sha256,
        evidence.size,
        format_instant(evidence.received_at),
        evidence.name,
    ]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def find_first_broken_seal(
    incident: Incident, evidence_files: Iterable[Evidence], events: Iterable[IncidentEvent] | None = None
) -> int | None:
    """Return the number of the first file whose line was changed or is missing. Return None if all lines are intact.

    `evidence_files` must be in the order of their numbers. `events` is the whole history, oldest first, for a caller
    that has already read it. Erasing a case removes the names of its files, and their seals cannot be computed again.
    Only the history is then compared.
    """
    recorded = [
        (event.data["evidence"], event.data["sha256"])
        for event in events or incident.events.filter(kind=EventKind.FILE).order_by("id")
        if event.kind == EventKind.FILE
    ]
    previous, number = incident.reference, 0
    for number, evidence in enumerate(evidence_files, start=1):
        if evidence.number != number or recorded[number - 1 : number] != [(str(evidence.uid), evidence.sha256)]:
            return number
        if not incident.erased_at and evidence.seal != compute_seal(previous, evidence):
            return number
        previous = evidence.seal
    return number + 1 if len(recorded) > number else None

"""The content of a declaration, in the one shape that the pages, the API and a responder's form all produce."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectivities.models import Collectivity
from incidents.enums import Answer, Certainty, IncidentType, PersonsBand, Tlp


@dataclass(frozen=True, kw_only=True)
class Instant:
    """An aware moment and how well it is known. A value that nobody gave is empty."""

    at: datetime | None = None
    certainty: str = ""


NOT_SAID = Instant()


def read_instant(at: datetime | None, certainty: str, *, has_hour: bool) -> Instant:
    """Return the instant that a form gives. A day without its hour is never exact, whatever certainty was chosen."""
    if at is None:
        return Instant(certainty=Certainty.UNKNOWN if certainty == Certainty.UNKNOWN else "")
    if certainty == Certainty.UNKNOWN or (certainty == Certainty.EXACT and not has_hour):
        return Instant(at=at, certainty=Certainty.APPROXIMATE)
    return Instant(at=at, certainty=certainty)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person whom the CSIRT calls back. Only a telephone number or a mail address is required."""

    name: str = ""
    role: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Interruption:
    service: str
    extent: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    people_affected: int | None = None
    workaround: str = ""


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Data that the incident affects. A value that nobody gave is empty."""

    status: str = ""
    categories: tuple[str, ...] = ()
    person_categories: tuple[str, ...] = ()
    persons: int | None = None
    persons_band: str = ""
    records: int | None = None
    records_band: str = ""


def leak_in(said: Mapping[str, Any]) -> Leak | None:
    """Return what the cleaned fields of a form say about data, or None if they say nothing."""
    tellers = ("leak_status", "categories", "person_categories", "persons")
    is_told = said["persons_band"] not in ("", PersonsBand.UNKNOWN) or any(said.get(name) for name in tellers)
    if said["data_concerned"] != Answer.YES and not is_told:
        return None
    return Leak(
        status=said["leak_status"],
        categories=tuple(said["categories"]),
        person_categories=tuple(said["person_categories"]),
        persons=said.get("persons"),
        persons_band=said["persons_band"],
    )


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One declaration. A value that nobody gave is empty, and never stands for « Je ne sais pas », which is an
    answer.
    """

    collectivity: Collectivity
    caller: Caller
    type: str = IncidentType.UNKNOWN
    description: str = ""
    supplier: str = ""
    occurred: Instant = NOT_SAID
    detected: Instant = NOT_SAID
    attack_known: Instant = NOT_SAID
    breach_known: Instant = NOT_SAID
    service_stopped: str = ""
    data_concerned: str = ""
    interruptions: tuple[Interruption, ...] = ()
    leak: Leak | None = None
    tlp: str = Tlp.AMBER_STRICT
    # Somebody else may read the mailbox that is given, so mails carry neither the code nor words of the case.
    mail_without_code: bool = False


@dataclass(frozen=True, kw_only=True)
class Submission:
    """How a declaration arrived. `key` is an idempotency key of the form or the request, so that a declaration sent
    twice is one incident.

    `key` must be unguessable or bound to the sender, since it gives back the same incident.
    """

    key: str
    origin: str
    # The sender holds a lock under which this key was never used, so that no query checks for it again.
    is_held: bool = False
    digest: str = field(default="")
    # The declarant gave a number and a few words, and asked for a call.
    asks_call_back: bool = False
    # The name that the author gave: two people may complete one declaration.
    author: str = ""
    # A digest of the Internet address of the sender. It is empty if a person with an account answers for the
    # declaration.
    source: str = ""
    # What this declaration has in common with too many others (`services/declaring/limits.py`).
    burst: str = ""
    # The author of each section (`services`, `donnees`…) that somebody else wrote.
    authors: Mapping[str, str] = field(default_factory=dict)

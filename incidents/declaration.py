"""What a declaration says: the one shape in which the page, the API and a responder's form hand it over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectivities.models import Collectivity
from incidents.enums import Answer, Certainty, IncidentType, PersonsBand, Tlp


@dataclass(frozen=True, kw_only=True)
class Instant:
    """An aware moment and how well it is known; each is empty where nobody said it."""

    at: datetime | None = None
    certainty: str = ""


NOT_SAID = Instant()


def read_instant(at: datetime | None, certainty: str, *, has_hour: bool) -> Instant:
    """Return the instant that a form gives: a day without its hour is not exact, whatever was chosen."""
    if at is None:
        return Instant(certainty=Certainty.UNKNOWN if certainty == Certainty.UNKNOWN else "")
    if certainty == Certainty.UNKNOWN or (certainty == Certainty.EXACT and not has_hour):
        return Instant(at=at, certainty=Certainty.APPROXIMATE)
    return Instant(at=at, certainty=certainty)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whom the CSIRT calls back. A telephone or a mail is needed, nothing else."""

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
    """Data that are touched. What nobody said of them is empty."""

    status: str = ""
    categories: tuple[str, ...] = ()
    person_categories: tuple[str, ...] = ()
    persons: int | None = None
    persons_band: str = ""
    records: int | None = None
    records_band: str = ""


def leak_in(said: Mapping[str, Any]) -> Leak | None:
    """What the cleaned fields of a form say of the data, if they say anything."""
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
    """What nobody said is empty: it is never taken for « Je ne sais pas », which is an answer."""

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
    # Somebody else may read the mailbox that is given: mails carry neither the code nor words of the case.
    mail_without_code: bool = False


@dataclass(frozen=True, kw_only=True)
class Submission:
    """How it came: `key` is the form's or the request's own, so that what is sent twice is one incident.

    `key` must be unguessable or bound to the sender, since it gives back the same incident.
    """

    key: str
    origin: str
    # The sender holds a lock under which this key was never used: nothing is asked of it again.
    is_held: bool = False
    digest: str = field(default="")
    # Its declarant gave a number and a word, and asked for a call.
    asks_call_back: bool = False
    # Who filled it in, as they call themselves: two people may complete one declaration.
    author: str = ""
    # A digest of the Internet address that it came from, where nobody with an account answers for it.
    source: str = ""
    # Of what too many came (`services/declaring/limits.py`).
    burst: str = ""
    # By section (`services`, `donnees`…), where somebody else wrote it.
    authors: Mapping[str, str] = field(default_factory=dict)

"""Proposed indicators, which are values found in the texts of a case, with what is already known of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django.http import Http404

from accounts.models import User
from incidents.access import get_incident
from incidents.enums import Ability, DocumentKind, Door
from incidents.facts.shapes import read_story_texts
from incidents.files import vault
from incidents.files.texts import MAX_BYTES, READABLE_TYPES, extract_text
from incidents.indicators.known_values import find_own_domain, is_unrelated_to_attack
from incidents.indicators.observables import TEXT_LIMIT, Indicator, find_indicators
from incidents.indicators.sightings import count_seen_elsewhere, find_ignored_reasons
from incidents.models import Evidence, Incident
from incidents.queries import group_by_section, list_sheets
from incidents.services.evidence.files import get_reading_key
from incidents.services.handling.notes import filter_readable
from incidents.services.handling.readings import record_opening

logger = structlog.get_logger(__name__)

ROWS_READ = 200
MAX_PROPOSALS = 200


class Source(NamedTuple):
    """A text of the case, with the kind of document that it comes from."""

    origin: DocumentKind
    text: str


class Proposal(NamedTuple):
    """A proposed value.

    `ignored` tells why the centre ignores the value, or is "". `seen_elsewhere` is how many other cases of the user's
    centres have it.
    """

    indicator: Indicator
    origins: tuple[DocumentKind, ...]
    is_kept: bool
    seen_elsewhere: int
    ignored: str


@dataclass
class Proposals:
    """The proposed values of a case.

    `innocent` is the number of values that say nothing of an attack, `too_many` the number of values beyond
    `MAX_PROPOSALS`. `left_out` lists the kinds of documents that were not read to their end.
    """

    rows: list[Proposal] = field(default_factory=list)
    innocent: int = 0
    left_out: tuple[DocumentKind, ...] = ()
    too_many: int = 0


def propose_values(incident: Incident, user: User) -> Proposals:
    """Return the values found in the first TEXT_LIMIT characters of the texts of the case.

    `incident` must be loaded `with_displayed_rows`.
    """
    return build_proposals(incident, user, list_texts(incident))


def propose_from_file(*, reference: str, actor: User, uid: UUID) -> tuple[Evidence, Proposals]:
    """Return an evidence file and the values found in it.

    The declarant sees that `actor` opened the file. Raises Http404 if it is no text file or too large,
    PermissionDenied, Erased, vault.NotReadable.
    """
    incident = get_incident(actor, reference, to=Ability.EVIDENCE, door=Door.OBSERVABLES)
    evidence = list_text_files(incident).filter(uid=uid).first()
    if evidence is None:
        raise Http404
    content = b"".join(vault.read_object(evidence.storage_name, get_reading_key(incident)))
    record_opening(evidence=evidence, reader=actor)
    logger.info("evidence read for observables", evidence=str(uid), user=actor.pk)
    words = extract_text(content, evidence.media_type)
    return evidence, build_proposals(incident, actor, [Source(DocumentKind.FILE, words)])


def list_text_files(incident: Incident) -> QuerySet[Evidence]:
    current_files = incident.evidence.filter(taken_back_at=None)
    return current_files.filter(media_type__in=READABLE_TYPES, size__lte=MAX_BYTES).order_by("number")


def list_texts(incident: Incident) -> Iterator[Source]:
    """Yield the declaration and the newest answers of each section, then the messages of the declarant,
    notes and file names, newest first.
    """
    yield Source(DocumentKind.DECLARATION, "\n".join(read_story_texts(incident.story).values()))
    for section, sheets in group_by_section(list_sheets(incident)).items():
        if section != "rappel":  # the person to call back is no trace of an attack
            yield Source(DocumentKind.ANSWERS, "\n".join(line.words for line in sheets[0].lines))
    received = incident.messages.filter(is_from_csirt=False)  # a link that the centre sent is no trace of an attack
    for text in received.order_by("-id").values_list("text", flat=True)[:ROWS_READ]:
        yield Source(DocumentKind.MESSAGE, text)
    for text in filter_readable(incident.notes.all()).order_by("-id").values_list("text", flat=True)[:ROWS_READ]:
        yield Source(DocumentKind.NOTE, text)
    names = incident.evidence.filter(taken_back_at=None).order_by("-number").values_list("name", flat=True)[:ROWS_READ]
    yield Source(DocumentKind.FILE, "\n".join(names))


def build_proposals(incident: Incident, user: User, sources: Iterable[Source]) -> Proposals:
    origins, left_out = collect_values(sources)
    own_domains, persons = list_own_domains(incident), {incident.story.contact_email.lower()}
    suspicious = [
        observable
        for observable in origins
        if not is_unrelated_to_attack(observable, own=own_domains, persons=persons)
    ]
    proposed = suspicious[:MAX_PROPOSALS]
    existing = set(incident.observables.values_list("kind", "value"))
    elsewhere, ignored = count_seen_elsewhere(proposed, incident, user), find_ignored_reasons(proposed, incident)
    rows = [
        Proposal(
            observable,
            tuple(origins[observable]),
            observable in existing,
            elsewhere.get(observable, 0),
            ignored.get(observable, ""),
        )
        for observable in proposed
    ]
    return Proposals(rows, len(origins) - len(suspicious), left_out, len(suspicious) - len(proposed))


def collect_values(
    sources: Iterable[Source],
) -> tuple[dict[Indicator, dict[DocumentKind, None]], tuple[DocumentKind, ...]]:
    """Return the kinds of documents in which each value was found, and those that were not read to their end."""
    origins: dict[Indicator, dict[DocumentKind, None]] = {}
    left_out: dict[DocumentKind, None] = {}
    remaining_length = TEXT_LIMIT
    for origin, text in sources:
        if len(text) > remaining_length:
            left_out[origin] = None
        for observable in find_indicators(text[:remaining_length]):
            origins.setdefault(observable, {})[origin] = None
        remaining_length -= min(remaining_length, len(text))
    return origins, tuple(left_out)


def list_own_domains(incident: Incident) -> set[str]:
    """Return the domains of the mail addresses of the declarant and of the centre."""
    channel = incident.csirt.notification_email if incident.csirt else ""
    return {find_own_domain(incident.story.contact_email), find_own_domain(channel)} - {""}

"""Proposed indicators, which are values found in the texts of a case, with what is already known of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django.http import Http404

from accounts.models import User
from collectivities.zones import PARIS
from incidents.access import get_incident, record_accesses
from incidents.enums import Ability, DocumentKind, Door
from incidents.facts.description import Section
from incidents.facts.shapes import read_story_texts
from incidents.files import vault
from incidents.files.texts import MAX_BYTES, READABLE_TYPES, extract_text
from incidents.indicators.known_values import find_own_domain, is_unrelated_to_attack
from incidents.indicators.observables import TEXT_LIMIT, Indicator, find_indicators
from incidents.indicators.sightings import map_ignored_values, map_other_case_counts
from incidents.models import AnswerSheet, Evidence, Incident, Message, Note
from incidents.queries import MAX_SHEETS, DisplayedSheet, group_sheets_by_section, list_sheets
from incidents.questions.catalogue import SNAPSHOTS
from incidents.services.evidence.files import get_reading_key
from incidents.services.handling.notes import filter_readable_notes
from incidents.services.handling.readings import record_file_opening

logger = structlog.get_logger(__name__)

ROWS_READ = 200
MAX_PROPOSALS = 200
MAX_DUPLICATES_READ = 20
BEFORE_CORRECTION, OF_DUPLICATE = "avant correction", "d’un double"


class TextOrigin(NamedTuple):
    """The kind of document in which a value was found.

    `version` is "" for a current text of the case. Otherwise it is BEFORE_CORRECTION or OF_DUPLICATE.
    """

    kind: DocumentKind
    version: str = ""

    @property
    def label(self) -> str:
        """Return the origin in French, such as « déclaration avant correction »."""
        return f"{self.kind.label} {self.version}".rstrip()


class SourceText(NamedTuple):
    """A text of the case or of a duplicate, with its origin."""

    origin: TextOrigin
    text: str


class IndicatorProposal(NamedTuple):
    """A value that is proposed as an indicator of the case.

    `ignored` tells why the centre ignores the value, or is "". `seen_elsewhere` is the number of other cases, in the
    centres of the user, that have the value.
    """

    indicator: Indicator
    origins: tuple[TextOrigin, ...]
    is_recorded: bool
    seen_elsewhere: int
    ignored: str


@dataclass
class IndicatorProposals:
    """The values that are proposed as indicators of a case (`rows`).

    `harmless_count` counts the values that tell nothing about an attack, `omitted_count` the values beyond
    `MAX_PROPOSALS`. `unread_origins` lists the origins of the texts that were not read to their end. `is_decoded` is
    False if a part of the mail was read without being decoded, so that values in it may be missing.
    """

    rows: list[IndicatorProposal] = field(default_factory=list)
    harmless_count: int = 0
    unread_origins: tuple[TextOrigin, ...] = ()
    omitted_count: int = 0
    is_decoded: bool = True


def propose_indicators(incident: Incident, user: User) -> IndicatorProposals:
    """Return the values found in the texts of the case and of its duplicates, as proposed indicators.

    Only the first TEXT_LIMIT characters are read, those of the case first. `incident` must be loaded
    `with_displayed_rows`. An access of `user` to each duplicate is recorded.
    """
    duplicates = list_duplicates(incident, user)
    record_accesses(user, duplicates, Door.BESIDE)
    return build_proposals(
        incident, user, [*list_case_texts(incident), *list_duplicate_texts(duplicates)], duplicates=duplicates
    )


def list_duplicates(incident: Incident, user: User) -> list[Incident]:
    """Return up to `MAX_DUPLICATES_READ` duplicates of the case, oldest first.

    Erased duplicates, and those that this person may not see, are left out.
    """
    merged = Incident.objects.visible_to(user).filter(merged_into=incident, erased_at=None)
    return list(merged.select_related("story").order_by("received_at", "id")[:MAX_DUPLICATES_READ])


def propose_indicators_from_file(*, reference: str, actor: User, uid: UUID) -> tuple[Evidence, IndicatorProposals]:
    """Return an evidence file and the values found in it, as proposed indicators.

    The declarant sees that `actor` opened the file. Raises Http404 if the file is not a text file or is too large.
    Raises PermissionDenied, CaseErased, vault.NotReadable.
    """
    incident = get_incident(actor, reference, to=Ability.EVIDENCE, door=Door.OBSERVABLES)
    evidence = list_text_files(incident).filter(uid=uid).first()
    if evidence is None:
        raise Http404
    content = b"".join(vault.read_object(evidence.storage_name, get_reading_key(incident)))
    record_file_opening(evidence=evidence, reader=actor)
    logger.info("evidence read for observables", evidence=str(uid), user=actor.pk)
    text, is_decoded = extract_text(content, evidence.media_type)
    proposals = build_proposals(incident, actor, [SourceText(TextOrigin(DocumentKind.FILE), text)])
    return evidence, replace(proposals, is_decoded=is_decoded)


def list_text_files(incident: Incident) -> QuerySet[Evidence]:
    """Return the evidence files of the case whose text can be read, in the order of their numbers."""
    current_files = incident.evidence.filter(taken_back_at=None)
    return current_files.filter(media_type__in=READABLE_TYPES, size__lte=MAX_BYTES).order_by("number")


def list_case_texts(incident: Incident) -> Iterator[SourceText]:
    """Yield the texts of the case, the most useful first.

    First come the declaration and the newest answers of each section. Then come the messages of the declarant, the
    notes and the file names, newest first. Last come the texts that corrections replaced.
    """
    sections = group_sheets_by_section(list_sheets(incident))
    # The person to call back is not a trace of an attack.
    sections.pop(Section.CALLER, None)
    yield SourceText(TextOrigin(DocumentKind.DECLARATION), "\n".join(read_story_texts(incident.story).values()))
    for sheets in sections.values():
        yield SourceText(TextOrigin(DocumentKind.ANSWERS), join_lines(sheets[:1]))
    yield from list_written_texts([incident], version="")
    for section, sheets in sections.items():
        kind = DocumentKind.DECLARATION if section in SNAPSHOTS else DocumentKind.ANSWERS
        yield SourceText(TextOrigin(kind, BEFORE_CORRECTION), join_lines(sheets[1:], without=sheets[:1]))


def join_lines(sheets: Iterable[DisplayedSheet], *, without: Iterable[DisplayedSheet] = ()) -> str:
    """Return the answers of the sheets as one text, without repetition.

    Answers that are also in the sheets `without` are left out.
    """
    left_out = {line.words for sheet in without for line in sheet.lines}
    texts = dict.fromkeys(line.words for sheet in sheets for line in sheet.lines if line.words not in left_out)
    return "\n".join(texts)


def list_duplicate_texts(duplicates: Sequence[Incident]) -> Iterator[SourceText]:
    """Yield the texts of these duplicates. Runs four queries, or none without a duplicate."""
    if not duplicates:
        return
    for duplicate in duplicates:
        words = "\n".join(read_story_texts(duplicate.story).values())
        yield SourceText(TextOrigin(DocumentKind.DECLARATION, OF_DUPLICATE), words)
    sheets = AnswerSheet.objects.filter(incident__in=duplicates).exclude(section=Section.CALLER).order_by("-id")
    # Any time zone will do here: times are never indicators.
    views = [DisplayedSheet(sheet, PARIS) for sheet in sheets[:MAX_SHEETS]]
    yield SourceText(TextOrigin(DocumentKind.ANSWERS, OF_DUPLICATE), join_lines(views))
    yield from list_written_texts(duplicates, version=OF_DUPLICATE)


def list_written_texts(incidents: Sequence[Incident], *, version: str) -> Iterator[SourceText]:
    """Yield the messages of the declarants, notes and file names of these cases, newest first. Runs three queries."""
    # A link that the centre sent is not a trace of an attack.
    received = Message.objects.filter(incident__in=incidents, is_from_csirt=False)
    for text in received.order_by("-id").values_list("text", flat=True)[:ROWS_READ]:
        yield SourceText(TextOrigin(DocumentKind.MESSAGE, version), text)
    notes = filter_readable_notes(Note.objects.filter(incident__in=incidents)).order_by("-id")
    for text in notes.values_list("text", flat=True)[:ROWS_READ]:
        yield SourceText(TextOrigin(DocumentKind.NOTE, version), text)
    files = Evidence.objects.filter(incident__in=incidents, taken_back_at=None).order_by("-id")
    yield SourceText(
        TextOrigin(DocumentKind.FILE, version), "\n".join(files.values_list("name", flat=True)[:ROWS_READ])
    )


def build_proposals(
    incident: Incident, user: User, sources: Iterable[SourceText], *, duplicates: Sequence[Incident] = ()
) -> IndicatorProposals:
    """Return the proposed indicators that these texts contain.

    The mail addresses of the declarants of the case and of `duplicates` are counted as harmless.
    """
    origins, left_out = collect_values(sources)
    persons = {case.story.contact_email.lower() for case in (incident, *duplicates)}
    own_domains = list_own_domains(incident, persons)
    suspicious = [
        observable
        for observable in origins
        if not is_unrelated_to_attack(observable, own=own_domains, persons=persons)
    ]
    proposed = suspicious[:MAX_PROPOSALS]
    existing = set(incident.observables.values_list("kind", "value"))
    elsewhere, ignored = map_other_case_counts(proposed, incident, user), map_ignored_values(proposed, incident)
    rows = [
        IndicatorProposal(
            observable,
            tuple(origins[observable]),
            observable in existing,
            elsewhere.get(observable, 0),
            ignored.get(observable, ""),
        )
        for observable in proposed
    ]
    return IndicatorProposals(rows, len(origins) - len(suspicious), left_out, len(suspicious) - len(proposed))


def collect_values(
    sources: Iterable[SourceText],
) -> tuple[dict[Indicator, dict[TextOrigin, None]], tuple[TextOrigin, ...]]:
    """Return the origins of each value found, and the origins of the texts that were not read to their end."""
    origins: dict[Indicator, dict[TextOrigin, None]] = {}
    left_out: dict[TextOrigin, None] = {}
    remaining_length = TEXT_LIMIT
    for origin, text in sources:
        if len(text) > remaining_length:
            left_out[origin] = None
        for observable in find_indicators(text[:remaining_length]):
            origins.setdefault(observable, {})[origin] = None
        remaining_length -= min(remaining_length, len(text))
    return origins, tuple(left_out)


def list_own_domains(incident: Incident, declarant_addresses: Iterable[str]) -> set[str]:
    """Return the domains that belong to the declarants and to the centre, without those of mail providers."""
    channel = incident.csirt.notification_email if incident.csirt else ""
    return {find_own_domain(mailbox) for mailbox in (*declarant_addresses, channel)} - {""}

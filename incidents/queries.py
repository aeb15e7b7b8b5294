"""Queries that the pages of declarants and of responders share: answers and corrections, files, readers of a case, and
the events that its body may read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q

from collectivities.zones import find_zone
from incidents.enums import Door, EventKind
from incidents.models import AnswerSheet, Evidence, Incident, Opening
from incidents.querysets import holder_works_for_centre
from incidents.questions.catalogue import SNAPSHOTS, QuestionSection, get_current_version
from incidents.questions.facts import OMITTED_TEXTS, SNAPSHOT_TITLES, get_section_title, list_sheet_facts
from incidents.questions.formatting import DisplayedFact
from incidents.workflow import is_abandoned

# The kinds of events that the body can read as sentences on its follow-up page. Events of other kinds are internal to
# the centre.
KINDS_VISIBLE_TO_BODY = (
    *(EventKind.DECLARED, EventKind.ACKNOWLEDGED, EventKind.VERIFIED, EventKind.CLOSED, EventKind.REOPENED),
    *(EventKind.TRANSFERRED, EventKind.FACTS, EventKind.FILE, EventKind.MESSAGE, EventKind.WITHDRAWN, EventKind.RATED),
    *(
        EventKind.REROUTED,
        EventKind.FILE_TAKEN_BACK,
        EventKind.CLAIMED,
        EventKind.SHARED,
        EventKind.UNSHARED,
        EventKind.LINK_ROTATED,
        EventKind.ERASED,
    ),
)
# These events are displayed only on the page of the duplicate, because the declarant of the main case must not learn
# of the merge.
MERGE_KINDS = (EventKind.MERGED, EventKind.UNMERGED)
# These events are internal to the centre, except when they leave a case without anybody in charge.
ASSIGNMENT_KINDS = (EventKind.ASSIGNED, EventKind.HANDED_OVER)
# The notes of a centre are internal, except that a call changed declared facts.
CALLS_WITH_FACTS = Q(kind=EventKind.NOTED, data__sections__0__isnull=False)
VISIBLE_TO_BODY = (
    Q(kind__in=KINDS_VISIBLE_TO_BODY)
    | CALLS_WITH_FACTS
    | Q(kind__in=MERGE_KINDS, data__has_key="main")
    | Q(kind__in=ASSIGNMENT_KINDS, data__put_back=True)
)
MAX_SHEETS = 400


@dataclass(frozen=True)
class DisplayedSheet:
    """An answer sheet, with the time zone in which its answers are displayed."""

    sheet: AnswerSheet
    zone: str

    @cached_property
    def lines(self) -> list[DisplayedFact]:
        """Return the answers to display. There are none if the texts of the case were erased."""
        return list_sheet_facts(self.sheet.section, self.sheet.version, self.sheet.values, self.zone)

    @property
    def has_only_omitted_facts(self) -> bool:
        """Tell whether the sheet contains only facts that the declaration left out. False for an erased sheet, which
        contains none.
        """
        return bool(self.sheet.values) and all(line.words in OMITTED_TEXTS for line in self.lines)

    @property
    def title(self) -> str:
        return get_section_title(self.sheet.section, self.sheet.version)

    @property
    def author_name(self) -> str:
        """Return the name that the author gave, or else the name of their account. Without either, return « une
        personne qui n’a pas signé ».
        """
        account = self.sheet.actor.display_name if self.sheet.actor else ""
        return self.sheet.author or account or "une personne qui n’a pas signé"


@dataclass(frozen=True)
class UsefulSection:
    """A section in the list of what would still help the centre (« Ce qui aiderait encore »), with its newest answer
    sheet.
    """

    code: str
    title: str
    why: str
    question_count: int = 0
    answer_count: int = 0
    newest: DisplayedSheet | None = None
    has_earlier: bool = False

    @property
    def is_facts_section(self) -> bool:
        """Tell whether the section contains declared facts instead of questions. Such a section is corrected, not
        answered.
        """
        return self.code in SNAPSHOTS

    @property
    def is_open(self) -> bool:
        """Tell whether the section consists of questions and has no answer yet. This is also true if somebody saved
        the section without an answer.
        """
        return not self.is_facts_section and not self.answer_count

    @property
    def unanswered_count(self) -> int:
        """Return how many questions of the section have no answer yet."""
        return self.question_count - self.answer_count


@dataclass(frozen=True)
class AccessSummary:
    """How often one person of a centre accessed a case through one door, and when first and last."""

    door: Door
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Reader:
    """A person of a centre who saw texts of a case. `accesses` has one entry for each door, in the order of their
    first use.
    """

    name: str
    centre: str
    accesses: list[AccessSummary]

    @property
    def opened_at(self) -> datetime | None:
        """Return when this person first opened the case. Return None if they only saw an excerpt in a search."""
        return min((access.first_at for access in self.accesses if access.door != Door.SEARCH), default=None)


def is_case_abandoned(incident: Incident) -> bool:
    """Tell whether somebody must take the case over, as `is_abandoned` defines it. Runs at most one query."""
    if not is_abandoned(incident.status, incident.assignee_id, has_holder=False):
        return False
    return not Incident.objects.filter(holder_works_for_centre(), pk=incident.pk).exists()


def list_readers(incident: Incident) -> list[Reader]:
    """Return the people of centres who saw texts of the case, in the order of their first access. Runs one query."""
    of_case = incident.read_log.values_list("user", "csirt", "user__display_name", "csirt__name", "door")
    spans = of_case.annotate(times=Count("pk"), first_at=Min("at"), last_at=Max("at")).order_by("first_at", "user")
    readers: dict[tuple[int, int], Reader] = {}
    for user, csirt, name, centre, door, *span in spans:
        readers.setdefault((user, csirt), Reader(name, centre, [])).accesses.append(AccessSummary(Door(door), *span))
    return list(readers.values())


def list_sheets(incident: Incident) -> list[DisplayedSheet]:
    """Return the answer sheets of the case, newest first, at most MAX_SHEETS. Runs one query."""
    zone = find_zone(incident.collectivity)
    sheets = incident.sheets.select_related("actor").order_by("-id")[:MAX_SHEETS]
    return [DisplayedSheet(sheet, zone) for sheet in sheets]


def group_sheets_by_section(sheets: Iterable[DisplayedSheet]) -> dict[str, list[DisplayedSheet]]:
    """Return a dict from the code of each section to its sheets, newest first. `sheets` must be in this order."""
    by_code: dict[str, list[DisplayedSheet]] = {}
    for sheet in sheets:
        by_code.setdefault(sheet.sheet.section, []).append(sheet)
    return by_code


def list_useful_sections(incident: Incident, sheets: Iterable[DisplayedSheet]) -> list[UsefulSection]:
    """Return the sections of questions for this type of incident, followed by the sections of declared facts."""
    by_code = group_sheets_by_section(sheets)
    questions = [
        build_useful_section(section, by_code.get(section.code, []))
        for section in get_current_version().list_sections(incident.type)
    ]
    facts = [
        UsefulSection(
            code,
            SNAPSHOT_TITLES[code],
            "",
            newest=find_newest_answer_sheet(by_code, code),
            has_earlier=has_earlier_sheets(by_code, code),
        )
        for code in SNAPSHOTS
    ]
    return questions + facts


def build_useful_section(section: QuestionSection, sheets: list[DisplayedSheet]) -> UsefulSection:
    """Return a section of questions with the number of its questions and of its answers. A question does not count if
    the answer to another question excludes it.
    """
    newest = sheets[0] if sheets else None
    answers = newest.sheet.values if newest else {}
    excluded = sum(q.code not in answers and q.find_excluding_answer(answers) is not None for q in section.questions)
    return UsefulSection(
        section.code,
        section.title,
        section.why,
        question_count=len(section.questions) - excluded,
        answer_count=sum(question.code in answers for question in section.questions),
        newest=newest,
        has_earlier=len(sheets) > 1,
    )


def find_newest_answer_sheet(sheets: dict[str, list[DisplayedSheet]], code: str) -> DisplayedSheet | None:
    """Return the newest sheet of a section, or None."""
    return next(iter(sheets.get(code, [])), None)


def has_earlier_sheets(sheets: dict[str, list[DisplayedSheet]], code: str) -> bool:
    """Tell whether a section has more than one sheet."""
    return len(sheets.get(code, [])) > 1


class ReaderOpenings(NamedTuple):
    """A person of the CSIRT who opened one evidence file. The row says how often, when first and when last."""

    reader: int
    name: str
    times: int
    first_at: datetime
    last_at: datetime


class OpenedEvidence(NamedTuple):
    """An evidence file with the people who opened it. `opened` may be empty."""

    evidence: Evidence
    opened: list[ReaderOpenings]


class Opener(NamedTuple):
    """A member of the CSIRT who opened evidence: the number of files, and when the last file was opened."""

    name: str
    file_count: int
    last_opened_at: datetime


def list_opened_evidence(incident: Incident) -> list[OpenedEvidence]:
    """Return the evidence files in the order of their numbers, each with the people who opened it. Runs two queries,
    or one if there are no files.
    """
    return pair_files_with_readers(list(incident.evidence.order_by("number")))


def count_remaining_files(pieces: Iterable[OpenedEvidence]) -> int:
    """Return how many evidence files the case still contains. Files that the declarant took back do not count."""
    return sum(piece.evidence.taken_back_at is None for piece in pieces)


def pair_files_with_readers(evidence: list[Evidence]) -> list[OpenedEvidence]:
    """Return these files, each with the people who opened it. Runs one query, or none without files."""
    opened = map_openings(evidence) if evidence else {}
    return [OpenedEvidence(piece, opened.get(piece.pk, [])) for piece in evidence]


def map_openings(evidence: Iterable[Evidence]) -> dict[int, list[ReaderOpenings]]:
    """Return a dict from the key of each file to the people who opened it, in the order of their first opening."""
    opened: dict[int, list[ReaderOpenings]] = {}
    openings = Opening.objects.filter(evidence__in=[piece.pk for piece in evidence]).values_list(
        "evidence", "user", "user__display_name"
    )
    spans = openings.annotate(times=Count("id"), first_at=Min("at"), last_at=Max("at"))
    for piece, *span in spans.order_by("first_at", "user"):
        opened.setdefault(piece, []).append(ReaderOpenings(*span))
    return opened


def list_openers(pieces: Iterable[OpenedEvidence]) -> list[Opener]:
    """Return the people who opened at least one of these files, the latest opening first."""
    people: dict[int, Opener] = {}
    for opened in (opened for piece in pieces for opened in piece.opened):
        before = people.get(opened.reader, Opener(opened.name, 0, opened.last_at))
        people[opened.reader] = Opener(opened.name, before.file_count + 1, max(before.last_opened_at, opened.last_at))
    return sorted(people.values(), key=lambda opener: opener.last_opened_at, reverse=True)

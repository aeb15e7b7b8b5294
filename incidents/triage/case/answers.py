"""The answers and corrections that came from the declarant or the body since the declaration, with their authors,
dates and former values. Texts are defanged, so that no program turns them into links.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from core.text import defang_links
from incidents.models import Incident
from incidents.queries import DisplayedSheet, group_sheets_by_section, list_sheets
from incidents.questions.catalogue import SNAPSHOTS


@dataclass(frozen=True)
class SheetVersion:
    """One version of the answers to a section, with defanged texts."""

    answer: DisplayedSheet

    @property
    def who(self) -> str:
        """The name of the author, defanged."""
        return defang_links(self.answer.author_name)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The (label, text) pairs of the answers, defanged."""
        return [(line.label, defang_links(line.words)) for line in self.answer.lines]


class FormerValue(NamedTuple):
    """A replaced value and when it was replaced, as in « Civil : arrêté, 40 personnes, jusqu’à 14 h 10 »."""

    label: str
    words: str
    until: datetime


@dataclass(frozen=True)
class SectionBlock:
    """A section of answers: its newest version, and its earlier versions from the newest to the oldest.

    `is_facts_section` is true if the section consists of declared facts that were corrected.
    """

    newest: SheetVersion
    earlier: list[SheetVersion]
    is_facts_section: bool

    @cached_property
    def replaced_values(self) -> list[FormerValue]:
        """Return the values that were replaced, the latest first. A value that was only added is left out."""
        sheets = [self.newest, *self.earlier]
        return [value for later, before in pairwise(sheets) for value in list_replaced_values(before, later)]

    @property
    def title(self) -> str:
        return self.newest.answer.title


def list_replaced_values(before: SheetVersion, later: SheetVersion) -> Iterator[FormerValue]:
    """Yield each value of `before` that `later` changed or removed."""
    now = dict(later.lines)
    for label, words in before.lines:
        if now.get(label) != words:
            yield FormerValue(label, words, later.answer.sheet.written_at)


def list_section_blocks(incident: Incident) -> list[SectionBlock]:
    """Return the answered sections, then the declared facts that were corrected. Runs one query."""
    blocks = list(build_section_blocks(list_sheets(incident)))
    return sorted(blocks, key=lambda block: block.is_facts_section)


def build_section_blocks(answers: list[DisplayedSheet]) -> Iterator[SectionBlock]:
    """Yield the block of each section. Declared facts that were never corrected have no block."""
    for section, sheets in group_sheets_by_section(answers).items():
        is_facts_section = section in SNAPSHOTS
        if is_facts_section and len(sheets) == 1:
            continue  # the facts are as declared, and the page shows them elsewhere
        newest, *earlier = [SheetVersion(sheet) for sheet in sheets]
        yield SectionBlock(newest, earlier, is_facts_section)

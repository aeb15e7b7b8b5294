"""The answers and corrections of the declarant's side since the declaration, with their authors, dates and former
values. Texts are defanged, so that no program turns them into links.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from core.text import break_links
from incidents.models import Incident
from incidents.queries import Kept, by_section, sheets_of
from incidents.questions.catalogue import SNAPSHOTS


@dataclass(frozen=True)
class Version:
    """One sheet, with defanged texts. `lines` holds (label, text) pairs."""

    kept: Kept

    @property
    def who(self) -> str:
        return break_links(self.kept.who)

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(line.label, break_links(line.words)) for line in self.kept.lines]


class Past(NamedTuple):
    """A former value and when another one replaced it, such as « Civil : arrêté, 40 personnes, jusqu’à 14 h 10 »."""

    label: str
    words: str
    until: datetime


@dataclass(frozen=True)
class SectionBlock:
    """One section: its newest sheet and the former ones, newest first."""

    newest: Version
    earlier: list[Version]
    is_facts: bool

    @cached_property
    def past(self) -> list[Past]:
        """Return the values that were replaced, the latest first. A value that was only added is not listed."""
        sheets = [self.newest, *self.earlier]
        return [one for later, before in pairwise(sheets) for one in replaced(before, later)]

    @property
    def title(self) -> str:
        return self.newest.kept.title


def replaced(before: Version, later: Version) -> Iterator[Past]:
    now = dict(later.lines)
    for label, words in before.lines:
        if now.get(label) != words:
            yield Past(label, words, later.kept.sheet.written_at)


def answers_of(incident: Incident) -> list[SectionBlock]:
    """Return the answered sections, then the declared facts that were corrected. One query."""
    blocks = list(blocks_of(sheets_of(incident)))
    return sorted(blocks, key=lambda block: block.is_facts)


def blocks_of(kept: list[Kept]) -> Iterator[SectionBlock]:
    for section, sheets in by_section(kept).items():
        is_facts = section in SNAPSHOTS
        if is_facts and len(sheets) == 1:
            continue  # unchanged since the declaration: shown elsewhere on the page
        newest, *earlier = [Version(one) for one in sheets]
        yield SectionBlock(newest, earlier, is_facts)

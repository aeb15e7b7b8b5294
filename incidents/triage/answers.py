"""What the declarant's side answered and corrected since the declaration, as a responder reads it: words that no
program makes clickable, who wrote them and when, and the values before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from incidents.models import Incident
from incidents.queries import Kept, by_section, sheets_of
from incidents.questions.catalogue import SNAPSHOTS
from incidents.text import defanged


@dataclass(frozen=True)
class Version:
    """One sheet, defanged: (label, words) a line."""

    kept: Kept

    @property
    def who(self) -> str:
        return defanged(self.kept.who)

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(line.label, defanged(line.words)) for line in self.kept.lines]


class Past(NamedTuple):
    """« Civil : arrêté, 40 personnes, jusqu’à 14 h 10 »: a value, and when another took its place."""

    label: str
    words: str
    until: datetime


@dataclass(frozen=True)
class SectionBlock:
    """One section: the newest sheet, and those before it, newest first."""

    newest: Version
    earlier: list[Version]
    is_facts: bool

    @cached_property
    def past(self) -> list[Past]:
        """The values that were replaced, the last one first; what was only added has none."""
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
    """The sections answered, then the declared facts that were corrected, in one query."""
    blocks = list(blocks_of(sheets_of(incident)))
    return sorted(blocks, key=lambda block: block.is_facts)


def blocks_of(kept: list[Kept]) -> Iterator[SectionBlock]:
    for section, sheets in by_section(kept).items():
        is_facts = section in SNAPSHOTS
        if is_facts and len(sheets) == 1:
            continue  # as declared: the page says it elsewhere
        newest, *earlier = [Version(one) for one in sheets]
        yield SectionBlock(newest, earlier, is_facts)

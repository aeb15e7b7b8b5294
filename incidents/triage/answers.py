"""What the declarant's side answered and corrected since the declaration, as a responder reads it: words that no
program makes clickable, who wrote them and when, and the values before."""

from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True)
class SectionBlock:
    """One section: the newest sheet, and those before it, newest first."""

    newest: Version
    earlier: list[Version]
    is_facts: bool

    @property
    def title(self) -> str:
        return self.newest.kept.title


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

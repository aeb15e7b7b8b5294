"""How each field of a declaration is described, as metadata of the dataclasses in `shapes.py`."""

from dataclasses import dataclass, field, fields
from enum import StrEnum, auto
from typing import Any

from django.db.models import Choices

DESCRIBED = "fact"
LINE_LIMIT, MAIL_LIMIT = 120, 254


class Kind(StrEnum):
    """The kind of an answer. Lines and texts are words that somebody wrote; erasing a case empties them."""

    LINE = auto()
    TEXT = auto()
    CHOICE = auto()
    CHOICES = auto()
    COUNT = auto()
    FLAG = auto()
    MOMENT = auto()
    # A moment with its certainty.
    INSTANT = auto()


WORDS = (Kind.LINE, Kind.TEXT)


class Section(StrEnum):
    """The parts of a declaration, each corrected on a page of its own. The values are parts of addresses."""

    STORY = "recit"
    MOMENTS = "moments"
    SERVICES = "services"
    DATA = "donnees"
    CALLER = "rappel"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One field: the question to a town hall, its short label for a responder, and the bounds of the answer.

    `read` is its label in the history and in the papers, `term` what a centre calls an instant within a sentence.
    `help` is the text beside the question to a town hall. `limit` is the number of characters of a line or a text.
    `section` is the part of the case in which the declarant corrects it; without one, no page corrects it.
    """

    kind: Kind
    question: str
    short: str
    read: str
    term: str = ""
    help: str = ""
    section: str = ""
    choices: type[Choices] | None = None
    limit: int = LINE_LIMIT

    @property
    def options(self) -> list[tuple[Any, str]]:
        """Return the choices, each as (code, label)."""
        return list(self.choices.choices) if self.choices else []

    @property
    def is_words(self) -> bool:
        return self.kind in WORDS


def describe_field(
    kind: Kind, question: str, *, short: str = "", read: str = "", default: Any = "", **more: Any
) -> Any:
    """Return a dataclass field that carries its description. `short` is the question by default, `read` is `short`."""
    short = short or question
    fact = Fact(kind=kind, question=question, short=short, read=read or short, **more)
    return field(default=default, metadata={DESCRIBED: fact})


def map_facts(shape: type, *, section: str = "") -> dict[str, Fact]:
    """Return the described fields of a dataclass by name, in their order; only those of one section if it is given."""
    described_fields = {
        field.name: field.metadata[DESCRIBED] for field in fields(shape) if DESCRIBED in field.metadata
    }
    return {name: fact for name, fact in described_fields.items() if section in ("", fact.section)}

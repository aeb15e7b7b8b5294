"""The description of each field of a declaration, as metadata of the dataclasses in `shapes.py`."""

from dataclasses import dataclass, field, fields
from enum import StrEnum, auto
from typing import Any

from django.db.models import Choices

METADATA_KEY = "fact"
LINE_LIMIT, MAIL_LIMIT = 120, 254


class FieldKind(StrEnum):
    """The kind of an answer. Lines and texts are free text that a person wrote, and erasing a case empties them."""

    LINE = auto()
    TEXT = auto()
    CHOICE = auto()
    CHOICES = auto()
    COUNT = auto()
    FLAG = auto()
    MOMENT = auto()
    # A moment with its certainty.
    INSTANT = auto()


FREE_TEXT_KINDS = (FieldKind.LINE, FieldKind.TEXT)


class Section(StrEnum):
    """The parts of a declaration, each corrected on a page of its own. The values are part of the addresses of these
    pages.
    """

    STORY = "recit"
    MOMENTS = "moments"
    SERVICES = "services"
    DATA = "donnees"
    CALLER = "rappel"


@dataclass(frozen=True, kw_only=True)
class FactField:
    """A field of a declaration: the question that a town hall reads, its short label for a responder, and the limits
    of the answer.

    `history_label` is its label in the history and in documents. `term` is the name of an instant within a sentence
    that a centre reads. `help` is the text beside the question. `limit` is the greatest number of characters of a line
    or a text. `section` is the part of the declaration of which the field is a line: the page that corrects this part
    asks for it by itself. A field without a section is corrected where a form names it.
    """

    kind: FieldKind
    question: str
    short: str
    history_label: str
    term: str = ""
    help: str = ""
    section: str = ""
    choices: type[Choices] | None = None
    limit: int = LINE_LIMIT

    @property
    def options(self) -> list[tuple[Any, str]]:
        """The choices of the answer, each as (code, label)."""
        return list(self.choices.choices) if self.choices else []

    @property
    def is_free_text(self) -> bool:
        return self.kind in FREE_TEXT_KINDS


def describe_field(
    kind: FieldKind, question: str, *, short: str = "", history_label: str = "", default: Any = "", **attributes: Any
) -> Any:
    """Return a dataclass field that has a `FactField` in its metadata. `short` defaults to the question, and
    `history_label` to `short`.
    """
    short = short or question
    fact = FactField(kind=kind, question=question, short=short, history_label=history_label or short, **attributes)
    return field(default=default, metadata={METADATA_KEY: fact})


def map_facts(shape: type, *, section: str = "") -> dict[str, FactField]:
    """Return the described fields of a dataclass by name, in their order. If `section` is given, return only the
    fields of this section.
    """
    described_fields = {
        field.name: field.metadata[METADATA_KEY] for field in fields(shape) if METADATA_KEY in field.metadata
    }
    return {name: fact for name, fact in described_fields.items() if section in ("", fact.section)}

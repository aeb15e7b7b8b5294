"""The versions of the questionnaire, which are read once from the JSON files in this folder and checked when they are
read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from incidents.enums import IncidentType
from incidents.facts.description import Section

FOLDER = Path(__file__).parent
# Sections that no file defines, because they are snapshots of the facts in the rows of the case.
SNAPSHOTS = tuple(Section)
LONGEST_CODE = 24


class QuestionKind(StrEnum):
    """The kind of answer that a question accepts."""

    CHOICE = "choice"
    SEVERAL = "several"
    TEXT = "text"
    LONG = "long"
    MOMENT = "moment"
    AMOUNT = "amount"
    IBAN = "iban"
    URL = "url"
    MAIL = "mail"
    COUNT = "count"


WITH_CHOICES = frozenset({QuestionKind.CHOICE, QuestionKind.SEVERAL})


class InvalidQuestions(Exception):
    """A file of questions contains a question or a section that the forms cannot show."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question. `choices` are (code, label) pairs. `types` are the types of incident to which the question applies,
    and an empty tuple means all types.

    `alone` is the choice that contradicts all the others, such as « Aucun ». `unless` maps codes of other questions of
    the section to the choices that make this question pointless. `future` is true if the answer may be a moment still
    to come.
    """

    code: str
    kind: QuestionKind
    label: str
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    types: tuple[str, ...] = ()
    alone: str = ""
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    future: bool = False

    def find_excluding_answer(self, answers: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return (question code, choice) for an answer that makes this question pointless, or None. `answers` are the
        answers of the section by code.
        """
        for code, excluding in self.unless.items():
            answer = answers.get(code) or []
            codes = [answer] if isinstance(answer, str) else answer
            if choice := next((choice for choice in excluding if choice in codes), ""):
                return code, choice
        return None

    def is_for_type(self, incident_type: str) -> bool:
        """Tell whether the question applies to this type of incident."""
        return not self.types or incident_type in self.types


@dataclass(frozen=True, kw_only=True)
class QuestionSection:
    """A section of the questionnaire. `why` tells the declarant how the answers help."""

    code: str
    title: str
    why: str
    questions: tuple[Question, ...]

    def narrow_to_type(self, incident_type: str) -> "QuestionSection":
        """Return a copy of this section with only the questions for this type of incident."""
        return replace(
            self, questions=tuple(question for question in self.questions if question.is_for_type(incident_type))
        )


@dataclass(frozen=True, kw_only=True)
class QuestionnaireVersion:
    """A version of the questionnaire, read from one JSON file."""

    code: str
    sections: tuple[QuestionSection, ...]

    def find_section(self, code: str) -> QuestionSection | None:
        return next((section for section in self.sections if section.code == code), None)

    def list_sections(self, incident_type: str) -> list[QuestionSection]:
        """Return the sections that have questions for this type of incident, with only these questions."""
        sections = (section.narrow_to_type(incident_type) for section in self.sections)
        return [section for section in sections if section.questions]


@cache
def load_versions() -> Mapping[str, QuestionnaireVersion]:
    """Return all versions of the questionnaire by code, oldest first. Raises InvalidQuestions if a file breaks the
    rules.
    """
    read = (parse_version(json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json")))
    return {version.code: version for version in read}


def get_current_version() -> QuestionnaireVersion:
    """Return the newest version of the questionnaire. New answers are given in this version."""
    return list(load_versions().values())[-1]


def find_version(code: str) -> QuestionnaireVersion:
    """Return the version of the questionnaire with this code, or the newest version if the code is unknown."""
    return load_versions().get(code) or get_current_version()


def parse_version(data: dict[str, Any]) -> QuestionnaireVersion:
    """Return the version that a decoded JSON file contains. Raises InvalidQuestions if it breaks the rules."""
    lists = data.get("lists", {})
    version = QuestionnaireVersion(
        code=data["code"], sections=tuple(parse_section(section, lists) for section in data["sections"])
    )
    codes = [section.code for section in version.sections]
    if len(set(codes)) < len(codes) or set(codes) & set(SNAPSHOTS):
        raise InvalidQuestions(f"{version.code}: sections {codes}")
    return version


def parse_section(data: dict[str, Any], lists: dict[str, Any]) -> QuestionSection:
    """Return the section that decoded JSON contains. `lists` are the lists of choices that questions share, by name.

    Raises InvalidQuestions if the section breaks the rules.
    """
    questions = tuple(parse_question(question, lists) for question in data["questions"])
    codes = [question.code for question in questions]
    is_unsound = not codes or len(set(codes)) < len(codes) or len(data["code"]) > LONGEST_CODE
    if is_unsound or not are_conditions_sound(questions):
        raise InvalidQuestions(f"section {data['code']}: {codes}")
    return QuestionSection(code=data["code"], title=data["title"], why=data["why"], questions=questions)


def are_conditions_sound(questions: tuple[Question, ...]) -> bool:
    """Tell whether every `unless` names other questions of the section, and only choices that these questions have."""
    choices = {question.code: set(dict(question.choices)) for question in questions}
    return all(
        code != question.code and codes and set(codes) <= choices.get(code, set())
        for question in questions
        for code, codes in question.unless.items()
    )


def parse_question(data: dict[str, Any], lists: dict[str, Any]) -> Question:
    """Return the question that decoded JSON contains. `lists` are the lists of choices that questions share, by name.

    Raises InvalidQuestions if the forms cannot show the question.
    """
    listed = data.get("choices", ())
    choices = lists[listed] if isinstance(listed, str) else listed
    question = Question(
        **data
        | {
            "kind": QuestionKind(data["kind"]),
            "choices": tuple((code, label) for code, label in choices),
            "types": tuple(data.get("types", ())),
            "unless": {code: tuple(choices) for code, choices in data.get("unless", {}).items()},
        }
    )
    if not can_be_asked(question):
        raise InvalidQuestions(f"question {question.code}")
    return question


def can_be_asked(question: Question) -> bool:
    """Tell whether the forms can show the question. Its code, its choices and its types of incident are checked."""
    return (
        question.code.isidentifier()
        and len(question.code) <= LONGEST_CODE
        and bool(question.choices) == (question.kind in WITH_CHOICES)
        and len(dict(question.choices)) == len(question.choices)
        and set(question.types) <= set(IncidentType.values)
        and (
            not question.alone or (question.kind == QuestionKind.SEVERAL and question.alone in dict(question.choices))
        )
    )

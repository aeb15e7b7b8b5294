"""Formatting of snapshots. A snapshot contains what the rows of a case contained at some moment, and the history of
the case displays it as earlier values.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from core.french import format_number
from core.telephone import format_phone
from incidents.enums import (
    EXTENT_NOT_STATED,
    NOT_STATED,
    Answer,
    Certainty,
    InterruptionExtent,
    PublicService,
)
from incidents.facts.description import FactField, FieldKind, Section, map_facts
from incidents.facts.shapes import INSTANTS, STORY_LINES, Caller, Declaration, Leak
from incidents.moments import reduce_to_known_end
from incidents.questions.catalogue import QuestionKind, find_version
from incidents.questions.formatting import DisplayedFact, format_moment, format_people, list_displayed_answers
from incidents.questions.plain_labels import PLAIN_TEXTS, join_plain_labels

SNAPSHOT_TITLES: dict[str, str] = {
    Section.STORY: "Ce qui se passe",
    Section.MOMENTS: "Depuis quand",
    Section.SERVICES: "Les services arrêtés ou ralentis",
    Section.DATA: "Les données touchées",
    Section.CALLER: "Qui rappeler",
}
DECLARATION_FACTS, CALLER_FACTS, LEAK_FACTS = map(map_facts, (Declaration, Caller, Leak))
NOTHING_WRITTEN = "rien d’écrit"
# The texts that stand for a fact that the declarant did not give.
OMITTED_TEXTS = (NOT_STATED, NOTHING_WRITTEN)
# The telephone number and the mail address come first.
CALLER_ORDER = tuple(dict.fromkeys(("phone", "email", *CALLER_FACTS)))


def list_sheet_facts(section: str, version: str, values: Mapping[str, Any], zone: str) -> list[DisplayedFact]:
    """Return the answers of one sheet of questions or of facts, ready for display. The list is empty if the texts of
    the sheet were erased.
    """
    list_facts = FACT_LISTERS.get(section)
    if not values:
        return []
    return list(list_facts(values, zone) if list_facts else list_displayed_answers(section, version, values, zone))


def get_section_title(section: str, version: str) -> str:
    """Return the title of a section, or its code if this version of the questionnaire has no such section."""
    if section in SNAPSHOT_TITLES:
        return SNAPSHOT_TITLES[section]
    questions = find_version(version).find_section(section)
    return questions.title if questions else section


def list_story_facts(values: Mapping[str, Any], zone: str) -> Iterator[DisplayedFact]:
    """Yield the texts about the incident in a snapshot. An empty description is shown as « rien d’écrit », and other
    empty texts are left out.
    """
    words = values["description"] or NOTHING_WRITTEN
    yield DisplayedFact(label=DECLARATION_FACTS["description"].history_label, words=words, kind=QuestionKind.LONG)
    for name, fact in STORY_LINES.items():
        if values.get(name):
            yield DisplayedFact(label=fact.history_label, words=values[name])


def list_moment_facts(values: Mapping[str, Any], zone: str) -> Iterator[DisplayedFact]:
    """Yield the instants in a snapshot, in the time zone `zone`."""
    for name, fact in INSTANTS.items():
        at, certainty = parse_moment(values[name]["at"]), values[name]["certainty"]
        words = format_moment(at, zone) or ("pas connu" if certainty == Certainty.UNKNOWN else NOT_STATED)
        roughly = certainty == Certainty.APPROXIMATE
        yield DisplayedFact(label=fact.history_label, words=f"{words}, à peu près" if roughly else words)


def list_service_facts(values: Mapping[str, Any], zone: str) -> Iterator[DisplayedFact]:
    """Yield the interruptions in a snapshot. If there are none, yield the answer to the question whether a service is
    stopped.
    """
    for interruption in values["services"]:
        yield DisplayedFact(
            label=get_choice_label(PublicService, interruption["service"]),
            words=", ".join(list_interruption_parts(interruption, zone)),
        )
    if not values["services"]:
        yield DisplayedFact(
            label=DECLARATION_FACTS["service_stopped"].history_label, words=get_choice_label(Answer, values["stopped"])
        )


def list_interruption_parts(interruption: Mapping[str, Any], zone: str) -> Iterator[str]:
    """Yield the parts of a text such as « arrêté, depuis le …, jusqu’au …, 40 personnes, en attendant : sur
    papier ».
    """
    yield get_choice_label(InterruptionExtent, interruption["extent"]) if interruption["extent"] else EXTENT_NOT_STATED
    if interruption["from"]:
        yield f"depuis le {format_moment(parse_moment(interruption['from']), zone)}"
    if interruption["to"]:
        end = reduce_to_known_end(parse_moment(interruption["from"]), parse_moment(interruption["to"]), zone)
        yield f"jusqu’au {format_moment(end, zone)}"
    if interruption["people"] is not None:
        yield format_people(interruption["people"])
    if interruption["workaround"]:
        yield f"en attendant : {interruption['workaround']}"


def list_data_facts(values: Mapping[str, Any], zone: str) -> Iterator[DisplayedFact]:
    """Yield the facts about the personal data in a snapshot. If the exact number of persons is known, it is shown
    instead of the band.
    """
    yield DisplayedFact(
        label=DECLARATION_FACTS["data_concerned"].history_label, words=get_choice_label(Answer, values["concerned"])
    )
    leak = values["leak"] or {}
    for name, fact in LEAK_FACTS.items():
        if name == "persons_band" and leak.get("persons") is not None:
            yield DisplayedFact(label=fact.history_label, words=format_number(leak["persons"]))
        elif name in PLAIN_TEXTS and name in leak:
            yield DisplayedFact(label=fact.history_label, words=join_plain_labels(name, leak[name]) or NOT_STATED)
        elif name in leak and name != "persons":
            yield DisplayedFact(label=fact.history_label, words=format_fact(fact, leak[name]))


def list_caller_facts(values: Mapping[str, Any], zone: str) -> Iterator[DisplayedFact]:
    """Yield the facts about the person to call back in a snapshot."""
    for name in CALLER_ORDER:
        if values.get(name):
            kind = QuestionKind.MAIL if name == "email" else QuestionKind.TEXT
            words = format_phone(values[name]) if name == "phone" else values[name]
            yield DisplayedFact(label=CALLER_FACTS[name].history_label, words=words, kind=kind)
    if values.get("mail_without_code"):
        yield DisplayedFact(label="Mails", words="ni lien, ni code", kind=QuestionKind.TEXT)


FACT_LISTERS: dict[str, Callable[[Mapping[str, Any], str], Iterator[DisplayedFact]]] = {
    Section.STORY: list_story_facts,
    Section.MOMENTS: list_moment_facts,
    Section.SERVICES: list_service_facts,
    Section.DATA: list_data_facts,
    Section.CALLER: list_caller_facts,
}


def parse_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def format_fact(fact: FactField, value: Any) -> str:
    """Return a stored value as text, or « pas dit » if it is empty."""
    match fact.kind:
        case FieldKind.CHOICE:
            return get_choice_label(fact.choices, value)
        case FieldKind.COUNT if value is not None:
            return format_number(value)
    return str(value or NOT_STATED)


def get_choice_label(choices: Any, code: str) -> str:
    """Return the label of a stored code. Return « pas dit » for an empty code, and the code itself if it is no longer
    in use.
    """
    return str(dict(choices.choices).get(code, code) or NOT_STATED)

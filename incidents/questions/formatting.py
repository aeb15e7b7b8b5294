"""Formatting of answers in the version of the questionnaire in which they were given. Declarants and responders read
the same text.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from stdnum import iban

from collectivities.zones import CLOCK_LABELS
from core.french import NBSP, choose_plural, format_long_day, format_number
from incidents.moments import has_hour
from incidents.questions.catalogue import WITH_CHOICES, Question, QuestionKind, load_versions


@dataclass(frozen=True, kw_only=True)
class DisplayedFact:
    """One answer, ready for display. `words` may be text that a stranger typed if `kind` is text, long, url, mail or
    iban.
    """

    label: str
    words: str
    kind: str = QuestionKind.TEXT


def list_displayed_answers(
    section: str, version: str, values: Mapping[str, Any], zone: str
) -> Iterator[DisplayedFact]:
    """Yield the answers of one sheet, ready for display, in the order of its questions. A stored None means « Je ne
    sais pas ».
    """
    questionnaire = load_versions().get(version)
    asked_section = questionnaire.find_section(section) if questionnaire else None
    for question in asked_section.questions if asked_section else ():
        if question.code in values:
            yield DisplayedFact(
                label=question.label, words=format_answer(question, values[question.code], zone), kind=question.kind
            )


def format_answer(question: Question, value: Any, zone: str) -> str:
    """Return a stored answer as text. Moments are in the time zone `zone`."""
    if value is None:
        return "Je ne sais pas"
    if question.kind in WITH_CHOICES:
        chosen = [value] if isinstance(value, str) else value
        return ", ".join(dict(question.choices).get(code, code) for code in chosen)
    if question.kind == QuestionKind.MOMENT:
        return format_moment(datetime.fromisoformat(value), zone)
    return FORMATTERS.get(question.kind, str)(value)


def format_moment(at: date | datetime | None, zone: str) -> str:
    """Return a text such as « mardi 24 novembre 2026 à 9 h 51 », in the time zone `zone`. A moment without an hour
    gives only the day, and None gives "".
    """
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone)) if isinstance(at, datetime) else at
    day = format_long_day(local.date() if isinstance(local, datetime) else local)
    if not isinstance(local, datetime) or not has_hour(local, zone):
        return day
    return f"{day} à {local.hour}{NBSP}h{NBSP}{local.minute:02}"


def format_zoned_moment(at: datetime, zone: str) -> str:
    """Return the moment with the name of its local time: « … à 8 h 51, heure de Paris »."""
    local = format_moment(at, zone)
    return f"{local}, {CLOCK_LABELS.get(zone, zone)}"


def format_people(number: int) -> str:
    """Return a number of persons as text: 4210 gives « 4 210 personnes »."""
    return choose_plural("%s personne", "%s personnes", number) % format_number(number)


def format_amount(cents: int) -> str:
    """Return an amount in cents as euros: 1234050 gives « 12 340,50 € »."""
    euros, rest = divmod(cents, 100)
    return f"{format_number(euros)},{rest:02}{NBSP}€" if rest else f"{format_number(euros)}{NBSP}€"


def format_iban(number: str) -> str:
    """Return the IBAN in groups of four characters. A note is added if its check digits are wrong."""
    grouped = " ".join(number[start : start + 4] for start in range(0, len(number), 4))
    return grouped if iban.is_valid(number) else f"{grouped} (numéro faux, gardé tel quel)"


FORMATTERS: dict[str, Callable[[Any], str]] = {
    QuestionKind.AMOUNT: format_amount,
    QuestionKind.COUNT: format_number,
    QuestionKind.IBAN: format_iban,
}

"""The rules that the answers to a section must satisfy.

All problems are reported at once, by the code of the question. An IBAN, a web address or an e-mail address that looks
wrong is reported. It is stored as typed if the person insists, because what a swindler wrote is a clue even if it is
false.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from stdnum import iban

from core.fields import LARGEST_NUMBER
from core.text import clean_line, clean_text
from incidents.questions.catalogue import Question, QuestionKind, QuestionSection
from incidents.services.declaring.check import is_mail_address, list_moment_problems

LINE_LIMITS = {QuestionKind.TEXT: 200, QuestionKind.URL: 500, QuestionKind.MAIL: 254, QuestionKind.IBAN: 60}
LONG_TEXT_LIMIT = 3_000
MAX_CENTS = 100_000_000_000
WEB_ADDRESS = re.compile(
    r"^(?:h(?:tt|xx)ps?://|ftp://)?[^\s/@]+(?:\.|\[\.\])[^\s/@.]{2,}(?:[/?#:]\S*)?$", re.IGNORECASE
)


def clean_answers(
    section: QuestionSection, values: Mapping[str, Any], *, keep: Collection[str], now: datetime
) -> dict[str, Any]:
    """Return the answers to store, by the code of their question.

    « Je ne sais pas » is stored as None, and an empty answer is left out. `keep` holds the codes of the questions
    whose odd-looking answer the person insists on. Raises ValidationError by the code of the question.
    """
    clean: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for question in section.questions:
        if question.code not in values:
            continue
        try:
            answer = clean_answer(question, values[question.code], is_oddness_accepted=question.code in keep, now=now)
        except ValidationError as error:
            problems[question.code] = error.messages
        else:
            if answer is None or answer not in ("", []):
                clean[question.code] = answer
    for code, problem in list_contradictions(section, clean):
        problems.setdefault(code, []).append(problem)
    if problems:
        raise ValidationError({code: list(messages) for code, messages in problems.items()})
    return clean


def clean_answer(question: Question, value: Any, *, is_oddness_accepted: bool, now: datetime) -> Any:
    """Return the answer to one question as it is stored. Raises ValidationError."""
    if value is None or value == "":
        return value
    if check := CLEANERS_BY_KIND.get(question.kind):
        return check(question, value)
    if question.kind == QuestionKind.MOMENT:
        return clean_moment(question, value, now)
    line = clean_line(value, limit=LINE_LIMITS[question.kind], field=question.code)
    return clean_short_text(question, line, is_oddness_accepted=is_oddness_accepted)


def clean_choice(question: Question, code: str) -> str:
    """Return the chosen code. Raises ValidationError if the question does not offer it."""
    return clean_choices(question, [code])[0]


def clean_choices(question: Question, codes: Iterable[str]) -> list[str]:
    """Return the chosen codes in the order in which the question offers them.

    Raises ValidationError for a code that is not offered, or for the exclusive choice together with others.
    """
    chosen, choices = list(codes), dict(question.choices)
    if not set(chosen) <= set(choices):
        raise ValidationError("Choisissez dans la liste.")
    if question.alone in chosen and len(set(chosen)) > 1:
        raise ValidationError(f"« {choices[question.alone]} » contredit vos autres réponses. Gardez ce qui est vrai.")
    return [code for code in choices if code in chosen]


def list_contradictions(section: QuestionSection, answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the code of each question whose answer contradicts another answer, and a message.

    The message says which answer it contradicts and what to do.
    """
    by_code = {question.code: question for question in section.questions}
    for question in section.questions:
        if answers.get(question.code) is None:
            continue
        if excluding := question.find_excluding_answer(answers):
            code, choice = excluding
            label = dict(by_code[code].choices)[choice]
            why = f"Vous répondez « {label} » à « {by_code[code].label} »."
            yield question.code, f"{why} Corrigez-le, ou effacez ceci."


def clean_moment(question: Question, at: datetime, now: datetime) -> str:
    """Return the instant in ISO 8601.

    Raises ValidationError for a date more than ten years old, or for a future date unless the question accepts it.
    """
    problems = [] if question.future and at > now else list(list_moment_problems(question.code, at, now))
    if problems:
        raise ValidationError([message for _field, message in problems])
    return at.isoformat()


def clean_number(question: Question, number: int) -> int:
    """Return the number. Raises ValidationError if it is negative or too large. An amount is in cents."""
    most = MAX_CENTS if question.kind == QuestionKind.AMOUNT else LARGEST_NUMBER
    if not 0 <= number <= most:
        raise ValidationError("Ce nombre est trop grand. Vérifiez-le.")
    return number


def clean_long_text(question: Question, text: str) -> str:
    return clean_text(text, limit=LONG_TEXT_LIMIT, field=question.code)


def clean_short_text(question: Question, line: str, *, is_oddness_accepted: bool) -> str:
    """Return the line, with an IBAN in its compact form.

    Raises ValidationError for an odd-looking line, unless `is_oddness_accepted`.
    """
    if question.kind == QuestionKind.IBAN:
        line = iban.compact(line)
    if line and not is_oddness_accepted and (problem := find_oddness(question.kind, line)):
        raise ValidationError(problem, code="odd")
    return line


def find_oddness(kind: QuestionKind, line: str) -> str:
    """Return the French sentence that says why the line looks wrong for this kind of question, or ""."""
    if kind == QuestionKind.IBAN and not iban.is_valid(line):
        return "Ce numéro ne suit pas la règle des IBAN : un signe manque ou diffère. Relisez-le, ou gardez-le."
    if kind == QuestionKind.URL and not WEB_ADDRESS.match(line):
        return "Cela ne ressemble pas à une adresse de site. Exemple : www.exemple.example. Ou gardez-la."
    if kind == QuestionKind.MAIL and not is_mail_address(line):
        return "Cette adresse mail est incomplète. Exemple : nom@exemple.example. Ou gardez-la telle quelle."
    return ""


CLEANERS_BY_KIND: dict[str, Callable[[Question, Any], Any]] = {
    QuestionKind.CHOICE: clean_choice,
    QuestionKind.SEVERAL: clean_choices,
    QuestionKind.COUNT: clean_number,
    QuestionKind.AMOUNT: clean_number,
    QuestionKind.LONG: clean_long_text,
}

"""The filters of the search (`type:`, `pop>`, `du:` …), and how their values are parsed."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple

from collectivities.enums import EPCI
from collectivities.enums import Kind as BodyKind
from core.text import fold_text
from incidents.enums import (
    OPEN,
    TYPE_TERMS,
    Answer,
    Cause,
    DocumentKind,
    IncidentType,
    Nature,
    PublicService,
    Severity,
    Status,
    Tlp,
)

MAX_POPULATION = 100_000_000
DATE_PATTERNS = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})[/.](?P<m>\d{1,2})[/.](?P<y>\d{4})", re.ASCII),
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})", re.ASCII),
    re.compile(r"(?P<m>\d{1,2})/(?P<y>\d{4})", re.ASCII),
    re.compile(r"(?P<y>\d{4})", re.ASCII),
)
DEPARTEMENT = re.compile(r"\d{2}|2[AB]|9[78]\d", re.ASCII)
TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?", re.ASCII)
MAX_TEXT_LENGTH = 120


class BadValue(ValueError):
    """A value that a filter does not accept. The message says what was expected; `close` are similar values."""

    def __init__(self, message: str, close: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.close = tuple(close)


class Range(NamedTuple):
    """A range of whole numbers that includes both ends. An end that is None sets no limit."""

    low: int | None
    high: int | None


class Days(NamedTuple):
    """A range of days that includes both ends. An end that is None sets no limit."""

    first: date | None
    last: date | None


# The value of a filter: codes, one of which the case must have, or a range, days, or free text.
type Value = tuple[str, ...] | Range | Days | str


@dataclass(frozen=True)
class FilterKey:
    """A filter of the search. `example` shows how it is typed. `read` parses its value from the
    operator and the text.
    """

    label: str
    example: str
    read: Callable[[str, str], Value]


def make_choice_reader(names: Mapping[str, tuple[str, ...]]) -> Callable[[str, str], Value]:
    """Return a parser that accepts one of `names` and returns its codes.

    `names` maps folded names to codes. The parser also accepts the beginning of a name or of a word in it.
    """

    def read(operator: str, text: str) -> Value:
        """Return the codes of the name that was typed. Raises BadValue if none fits, or for a comparison."""
        check_no_comparison(operator)
        value = fold_text(text)
        for fits in (is_equal, starts_with, has_word_starting_with):
            if codes := [code for name, codes in names.items() if value and fits(name, value) for code in codes]:
                return tuple(dict.fromkeys(codes))
        close = get_close_matches(value, names, 4, 0.5) or sorted(names)[:8]
        raise BadValue("Valeur inconnue.", close)

    return read


def is_equal(name: str, value: str) -> bool:
    """Tell whether the name is exactly what was typed."""
    return name == value


def starts_with(name: str, value: str) -> bool:
    return name.startswith(value)


def has_word_starting_with(name: str, value: str) -> bool:
    """Tell whether a word of the name starts with what was typed."""
    return any(word.startswith(value) for word in name.split())


def check_no_comparison(operator: str) -> None:
    """Raise BadValue if the operator compares, as `>` does, instead of being `:` or `=`."""
    if operator not in ":=":
        raise BadValue("Ce mot se suit de deux-points, pas d’une comparaison.")


def index_choices(choices: Iterable[tuple[str, str]], **more: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return a dict from each name to the codes that it means. A code is named by itself and by its label.

    `more` adds other names, in which `_` is a space. All names are folded like typed text, to lower case without
    accents.
    """
    names: dict[str, tuple[str, ...]] = {}
    for code, label in choices:
        for name in (fold_text(str(code)), fold_text(str(label))):
            names[name] = tuple(dict.fromkeys((*names.get(name, ()), str(code))))
    return names | {fold_text(name.replace("_", " ")): codes for name, codes in more.items()}


def parse_inhabitants(text: str) -> int:
    """Return a number of inhabitants that was typed, such as « 10 000 ». Raises BadValue."""
    digits = re.sub(r"[\s.]", "", text)
    if not digits.isascii() or not digits.isdigit() or int(digits[:12]) > MAX_POPULATION:
        raise BadValue("On attend un nombre d’habitants, comme 10000 ou 500..2000.")
    return int(digits)


def make_range(operator: str, value: int) -> Range:
    """Return the range of numbers that an operator such as `>` and its value mean."""
    match operator:
        case ">":
            return Range(value + 1, None)
        case ">=":
            return Range(value, None)
        case "<":
            return Range(None, value - 1)
        case "<=":
            return Range(None, value)
    return Range(value, value)


def read_population(operator: str, text: str) -> Value:
    """Return the range of populations that was typed, such as « 500..2000 ». Raises BadValue."""
    low, dots, high = text.partition("..")
    if not dots:
        return make_range(operator, parse_inhabitants(text))
    check_no_comparison(operator)
    ends = Range(
        parse_inhabitants(low) if low else None, parse_inhabitants(high.lstrip(".")) if high.strip(".") else None
    )
    if ends == Range(None, None) or (ends.low is not None and ends.high is not None and ends.low > ends.high):
        raise BadValue("On attend un nombre d’habitants, comme 10000 ou 500..2000.")
    return ends


SEVERITIES = {fold_text(str(level.label)): int(level) for level in Severity} | {
    str(level): int(level) for level in Severity
}


def read_severity(operator: str, text: str) -> Value:
    """Return the range of severities that was typed, by name or number. Raises BadValue."""
    beginning = fold_text(text)
    levels = {level for name, level in SEVERITIES.items() if beginning and name.startswith(beginning)}
    if len(levels) != 1:
        names = [fold_text(str(level.label)) for level in Severity]
        raise BadValue("On attend une gravité, par son nom ou de 1 à 4.", get_close_matches(beginning, names) or names)
    return make_range(operator, levels.pop())


def read_period(operator: str, text: str) -> Days:
    """Return the days of the date, month or year that was typed. Raises BadValue."""
    check_no_comparison(operator)
    for shape in DATE_PATTERNS:
        if match := shape.fullmatch(text):
            return parse_days(match.groupdict())
    raise BadValue("On attend une date, comme 2026-03-14, 14/03/2026, 2026-03 ou 2026.")


def parse_days(groups: Mapping[str, str]) -> Days:
    """Return the days of a date, month or year from its parts `y`, `m` and `d`.

    Raises BadValue if there is no such date, month or year.
    """
    year, month, day = int(groups["y"]), int(groups.get("m") or 0), int(groups.get("d") or 0)
    try:
        first = date(year, month if "m" in groups else 1, day if "d" in groups else 1)
    except ValueError:
        raise BadValue("Cette date n’existe pas.") from None
    last_month = month or 12
    return Days(first, date(year, last_month, day or monthrange(year, last_month)[1]))


def read_days_since(operator: str, text: str) -> Value:
    """Return all days from the beginning of the date, month or year that was typed. Raises BadValue."""
    return Days(read_period(operator, text).first, None)


def read_days_until(operator: str, text: str) -> Value:
    """Return all days up to the end of the day, month or year that was typed. Raises BadValue."""
    return Days(None, read_period(operator, text).last)


def read_departement(operator: str, text: str) -> Value:
    """Return the code of the département that was typed, such as « 2A ». Raises BadValue."""
    check_no_comparison(operator)
    code = text.upper().zfill(2)
    if not DEPARTEMENT.fullmatch(code):
        raise BadValue("On attend un numéro de département, comme 29, 2A ou 974.")
    return (code,)


def read_technique(operator: str, text: str) -> Value:
    """Return the code of the ATT&CK technique that was typed, such as « T1566.001 ». Raises BadValue."""
    check_no_comparison(operator)
    if not TECHNIQUE.fullmatch(text.upper()):
        raise BadValue("On attend une technique ATT&CK, comme T1566 ou T1566.001.")
    return (text.upper(),)


def read_free_words(operator: str, text: str) -> Value:
    """Return the text that was typed as the value of a filter. Raises BadValue if it is empty or too long."""
    check_no_comparison(operator)
    if not fold_text(text) or len(text) > MAX_TEXT_LENGTH:
        raise BadValue("On attend un nom, entre guillemets s’il a plusieurs mots.")
    return text


# A value of the filter that is not a status: somebody must take the case (`workflow.must_be_taken`).
TO_TAKE = "to_take"
# Another value that is not a status: the assignee works for the centre.
TAKEN = "taken"
YES_NO = {"oui": ("yes",), "non": ("no",)}
STATES = {
    "ouvert": OPEN,
    "ouverts": OPEN,
    "a prendre": (TO_TAKE,),
    "aprendre": (TO_TAKE,),
    "pris": (TAKEN,),
    "pris en charge": (TAKEN,),
    "en cours": (TAKEN,),
    "clos": (Status.CLOSED,),
    "ferme": (Status.CLOSED,),
}
PLACE_CHOICES = index_choices(
    DocumentKind.choices,
    pièce=(DocumentKind.FILE,),
    cloture=(DocumentKind.LESSON,),
)
TYPE_CHOICES = index_choices([*TYPE_TERMS.items(), *IncidentType.choices])
DATA_CONCERNED = index_choices(Answer.choices, inconnu=(Answer.UNKNOWN, ""), nsp=(Answer.UNKNOWN,), pas_dit=("",))

KEYS: dict[str, FilterKey] = {
    "type": FilterKey("type d’incident", "type:rançongiciel", make_choice_reader(TYPE_CHOICES)),
    "corps": FilterKey(
        "nature de la collectivité",
        "corps:commune",
        make_choice_reader(index_choices(BodyKind.choices, epci=tuple(EPCI))),
    ),
    "pop": FilterKey("habitants", "pop>10000", read_population),
    "etat": FilterKey("état", "etat:ouvert", make_choice_reader(STATES)),
    "gravite": FilterKey("gravité", "gravite>=élevée", read_severity),
    "nature": FilterKey(
        "signalement ou incident", "nature:signalement", make_choice_reader(index_choices(Nature.choices))
    ),
    "resp": FilterKey("responsable du dossier", "resp:moi", read_free_words),
    "du": FilterKey("reçus depuis", "du:2026-01-01", read_days_since),
    "au": FilterKey("reçus jusqu’à", "au:31/03/2026", read_days_until),
    "jour": FilterKey("reçus ce jour, ce mois", "jour:14/03/2026", read_period),
    "dept": FilterKey("département", "dept:29", read_departement),
    "service": FilterKey(
        "service arrêté", "service:etat-civil", make_choice_reader(index_choices(PublicService.choices))
    ),
    "donnees": FilterKey("données concernées", "donnees:oui", make_choice_reader(DATA_CONCERNED)),
    "verifie": FilterKey("vérifié", "verifie:non", make_choice_reader(YES_NO)),
    "dans": FilterKey("où est le mot", "dans:message", make_choice_reader(PLACE_CHOICES)),
    "prestataire": FilterKey("prestataire nommé", 'prestataire:"Exemple"', read_free_words),
    "cause": FilterKey("cause", "cause:hameçonnage", make_choice_reader(index_choices(Cause.choices))),
    "technique": FilterKey("technique ATT&CK", "technique:T1566", read_technique),
    "tlp": FilterKey("TLP", "tlp:green", make_choice_reader(index_choices([(code, code) for code in Tlp.values]))),
}
KEY_ALIASES = {
    "population": "pop",
    "habitants": "pop",
    "responsable": "resp",
    "departement": "dept",
    "depuis": "du",
    "jusqu": "au",
    "statut": "etat",
    "services": "service",
    "collectivite": "corps",
}


def find_filter_key(name: str) -> str:
    """Return the key of the filter from any spelling of its name, or "" if there is no such filter."""
    plain = fold_text(name)
    plain = KEY_ALIASES.get(plain, plain)
    return plain if plain in KEYS else ""

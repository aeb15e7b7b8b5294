"""The possible meanings of a query: a name, perhaps with a nature, a département or a postal code."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from collectivities.enums import Kind
from collectivities.official import load_shipped_departements
from collectivities.wording import SAINT_ABBREVIATIONS, normalise_text, split_kind, split_words

MAX_DEPARTEMENT_WORDS = 4
DEPARTEMENT_CODE = re.compile(r"0[1-9]|[1-9]\d|2[ab]|97[1-8]|98[4-9]")
GLUED_SAINT = re.compile(r"(ste?)([a-z]{3,})")
POSTAL_CODE = re.compile(r"\d[\dab]\d{3}")
CORSICA = {"20": ("2A", "2B")}

# Services that a town hall runs, which are not bodies: a person who types one means the town. The words are written as
# `split_words` returns them.
TOWN_SERVICE_PHRASES = (
    *(
        "creche",
        "creche municipale",
        "garderie",
        "halte garderie",
        "periscolaire",
        "centre loisirs",
        "accueil loisirs",
    ),
    *("cantine", "cantine scolaire", "restaurant scolaire", "groupe scolaire", "ecole maternelle", "ecole primaire"),
    *("ecole elementaire", "mediatheque", "mediatheque municipale", "bibliotheque", "bibliotheque municipale"),
    *("police municipale", "etat civil", "services techniques", "piscine", "piscine municipale", "salle fetes"),
)
# The name of a commune that begins with such a service, in its usual spellings: « creche sur saone », « Crêches
# s/Saône ». No other commune of the list needs an exception, which a test checks.
NAME_LIKE_SERVICE = re.compile(r"\bcreches? (?:sur|s|saone)\b")


@dataclass(frozen=True, slots=True)
class QueryReading:
    """One way to understand a query. A search ignores the fields that are empty."""

    words: tuple[str, ...]
    departements: tuple[str, ...] = ()
    postal_code: str = ""
    kinds: tuple[Kind, ...] = ()

    @property
    def stem(self) -> str:
        """The words as a search key, to be compared with `Collectivity.stem`."""
        return " ".join(self.words)


def list_readings(query: str) -> list[QueryReading]:
    """Return the ways to understand a query, from the most literal to the freest.

    The list is empty for a query without letters or digits.
    """
    words = tuple(split_words(query))
    if not words:
        return []
    literal = QueryReading(words)
    placed = [literal, *_split_place(literal)]
    may_name_service = not NAME_LIKE_SERVICE.search(normalise_text(query))
    return list(dict.fromkeys([*placed, *(_split_kind(reading, may_name_service) for reading in placed)]))


def list_saint_readings(readings: Iterable[QueryReading]) -> list[QueryReading]:
    """Return a new reading with « saint » for each reading whose first word begins with « st » or « ste ».

    Examples: « stmalo », « stebrigitte ».
    """
    matches = ((GLUED_SAINT.fullmatch(reading.words[0]), reading) for reading in dict.fromkeys(readings))
    return [
        replace(reading, words=(SAINT_ABBREVIATIONS[match[1]], match[2], *reading.words[1:]))
        for match, reading in matches
        if match
    ]


def _split_place(reading: QueryReading) -> list[QueryReading]:
    """Return, in a list, the reading with the territory moved from its words to another field.

    The other field is `departements` or `postal_code`. The list is empty if the words name no territory. Examples:
    « Saint-Denis 93 », « 93200 Saint-Denis », « Saint-Denis (La Réunion) ».
    """
    words = reading.words
    for place, name in ((words[-1], words[:-1]), (words[0], words[1:])):
        if name and DEPARTEMENT_CODE.fullmatch(place):
            return [replace(reading, words=name, departements=CORSICA.get(place, (place.upper(),)))]
        if name and POSTAL_CODE.fullmatch(place):
            return [replace(reading, words=name, postal_code=place.upper())]
    for size in range(min(MAX_DEPARTEMENT_WORDS, len(words) - 1), 0, -1):
        if code := load_departement_codes().get(words[-size:]):
            return [replace(reading, words=words[:-size], departements=(code,))]
    return []


def _split_kind(reading: QueryReading, may_name_service: bool) -> QueryReading:
    """Return the reading with the nature moved from its words to `kinds`.

    With `may_name_service`, a service of a town hall counts as the nature of a commune.
    """
    kinds, words = split_kind(list(reading.words))
    if may_name_service and not kinds and (town := _drop_town_service(reading.words)):
        return replace(reading, words=town, kinds=(Kind.COMMUNE,))
    return replace(reading, words=tuple(words), kinds=kinds)


def _drop_town_service(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words without the service of a town hall at their beginning or end.

    « Crèche de Brest » gives « brest ». Return an empty tuple if the words name no such service, or nothing else: « La
    Crèche ». A service may be in the plural.
    """
    singulars = _drop_plurals(words)
    for size in range(min(LONGEST_SERVICE, len(words) - 1), 0, -1):
        if singulars[:size] in TOWN_SERVICES:
            return words[size:]
        if singulars[-size:] in TOWN_SERVICES:
            return words[:-size]
    return ()


def _drop_plurals(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word.removesuffix("s") for word in words)


TOWN_SERVICES = frozenset(_drop_plurals(phrase.split()) for phrase in TOWN_SERVICE_PHRASES)
LONGEST_SERVICE = max(map(len, TOWN_SERVICES))


@cache
def load_departement_codes() -> dict[tuple[str, ...], str]:
    """Return the codes of the départements by the words of their names. They come from the shipped list, because names
    rarely change.
    """
    return {tuple(split_words(row.name)): row.code for row in load_shipped_departements()}

"""The possible meanings of a query: a name, perhaps with a nature, a département or a postal code."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from collectivities.enums import Kind
from collectivities.official import shipped_departements
from collectivities.wording import SHORTENED, split_kind, words_of

LONGEST_DEPARTEMENT = 4
DEPARTEMENT_CODE = re.compile(r"0[1-9]|[1-9]\d|2[ab]|97[1-8]|98[4-9]")
GLUED_SAINT = re.compile(r"(ste?)([a-z]{3,})")
POSTAL_CODE = re.compile(r"\d[\dab]\d{3}")
CORSICA = {"20": ("2A", "2B")}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a query. An empty field is no condition."""

    words: tuple[str, ...]
    departements: tuple[str, ...] = ()
    postal_code: str = ""
    kinds: tuple[Kind, ...] = ()

    @property
    def stem(self) -> str:
        return " ".join(self.words)


def readings_of(query: str) -> list[Reading]:
    """Return the readings from the most literal to the most interpreted, or an empty list if no word is left."""
    words = tuple(words_of(query))
    if not words:
        return []
    literal = Reading(words)
    placed = [literal, *_with_place(literal)]
    return list(dict.fromkeys([*placed, *(_with_kind(reading) for reading in placed)]))


def saints_of(readings: Iterable[Reading]) -> list[Reading]:
    """Return the readings whose first word may be a saint written in one word: « stmalo », « stebrigitte »."""
    first = ((GLUED_SAINT.fullmatch(reading.words[0]), reading) for reading in dict.fromkeys(readings))
    return [replace(one, words=(SHORTENED[hit[1]], hit[2], *one.words[1:])) for hit, one in first if hit]


def _with_place(reading: Reading) -> list[Reading]:
    """Return the reading that takes a word for a place: « Saint-Denis 93 », « 93200
    Saint-Denis », « Saint-Denis (La Réunion) ».
    """
    words = reading.words
    for place, name in ((words[-1], words[:-1]), (words[0], words[1:])):
        if name and DEPARTEMENT_CODE.fullmatch(place):
            return [replace(reading, words=name, departements=CORSICA.get(place, (place.upper(),)))]
        if name and POSTAL_CODE.fullmatch(place):
            return [replace(reading, words=name, postal_code=place.upper())]
    for size in range(min(LONGEST_DEPARTEMENT, len(words) - 1), 0, -1):
        if code := departement_codes().get(words[-size:]):
            return [replace(reading, words=words[:-size], departements=(code,))]
    return []


def _with_kind(reading: Reading) -> Reading:
    kinds, words = split_kind(list(reading.words))
    return replace(reading, words=tuple(words), kinds=kinds)


@cache
def departement_codes() -> dict[tuple[str, ...], str]:
    """Return the département codes by the words of their names, from the shipped list: names rarely change."""
    return {tuple(words_of(row.name)): row.code for row in shipped_departements()}

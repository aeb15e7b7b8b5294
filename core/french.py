"""French plurals, elisions, contractions, dates, quotations, numbers and spaces."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from django.utils.formats import date_format

NBSP, NARROW_NBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
# With an ordinary space before a punctuation mark, or after « , a line break could separate the mark from its word.
SPACE_AT_PUNCTUATION = re.compile(r"(?<=\S) (?=[:;!?»])|(?<=«) ")
QUOTE_PREFIX = ">"
VOWELS = frozenset("aeiouyœ")
# The day of a date, if it is 1: the name of a month follows.
FIRST_OF_MONTH = re.compile(r"(?<![^ ])1(?= [^\W\d_]{3})")


def choose_plural(singular: str, plural: str, number: int) -> str:
    """Return `singular` if `number` is 0 or 1, as French does, or else `plural`. Placeholders are not filled."""
    return singular if number < 2 else plural


def starts_with_vowel(text: str) -> bool:
    """Tell whether the text starts with a vowel, before which « de » becomes « d’ ».

    An h never counts as a vowel, because spelling does not distinguish « d’Hyères » from « de Hirson ».
    """
    return unicodedata.normalize("NFD", text[:1].lower())[:1] in VOWELS


def prepend_de(noun: str) -> str:
    """Return « de » and the noun. An article « le » or « les » before the noun is contracted with « de ».

    Examples: « du Mans », « des Ulis », « d’Arles », « de La Rochelle ».
    """
    for article, contraction in (("le ", "du "), ("les ", "des ")):
        if noun[: len(article)].lower() == article:
            return contraction + noun[len(article) :]
    return f"d’{noun}" if starts_with_vowel(noun) else f"de {noun}"


def prepend_a(noun: str) -> str:
    """Return « à » and the noun. An article « le » or « les » before the noun is contracted with « à ».

    Examples: « au Mans », « aux Ulis », « à La Rochelle ».
    """
    for article, contraction in (("le ", "au "), ("les ", "aux ")):
        if noun[: len(article)].lower() == article:
            return contraction + noun[len(article) :]
    return f"à {noun}"


def curl_apostrophes(text: str) -> str:
    """Return the text with typographic apostrophes. The official list of bodies has straight ones."""
    return text.replace("'", "’")


def format_number(number: int) -> str:
    """Return « 12 345 » for 12345, with the narrow no-break space."""
    return f"{number:,}".replace(",", NARROW_NBSP)


def quote_words(words: Iterable[str]) -> str:
    """Return the words in French quotation marks, separated by commas: « mairie », « Dupont »."""
    return ", ".join(f"«{NBSP}{word}{NBSP}»" for word in words)


def format_day(day: date) -> str:
    """Return the date in French: « 1er janvier 2021 ». A datetime is read in its own time zone."""
    return write_first_as_ordinal(date_format(day, "j F Y"))


@lru_cache(maxsize=2048)
def format_long_day(day: date) -> str:
    """Return the date with its weekday: « mardi 1er décembre 2026 ». Results are cached, because a page repeats a few
    dates many times.
    """
    return write_first_as_ordinal(date_format(day, "l j F Y"))


def write_first_as_ordinal(text: str) -> str:
    """Return a written date with « 1er » instead of « 1 » if it is the first day of a month."""
    return FIRST_OF_MONTH.sub("1er", text, count=1)


def set_no_break_spaces(text: str) -> str:
    """Return the text with no-break spaces where French has a space beside a punctuation mark. Quoted lines, which
    start with `>`, do not change.
    """
    lines = text.split("\n")
    return "\n".join(line if line.startswith(QUOTE_PREFIX) else SPACE_AT_PUNCTUATION.sub(NBSP, line) for line in lines)

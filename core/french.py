"""French plurals, quotations and numbers, and the spelling of telephone numbers for readers."""

import re
from collections.abc import Iterable
from functools import lru_cache

NBSP, NARROW_NBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
# What people write between two digits of one number.
BETWEEN = r"[\s./(),;:_·•‧∙\u2010-\u2015\u2212-]{0,3}"
FRENCH_NUMBER = (
    rf"(?P<country>(?:(?:\+|00){BETWEEN})?33{BETWEEN}(?:0{BETWEEN})?|0{BETWEEN})"
    rf"(?P<subscriber>[1-9](?:{BETWEEN}[0-9]){{8}})(?![0-9])"
)
# The length of a foreign number varies, so a comma or a dash between spaces is read as the start of another number.
WITHIN_FOREIGN = r"(?:[\s.-]|\s?\(|\)[\s.-]?)?"
FOREIGN_NUMBER = rf"(?:\+|00)[1-9](?:{WITHIN_FOREIGN}[0-9]){{7,14}}(?![0-9])"
NUMBER = re.compile(rf"(?<![0-9+])(?:{FRENCH_NUMBER}|{FOREIGN_NUMBER})")
# A number that somebody has grouped with spaces keeps these groups: many centres publish « 0 970 609 909 ».
GROUPED_NUMBER = re.compile(r"(?:0[1-9]?|\+33\s[1-9])(?:\s[0-9]{2,3}){3,4}")
# The numbers with a tariff of their own are read in threes: « 0 800 200 008 ».
SPECIAL_NUMBER = re.compile(r"8[0129][0-9]{7}")


def choose_plural(singular: str, plural: str, number: int) -> str:
    """Return the singular for 0 and 1, as French does, and the plural from 2 on. Placeholders in the two forms stay
    unfilled.
    """
    return singular if number < 2 else plural


def format_number(number: int) -> str:
    """Return « 12 345 » for 12345, with the narrow no-break space."""
    return f"{number:,}".replace(",", NARROW_NBSP)


def quote_words(words: Iterable[str]) -> str:
    """Return the words, each in quotation marks, as one list: « mairie », « Dupont »."""
    return ", ".join(f"«{NBSP}{word}{NBSP}»" for word in words)


@lru_cache(maxsize=4096)
def format_phone(text: str) -> str:
    """Return the text with each telephone number as people read it aloud, with no-break spaces: « 02 98 99 00 00 »,
    « +33 2 98 99 00 00 », « 0 800 200 008 ».

    The digits of a foreign number keep their groups, and so do those of a number that has spaces only. The words
    around a number, and a local number, do not change.
    """
    return NUMBER.sub(_format_phone_match, text)


def _format_phone_match(match: re.Match[str]) -> str:
    if GROUPED_NUMBER.fullmatch(match[0]):
        return re.sub(r"\s", NBSP, match[0])
    if match["subscriber"] is None:
        # Beside spaces, a dash or a dot may separate a second number or hours, so it stays.
        return re.sub(r"\s" if re.search(r"\s", match[0]) else r"[.-]", NBSP, match[0])
    country, subscriber = (re.sub(r"[^0-9]", "", match[part]) for part in ("country", "subscriber"))
    pairs = [subscriber[at : at + 2] for at in range(1, len(subscriber), 2)]
    if country != "0":
        return NBSP.join(["+33", subscriber[0], *pairs])
    if SPECIAL_NUMBER.fullmatch(subscriber):
        return NBSP.join(["0", subscriber[:3], subscriber[3:6], subscriber[6:]])
    return NBSP.join([f"0{subscriber[0]}", *pairs])

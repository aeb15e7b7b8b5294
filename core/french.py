"""French grammar and telephone numbers that any page needs."""

import re

COMPACT_NUMBER = re.compile(r"(0|\+33)([1-9])(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)


def choose_plural(one: str, several: str, number: int) -> str:
    """Return the singular for 0 and 1, as French does, and the plural from 2 on. Placeholders in the two forms stay
    unfilled.
    """
    return one if number < 2 else several


def group_phone(number: str) -> str:
    """« 02 98 99 00 00 »: group the digits of a French number by two. A number that already has spaces, or of another
    country, does not change.
    """
    found = COMPACT_NUMBER.fullmatch(re.sub(r"[.\-]", "", number.strip()))
    if not found:
        return number
    prefix, first, *pairs = found.groups()
    return " ".join([f"0{first}" if prefix == "0" else f"+33 {first}", *pairs])

"""French plurals, and the spelling of French telephone numbers."""

import re

from core.telephone import fold_separators

COMPACT_NUMBER = re.compile(r"(0|\+33)([1-9])(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)


def choose_plural(singular: str, plural: str, number: int) -> str:
    """Return the singular for 0 and 1, as French does, and the plural from 2 on. Placeholders in the two forms stay
    unfilled.
    """
    return singular if number < 2 else plural


def group_phone(number: str) -> str:
    """Group the digits of a French number by two: « 02 98 99 00 00 ». A number that already has spaces
    and no unusual separator, or of another country, does not change.
    """
    folded = fold_separators(number.strip())
    has_usual_separators = folded == number.strip()
    match = COMPACT_NUMBER.fullmatch(re.sub(r"[.\-]" if has_usual_separators else r"[.\-\s]", "", folded))
    if not match:
        return number
    prefix, first_digit, *pairs = match.groups()
    return " ".join([f"0{first_digit}" if prefix == "0" else f"+33 {first_digit}", *pairs])

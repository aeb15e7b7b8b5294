"""References and codes that can be said on a bad telephone line.

The alphabet leaves out 0, O, 1 and I. The last symbol of a reference is an ISO 7064 check character (hybrid
system, modulus 33, 32): every single wrong symbol and nearly every swap of neighbours is caught. A reference is
drawn at random, so it tells neither a date, nor a place, nor how many came before it. It opens nothing by itself.
"""

import secrets

from stdnum.iso7064 import mod_37_36

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 8


def new_reference() -> str:
    """Eight symbols, seven of them random: 34 thousand million references. The database refuses a repeat."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return with_check_character(body)


def with_check_character(body: str) -> str:
    return body + mod_37_36.calc_check_digit(body, ALPHABET)


def is_reference(text: str) -> bool:
    """Whether `text`, already in its compact form, is a well-formed reference."""
    return len(text) == LENGTH and mod_37_36.is_valid(text, ALPHABET)


def compact(text: str) -> str:
    """What somebody typed or dictated, as stored: « t7k4 9mqx » → « T7K49MQX »."""
    return "".join(symbol for symbol in text.upper() if symbol.isalnum())


def groups(code: str) -> list[str]:
    """By four, as it is read out."""
    return [code[start : start + 4] for start in range(0, len(code), 4)]


def spaced(code: str) -> str:
    """The same, on one line: « T7K4-9MQX »."""
    return "-".join(groups(code))

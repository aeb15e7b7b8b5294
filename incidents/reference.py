"""References and codes that people can dictate on a bad telephone line.

The alphabet leaves out 0, O, 1 and I. The last symbol of a reference is an ISO 7064 check character (hybrid system,
modulus 33, 32), which detects every single wrong symbol and nearly every swap of neighbours. A reference is random, so
that it reveals neither a date, nor a place, nor the number of earlier cases. A reference alone gives no access.
"""

import secrets

from stdnum.iso7064 import mod_37_36

from core.secrets import hash_value

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 8


def make_reference() -> str:
    """Return seven random symbols and a check character. There are 34 billion such references. The database refuses a
    repeated one.
    """
    body = "".join(secrets.choice(ALPHABET) for _ in range(REFERENCE_LENGTH - 1))
    return add_check_character(body)


def add_check_character(body: str) -> str:
    """Return the seven symbols of `body` followed by their check character."""
    return body + mod_37_36.calc_check_digit(body, ALPHABET)


def is_reference(text: str) -> bool:
    """Tell whether `text` is a well-formed reference. It must already be in its stored form (`compact_code`)."""
    return len(text) == REFERENCE_LENGTH and mod_37_36.is_valid(text, ALPHABET)


def compact_code(text: str) -> str:
    """Return the stored form of a code that somebody typed or dictated: « t7k4 9mqx » becomes « T7K49MQX »."""
    return "".join(symbol for symbol in text.upper() if symbol.isalnum())


def derive_code(use: str, seed: str, length: int) -> str:
    """Return the code of `length` symbols that HMAC computes from the seed and the server's key. Another `use` gives
    another code.
    """
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in hash_value(use, seed)[:length])


def split_groups(code: str) -> list[str]:
    """Return the code in groups of four symbols, as people read it aloud."""
    return [code[start : start + 4] for start in range(0, len(code), 4)]


def hyphenate(code: str) -> str:
    """Return the code with a hyphen between groups: « T7K4-9MQX »."""
    return "-".join(split_groups(code))

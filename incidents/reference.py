"""References and codes that people can dictate on a bad telephone line.

The alphabet leaves out 0, O, 1 and I. The last symbol of a reference is an ISO 7064 check character (hybrid system,
modulus 33, 32), which detects every single wrong symbol and nearly every swap of neighbours. A reference is random, so
that it reveals neither a date, nor a place, nor the number of earlier cases. A reference alone gives no access.

A code gives access. Its row stores a random seed and a keyed hash: HMAC computes the code from the seed and the first
FOLLOW_UP_KEY. `manage.py rotate_keys` replaces the seed by the code itself, encrypted with the new key, so that the
code stays as it was issued.
"""

import secrets
from typing import NamedTuple

import structlog
from nacl.exceptions import CryptoError
from stdnum.iso7064 import mod_37_36

from core.rotation import KeyAge
from core.secrets import (
    Key,
    KeyUse,
    decrypt_text,
    encrypt_text,
    get_first_key,
    hash_value,
    is_encrypted_with_first_key,
    list_keys,
)

logger = structlog.get_logger(__name__)

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 8
ENCRYPTED_CODE = "incidents.encrypted_code"


class CodeKind(NamedTuple):
    """What a code opens: the purposes of its two hashes, so that codes of two kinds differ, and its length."""

    code_purpose: str
    hash_purpose: str
    length: int


class StoredCode(NamedTuple):
    """A code as its row stores it: the seed with the hash, or the encrypted code with the hash."""

    seed: str
    code_hash: str
    encrypted: str


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


def derive_code(kind: CodeKind, seed: str, key: Key) -> str:
    """Return the code that HMAC computes from the seed and the key."""
    digest = hash_value(kind.code_purpose, seed, secret=key)
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[: kind.length])


def hash_code(kind: CodeKind, code: str, key: Key) -> str:
    """Return the keyed hash under which a code is stored. All spellings of the code give the same hash."""
    return hash_value(kind.hash_purpose, compact_code(code), secret=key).hex()


def list_code_hashes(kind: CodeKind, code: str) -> list[str]:
    """Return the hashes under which this code may be stored, one for each key."""
    return [hash_code(kind, code, key) for key in list_keys(KeyUse.FOLLOW_UP)]


def hash_new_code(kind: CodeKind, seed: str) -> str:
    """Return the hash of the code that a new row gets from this seed, with the first key."""
    key = get_first_key(KeyUse.FOLLOW_UP)
    return hash_code(kind, derive_code(kind, seed, key), key)


def recover_code(kind: CodeKind, stored: StoredCode) -> str:
    """Return the code of a row as it was issued, or "" if its key was removed, which is logged."""
    code = find_code(kind, stored)
    if not code:
        logger.error("no key gives this code", purpose=kind.hash_purpose)
    return code


def find_code(kind: CodeKind, stored: StoredCode) -> str:
    """Return the code of a row as it was issued, or "" if no key gives it."""
    return decrypt_code(stored.encrypted) or find_derived_code(kind, stored)


def decrypt_code(encrypted: str) -> str:
    """Return the encrypted code of a row, or "" if the row has none or no key opens it."""
    try:
        return decrypt_text(KeyUse.FOLLOW_UP, ENCRYPTED_CODE, encrypted) if encrypted else ""
    except CryptoError:
        return ""


def find_derived_code(kind: CodeKind, stored: StoredCode) -> str:
    """Return the code that one of the keys computes from the seed and that has the stored hash, or ""."""
    for key in list_keys(KeyUse.FOLLOW_UP):
        code = derive_code(kind, stored.seed, key)
        if hash_code(kind, code, key) == stored.code_hash:
            return code
    return ""


def find_code_age(kind: CodeKind, stored: StoredCode) -> KeyAge:
    """Tell with which key a code was stored."""
    if stored.encrypted:
        is_first = is_encrypted_with_first_key(KeyUse.FOLLOW_UP, ENCRYPTED_CODE, stored.encrypted)
    else:
        is_first = hash_new_code(kind, stored.seed) == stored.code_hash
    if is_first:
        return KeyAge.FIRST
    return KeyAge.FORMER if find_code(kind, stored) else KeyAge.REMOVED


def renew_stored_code(kind: CodeKind, stored: StoredCode) -> StoredCode:
    """Return the same code as the first key stores it. The seed goes, since a former key computes the code from it.

    The caller has checked that a key still gives the code.
    """
    code = find_code(kind, stored)
    encrypted = encrypt_text(KeyUse.FOLLOW_UP, ENCRYPTED_CODE, code)
    return StoredCode("", hash_code(kind, code, get_first_key(KeyUse.FOLLOW_UP)), encrypted)


def split_groups(code: str) -> list[str]:
    """Return the code in groups of four symbols, as people read it aloud."""
    return [code[start : start + 4] for start in range(0, len(code), 4)]


def hyphenate(code: str) -> str:
    """Return the code with a hyphen between groups: « T7K4-9MQX »."""
    return "-".join(split_groups(code))

"""Recovery codes: ten numbers of twelve digits, each of which opens an account once in the place of a second factor.

allauth would compute them from a seed that it stores. Here only slow hashes are stored (Argon2id), encrypted with a
key of the server: whoever has the database learns nothing, and whoever has the key too must try each code. The first
digit of a code is its place in the list, so that checking one costs one hash. The other eleven are random (36 bits).

Codes from before have eight digits, all random. Checking one costs as many hashes as are left, ten at most.
"""

import secrets

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt
from django.db import transaction
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id, verify

from accounts.factors import list_recovery_hashes
from accounts.models import User

NUMBER_OF_CODES = 10
RANDOM_DIGITS = 11
LENGTHS = (8, 1 + RANDOM_DIGITS)
# The least that OWASP takes for Argon2id: two passes over 19 MiB. Ten hashes take 0.16 s of a processor.
PASSES, MEMORY = 2, 19 * 1024 * 1024


def make_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes of the account, and return the new ones, which nothing can show again. The caller has
    locked the account.
    """
    codes = [f"{place}{secrets.randbelow(10**RANDOM_DIGITS):0{RANDOM_DIGITS}}" for place in range(NUMBER_OF_CODES)]
    hashes = [hash_recovery_code(code, start=code[0]) for code in codes]
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data=make_data(hashes))
    return codes


def make_data(hashes: list[str]) -> dict[str, list[str]]:
    """Return what is stored of recovery codes. allauth reads `migrated_codes`, and so finds none."""
    return {"hashes": hashes, "migrated_codes": []}


def hash_recovery_code(code: str, *, start: str = "") -> str:
    """Return the slow hash of a code, encrypted, after the first digits that tell which code it is."""
    slow_hash = argon2id.str(code.encode(), opslimit=PASSES, memlimit=MEMORY).decode()
    sealed: str = encrypt(start + slow_hash)
    return sealed


def is_recovery_code(text: str) -> bool:
    """Tell whether the text has the form of a recovery code. The code of an application is shorter."""
    code = normalize_user_code(text)
    return len(code) in LENGTHS and code.isascii() and code.isdecimal()


@transaction.atomic
def use_recovery_code(user: User, text: str) -> Authenticator | None:
    """Delete this code of the account and return the row of its codes, or return None if it is none of them. Locks the
    row, so that two requests at once cannot use one code.
    """
    rows = Authenticator.objects.select_for_update().filter(user=user, type=Authenticator.Type.RECOVERY_CODES)
    stored, code = rows.first(), normalize_user_code(text)
    if stored is None:
        return None
    for sealed in list_recovery_hashes(stored):
        if is_hash_of(sealed, code):
            stored.data["hashes"].remove(sealed)
            stored.save(update_fields=["data"])
            return stored
    return None


def is_hash_of(sealed: str, code: str) -> bool:
    """Tell whether an encrypted hash is that of the code. A code that starts with other digits costs nothing, and a
    hash whose key was removed opens nothing.
    """
    try:
        start, mark, slow_hash = decrypt(sealed).partition("$")
        return code.startswith(start) and verify((mark + slow_hash).encode(), code.encode())
    except CryptoError:
        return False

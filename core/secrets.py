"""Keyed hashes and encrypted texts, and the keys that make them.

SECRET_KEY signs cookies and sessions, and hashes what is counted or compared for a short time. Each other use has a
list of keys of its own (`KeyUse`): the first key makes new values, all keys are accepted. Rows and mails hold these
values, so a `purpose` never changes.
"""

from base64 import b64decode, b64encode
from enum import StrEnum

from django.conf import settings
from django.utils.crypto import salted_hmac
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

# In a list of keys, this word stands for SECRET_KEY and its fallbacks.
DERIVED = "derived"

type Key = str | bytes


class KeyUse(StrEnum):
    """The setting that lists the keys of one use."""

    FOLLOW_UP = "FOLLOW_UP_KEY"  # codes of follow-ups, of shared sentences and of drafts; counters of wrong codes
    FACTOR = "FACTOR_KEY"  # the secrets of second factors
    TOKEN = "TOKEN_KEY"  # noqa: S105 (the name of a setting) API tokens and links sent by mail
    RELEASE = "RELEASE_KEY"  # the signature and the random rounding of releases
    EVENT = "EVENT_KEY"  # the pseudonyms of people and addresses in security events


def list_keys(use: KeyUse) -> list[Key]:
    """Return the keys of this use, the one that makes new values first."""
    server_keys: list[Key] = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [key for item in settings.KEYS_BY_USE[use] for key in (server_keys if item == DERIVED else [item])]


def get_first_key(use: KeyUse) -> Key:
    return list_keys(use)[0]


def hash_value(purpose: str, value: str, *, secret: Key | None = None) -> bytes:
    """Return the HMAC-SHA256 of the value, keyed with `secret` or else with SECRET_KEY.

    The same value has another hash for another `purpose`.

    Without `secret`, no earlier key is tried: use it for a value that may change with SECRET_KEY, such as a count of
    requests within an hour.
    """
    return salted_hmac(purpose, value, secret=secret, algorithm="sha256").digest()


def list_boxes(use: KeyUse, purpose: str) -> list[SecretBox]:
    """Return the boxes that encrypt texts for this purpose, one for each key."""
    return [SecretBox(hash_value(purpose, "", secret=key)) for key in list_keys(use)]


def encrypt_text(use: KeyUse, purpose: str, text: str) -> str:
    """Return the text encrypted with the first key, in base64."""
    return b64encode(list_boxes(use, purpose)[0].encrypt(text.encode())).decode()


def decrypt_text(use: KeyUse, purpose: str, encrypted: str) -> str:
    """Return the text that `encrypt_text` encrypted with any of the keys. Raises CryptoError if none opens it."""
    sealed = b64decode(encrypted)
    for box in list_boxes(use, purpose):
        try:
            return box.decrypt(sealed).decode()
        except CryptoError:
            continue
    raise CryptoError(f"no key of {use} opens this text")


def is_encrypted_with_first_key(use: KeyUse, purpose: str, encrypted: str) -> bool:
    try:
        list_boxes(use, purpose)[0].decrypt(b64decode(encrypted))
    except CryptoError:
        return False
    return True

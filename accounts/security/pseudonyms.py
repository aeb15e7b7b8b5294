"""The pseudonyms by which security events name accounts and network addresses. Without EVENT_KEY, nobody finds the
account of a pseudonym or makes the pseudonym of an account.

An account has a keyed hash, by which its events are found. Beside it is the number of the account, encrypted, which
the page of the administrator reads. Rows cannot be changed, so that a rotation of keys renews nothing: former keys are
tried as long as they are listed, and an event of a key that was removed names nobody any more.
"""

from collections.abc import Iterable

from django.http import HttpRequest
from nacl.exceptions import CryptoError

from accounts.models import User
from accounts.models.security import PSEUDONYM_LENGTH
from core.client_address import find_client_address, get_subscriber_prefix
from core.secrets import Key, KeyUse, decrypt_text, encrypt_text, get_first_key, hash_value, list_keys

ACCOUNT_PURPOSE, ADDRESS_PURPOSE = "accounts.security.account", "accounts.security.address"
SEAL_PURPOSE = "accounts.security.seal"


def make_pseudonym(purpose: str, value: str, key: Key) -> str:
    return hash_value(purpose, value, secret=key).hex()[:PSEUDONYM_LENGTH]


def pseudonymise_account(user: User | None) -> str:
    """Return the pseudonym of an account, or "" for None."""
    return make_pseudonym(ACCOUNT_PURPOSE, str(user.pk), get_first_key(KeyUse.EVENT)) if user else ""


def list_pseudonyms(user: User) -> list[str]:
    """Return the pseudonyms of an account, one for each key of the server."""
    return [make_pseudonym(ACCOUNT_PURPOSE, str(user.pk), key) for key in list_keys(KeyUse.EVENT)]


def pseudonymise_sender(request: HttpRequest | None) -> str:
    """Return the pseudonym of the network address of a request, or "" for None. All addresses of one subscriber have
    the same one.
    """
    return list_sender_pseudonyms(request)[0] if request else ""


def list_sender_pseudonyms(request: HttpRequest) -> list[str]:
    """Return the pseudonyms of the network address of a request, one for each key of the server."""
    address = find_client_address(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR", ""))
    prefix = get_subscriber_prefix(address)
    return [make_pseudonym(ADDRESS_PURPOSE, prefix, key) for key in list_keys(KeyUse.EVENT)]


def seal_accounts(*users: User | None) -> str:
    """Return the primary keys of these accounts in one encrypted text, with 0 for None. Return "" without any."""
    keys = " ".join(str(user.pk if user else 0) for user in users)
    return encrypt_text(KeyUse.EVENT, SEAL_PURPOSE, keys) if any(users) else ""


def decrypt_account_ids(sealed: str) -> list[int]:
    """Return the primary keys that `seal_accounts` encrypted, or [] if there are none, their key was removed or
    the text is damaged.
    """
    try:
        return [int(key) for key in decrypt_text(KeyUse.EVENT, SEAL_PURPOSE, sealed).split()] if sealed else []
    except (CryptoError, ValueError):
        return []


def load_accounts(sealed_texts: Iterable[str]) -> dict[int, User]:
    """Return the accounts that these encrypted texts name and that still exist, by primary key. Runs one query at
    most.
    """
    keys = {key for sealed in sealed_texts for key in decrypt_account_ids(sealed)}
    return User.objects.only("email", "display_name").in_bulk(keys)

"""A counter of the requests that come from one person or one address, and what a page proves that was told to wait."""

import time
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest

from core.client_address import find_client_address, get_subscriber_prefix
from core.secrets import hash_value

WAIT_SECONDS = 10  # the interval at which a sender is let through that sent too many requests
PROOF_SALT, PROOF_LIFETIME_SECONDS = "core.request_counter.proof", 600


def count_request(request: HttpRequest, purpose: str, *, within_seconds: int) -> int:
    """Count this request, and return how many its sender has sent in the current period (`count_up`). A large number
    does not prove an abuse, because the computers of one building share one address.
    """
    return count_up(f"{purpose}:{identify_sender(request)}", within_seconds=within_seconds)


def count_up(key: str, *, within_seconds: int) -> int:
    """Add one to the count of this key, and return the count of the current period, which lasts `within_seconds` and
    begins with its first call. Return 0 if the cache does not answer.
    """
    steady_cache: Any = cache  # the type of Django's proxy does not know the method of `config/steady_cache.py`
    return int(steady_cache.count_up(key, within_seconds))


def must_wait(request: HttpRequest, purpose: str, *, most: int, within_seconds: int) -> bool:
    """Count this request, and tell whether to refuse it because its sender must wait.

    After `most` requests in the current period, one is let through every WAIT_SECONDS. A program can take every such
    turn, and shut out the other people behind its address for good. Call `has_waited` first, unless they have another
    way in. Nobody waits if the cache does not answer.
    """
    if count_request(request, purpose, within_seconds=within_seconds) <= most:
        return False
    return count_request(request, f"{purpose}:next", within_seconds=WAIT_SECONDS) > 1


def has_waited(proof: str, subject: str) -> bool:
    """Tell whether this proof was made for this subject, at least WAIT_SECONDS ago."""
    waited = measure_waited_seconds(proof, subject)
    return waited is not None and waited >= WAIT_SECONDS


def renew_wait_proof(proof: str, subject: str) -> str:
    """Return the proof if it is valid, since somebody impatient would otherwise wait anew at each try. Return a new
    proof otherwise. `subject` names what waits, such as a draft.
    """
    is_valid = measure_waited_seconds(proof, subject) is not None
    return proof if is_valid else signing.dumps([subject, time.time()], salt=PROOF_SALT)


def measure_waited_seconds(proof: str, subject: str) -> float | None:
    """Return how many seconds ago this proof was made for this subject. Return None if it was not, or too long ago."""
    try:
        proven_subject, made_at = signing.loads(proof, salt=PROOF_SALT, max_age=PROOF_LIFETIME_SECONDS)
    except (signing.BadSignature, UnicodeEncodeError):  # a lone surrogate cannot be compared with a signature
        return None
    return time.time() - float(made_at) if proven_subject == subject else None


def identify_sender(request: HttpRequest) -> str:
    """Return by what the sender is counted: the account of a person who is signed in, or else `hash_address`."""
    user = getattr(request, "user", None)
    return f"account:{user.pk}" if user and user.is_authenticated else hash_address(request)


def hash_address(request: HttpRequest) -> str:
    """Return a keyed hash of the client's address, to be stored instead of the address. All addresses of one
    subscriber have the same hash.
    """
    address = find_client_address(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR", ""))
    # The purpose keeps its first name, since rows hold hashes of IPv4 addresses made with it.
    return hash_value("incidents.declare.brake", get_subscriber_prefix(address)).hex()[:32]

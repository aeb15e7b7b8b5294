"""A counter of the requests that come from one address."""

import logging

from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError

from core.client_address import find_client_address, get_subscriber_prefix
from core.secrets import hash_value

logger = logging.getLogger(__name__)


def count_request(request: HttpRequest, purpose: str, *, within_seconds: int) -> int:
    """Count this request, and return how many its address has sent in the current period.

    Return 0 if the cache does not answer. A period lasts `within_seconds` and begins with its first request. A large
    number does not prove an abuse, because the computers of one building share one address.
    """
    key = f"{purpose}:{hash_address(request)}"
    try:
        # Most calls end here, after one command to the cache.
        is_first = cache.add(key, 1, timeout=within_seconds)
        return 1 if is_first else cache.incr(key)
    except ValueError:  # The key expired between the two calls, so that a new period begins.
        return 1
    except RedisError:
        logger.warning("no request counter: the cache does not answer")
        return 0


def hash_address(request: HttpRequest) -> str:
    """Return a keyed hash of the client's address, to be stored instead of the address. All addresses of one
    subscriber have the same hash.
    """
    address = find_client_address(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR", ""))
    # The purpose keeps its first name, since rows hold hashes of IPv4 addresses made with it.
    return hash_value("incidents.declare.brake", get_subscriber_prefix(address)).hex()[:32]

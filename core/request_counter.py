"""A counter of the requests that come from one address. Beyond the limit the page asks for one more click; no request
is refused.
"""

import logging
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError

from core.secrets import hash_value

logger = logging.getLogger(__name__)
# An IPv6 subscriber gets at least a /64 (RFC 6177), so all addresses of a /64 count as one subscriber.
SUBSCRIBER_PREFIX_BITS = 64


def count_request(request: HttpRequest, purpose: str, *, within_seconds: int) -> int:
    """Count this request for its address. Return how many the address sent in the current period of `within_seconds`,
    which began with its first request, or 0 if the cache does not answer.

    A large number does not prove an abuse, because the computers of a town hall share one address.
    """
    key = f"{purpose}:{hash_address(request)}"
    try:
        # Most calls end here, after one command to the cache.
        is_first = cache.add(key, 1, timeout=within_seconds)
        return 1 if is_first else cache.incr(key)
    except (RedisError, ValueError):  # A ValueError means that the key expired between the two calls.
        logger.warning("no request counter: the cache does not answer")
        return 0


def hash_address(request: HttpRequest) -> str:
    """Return a keyed hash of the client's address, so that the address itself is not stored. Behind proxies, the
    address is the last entry of X-Forwarded-For, which our own proxy wrote.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    address = get_subscriber_prefix(forwarded or request.META.get("REMOTE_ADDR", ""))
    return hash_value("incidents.declare.brake", address).hex()[:32]


def get_subscriber_prefix(address: str) -> str:
    """Return the prefix that all addresses of one subscriber share: the /64 of an IPv6 address, or the whole of an
    IPv4 address. A text that is not an address is returned as it is.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(int(parsed) >> (128 - SUBSCRIBER_PREFIX_BITS))

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


def is_burst(request: HttpRequest, purpose: str, *, limit: int, within_seconds: int) -> bool:
    """Tell whether this address sent more than `limit` requests in the current period of `within_seconds`, which began
    with its first request. A burst does not prove an abuse, because the computers of a town hall share one address.
    Return False if the cache does not answer.
    """
    key = f"{purpose}:{hash_address(request)}"
    try:
        # Most calls end here, after one command to the cache.
        is_first = cache.add(key, 1, timeout=within_seconds)
        return (1 if is_first else cache.incr(key)) > limit
    except (RedisError, ValueError):  # A ValueError means that the key expired between the two calls.
        logger.warning("no burst counter: the cache does not answer")
        return False


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

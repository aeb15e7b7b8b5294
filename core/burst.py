"""Counting what comes from one address, to ask an honest person for one more button. Nobody is refused by it."""

import logging
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from redis import RedisError

logger = logging.getLogger(__name__)
# The least that a subscriber of IPv6 is given (RFC 6177): its addresses are one line's.
BITS_OF_A_SUBSCRIBER = 64


def is_burst(request: HttpRequest, purpose: str, *, many: int, within_seconds: int) -> bool:
    """Whether more than `many` came lately; town halls share an address, so it is no proof. No cache, no brake."""
    key = f"{purpose}:{address_key(request)}"
    try:
        is_first = cache.add(key, 1, timeout=within_seconds)  # nearly always: one call
        return (1 if is_first else cache.incr(key)) > many
    except (RedisError, ValueError):  # ValueError: the key expired between the two
        logger.warning("no burst counter: the cache does not answer")
        return False


def address_key(request: HttpRequest) -> str:
    """The address itself is not stored. Behind proxies, the last one's word for who called it."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    address = find_subscriber(forwarded or request.META.get("REMOTE_ADDR", ""))
    return salted_hmac("incidents.declare.brake", address, algorithm="sha256").hexdigest()[:32]


def find_subscriber(address: str) -> str:
    """Return what the line of this address has in common with its others; what is no address, as it came."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(int(found) >> (128 - BITS_OF_A_SUBSCRIBER))

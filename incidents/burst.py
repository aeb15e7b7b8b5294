"""Counting what comes from one address, to ask an honest person for one more button. Nobody is refused by it."""

import logging

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from redis import RedisError

logger = logging.getLogger(__name__)


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
    address = forwarded or request.META.get("REMOTE_ADDR", "")
    return salted_hmac("incidents.declare.brake", address, algorithm="sha256").hexdigest()[:32]

"""Brakes on machines that fill the form. They only ask an honest person to press one more button, never refuse."""

import logging

from django.core.cache import cache
from django.http import HttpRequest, QueryDict
from django.utils.crypto import salted_hmac
from redis import RedisError

logger = logging.getLogger(__name__)

TRAP = "site_web"  # people never see this field
MANY = 10
WITHIN_SECONDS = 600
CONFIRMED = "confirme"


def must_confirm(request: HttpRequest, data: QueryDict) -> bool:
    """Whether this post looks like a machine's and nobody has confirmed it yet."""
    if CONFIRMED in data:
        return False
    return bool(data.get(TRAP)) or is_burst(request)


def is_burst(request: HttpRequest) -> bool:
    """More than MANY posts from one address lately; town halls share one, so it is no proof. No cache, no brake."""
    key = f"declare:{address_key(request)}"
    try:
        cache.add(key, 0, timeout=WITHIN_SECONDS)
        return cache.incr(key) > MANY
    except (RedisError, ValueError):  # ValueError: the key expired between the two
        logger.warning("no burst counter: the cache does not answer")
        return False


def address_key(request: HttpRequest) -> str:
    """The address itself is not stored. Behind proxies, the last one's word for who called it."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    address = forwarded or request.META.get("REMOTE_ADDR", "")
    return salted_hmac("incidents.declare.brake", address, algorithm="sha256").hexdigest()[:32]

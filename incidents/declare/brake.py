"""Brakes on machines that fill the form. They only ask an honest person to press one more button, never refuse."""

import logging

from django.core.cache import cache
from django.http import HttpRequest, QueryDict
from redis import RedisError

from incidents.burst import address_key, is_burst

logger = logging.getLogger(__name__)

TRAP = "site_web"  # people never see this field
MANY = 10
MANY_BEGUN = 30
WITHIN_SECONDS = 600
CONFIRMED = "confirme"

# Wrong codes in WITHIN_SECONDS, from one address and from everywhere, after which codes are tried one at a time.
FEW_WRONG, MANY_WRONG = 8, 300
BETWEEN_TRIES_SECONDS = 10


def must_confirm(request: HttpRequest, data: QueryDict) -> bool:
    """Whether this post looks like a machine's and nobody has confirmed it yet."""
    if CONFIRMED in data:
        return False
    return bool(data.get(TRAP)) or is_burst(request, "declare", many=MANY, within_seconds=WITHIN_SECONDS)


def must_confirm_start(request: HttpRequest, data: QueryDict) -> bool:
    """Whether more declarations begin at this address than a town hall's people begin, and nobody has confirmed it."""
    return CONFIRMED not in data and is_burst(request, "begin", many=MANY_BEGUN, within_seconds=WITHIN_SECONDS)


def seconds_to_wait(request: HttpRequest) -> int:
    """Before another code is tried from this address: 0 nearly always. Nobody is locked out, only slowed.

    Whoever never made a mistake here waits for nobody else, even while codes are guessed from everywhere.
    """
    here = address_key(request)
    try:
        wrong = cache.get_many([f"wrong:{here}", "wrong:everywhere"])
        slowed = wrong.get(f"wrong:{here}", 0) >= FEW_WRONG or wrong.get("wrong:everywhere", 0) >= MANY_WRONG
        if slowed and not cache.add(f"try:{here}", 1, timeout=BETWEEN_TRIES_SECONDS):
            return BETWEEN_TRIES_SECONDS
    except RedisError:
        logger.warning("no counter of wrong codes: the cache does not answer")
    return 0


def count_wrong_code(request: HttpRequest) -> None:
    for key in (f"wrong:{address_key(request)}", "wrong:everywhere"):
        try:
            cache.add(key, 0, timeout=WITHIN_SECONDS)
            cache.incr(key)
        except (RedisError, ValueError):
            logger.warning("no counter of wrong codes: the cache does not answer")

"""Limits on programs that fill in the form. They refuse nobody, because a person who reaches a limit only waits or
presses one more button.
"""

import logging

from django.core.cache import cache
from django.http import HttpRequest, QueryDict
from redis import RedisError

from core.request_counter import count_request, hash_address

logger = logging.getLogger(__name__)

HONEYPOT_FIELD = "site_web"  # a hidden field that people leave empty
# One address may send and begin this many declarations within COUNT_WINDOW_SECONDS before it must confirm the next.
MAX_UNCONFIRMED_DECLARATIONS, MAX_UNCONFIRMED_STARTS = 10, 30
COUNT_WINDOW_SECONDS = 600
CONFIRMED = "confirme"

# The numbers of wrong codes within COUNT_WINDOW_SECONDS, from one address and from all, after which further tries are
# slowed.
MAX_WRONG_CODES_OF_ADDRESS, MAX_WRONG_CODES_OF_ALL = 8, 300
TRY_INTERVAL_SECONDS = 10


def must_confirm_sending(request: HttpRequest, data: QueryDict) -> bool:
    """Tell whether a declaration must be confirmed before it is sent, because its sending looks automatic. Count the
    sending for its IP address, unless it was confirmed or the hidden trap field is filled.
    """
    if CONFIRMED in data:
        return False
    if data.get(HONEYPOT_FIELD):
        return True
    return count_request(request, "declare", within_seconds=COUNT_WINDOW_SECONDS) > MAX_UNCONFIRMED_DECLARATIONS


def must_confirm_start(request: HttpRequest, data: QueryDict) -> bool:
    """Tell whether the start of a declaration must be confirmed, because too many were started from this IP address.
    Count the start, unless it was confirmed.
    """
    if CONFIRMED in data:
        return False
    return count_request(request, "begin", within_seconds=COUNT_WINDOW_SECONDS) > MAX_UNCONFIRMED_STARTS


def throttle_code_try(request: HttpRequest) -> int:
    """Return how many seconds this IP address must wait before it tries another code. Return 0 if no wait is needed or
    the cache does not answer.

    Addresses are slowed, never blocked. An address that sent too many wrong codes may try one code every
    `TRY_INTERVAL_SECONDS`. If all addresses together sent too many wrong codes, this limit applies to each address
    separately.
    """
    address = hash_address(request)
    try:
        wrong = cache.get_many([f"wrong:{address}", "wrong:everywhere"])
        of_address, of_all = wrong.get(f"wrong:{address}", 0), wrong.get("wrong:everywhere", 0)
        slowed = of_address >= MAX_WRONG_CODES_OF_ADDRESS or of_all >= MAX_WRONG_CODES_OF_ALL
        if slowed and not cache.add(f"try:{address}", 1, timeout=TRY_INTERVAL_SECONDS):
            return TRY_INTERVAL_SECONDS
    except RedisError:
        logger.warning("no counter of wrong codes: the cache does not answer")
    return 0


def count_wrong_draft_code(request: HttpRequest) -> None:
    """Count a wrong code for this IP address and for all addresses together. Errors of the cache are ignored."""
    for key in (f"wrong:{hash_address(request)}", "wrong:everywhere"):
        try:
            cache.add(key, 0, timeout=COUNT_WINDOW_SECONDS)
            cache.incr(key)
        except (RedisError, ValueError):
            logger.warning("no counter of wrong codes: the cache does not answer")

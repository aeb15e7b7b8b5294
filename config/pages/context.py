"""The context processor of every template."""

from functools import partial
from typing import Any

from django.http import HttpRequest

from accounts.installation import get_facts
from accounts.session_limits import find_remaining_time


def describe_request(request: HttpRequest) -> dict[str, Any]:
    """Return the variables that every template gets. `demonstration` tells whether the database is a demonstration,
    `accessibility` what the foot of a page says of its accessibility. `remaining_time` is how long the session still
    lasts, or None (`find_remaining_time`). Templates call it.
    """
    facts = get_facts()
    return {
        "demonstration": facts.is_demonstration,
        "accessibility": facts.accessibility.label,
        "remaining_time": partial(find_remaining_time, request),
    }

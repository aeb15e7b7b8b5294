"""The context processor of every template."""

from functools import partial
from typing import Any

from django.http import HttpRequest

from accounts.installation import is_demonstration
from accounts.session_limits import find_remaining_time


def describe_request(request: HttpRequest) -> dict[str, Any]:
    """Return the variables that every template gets. `demonstration` tells whether the database is a demonstration.
    `remaining_time` is how long the session still lasts, or None (`find_remaining_time`). Templates call it.
    """
    return {"demonstration": is_demonstration(), "remaining_time": partial(find_remaining_time, request)}

"""Throttle of the API: how many requests one token may make in a minute."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiToken
from core.request_counter import count_request

WINDOW_SECONDS = 60


class TokenThrottle(BaseThrottle):
    """Refuses the requests of a token beyond API_REQUESTS_A_MINUTE. Requests without a token read what is public, and
    are not counted. Nor is anybody while Valkey does not answer.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        token: Any = request.auth
        if not isinstance(token, ApiToken):
            return True
        number = count_request(request, f"api:{token.pk}", within_seconds=WINDOW_SECONDS)
        return number <= settings.API_REQUESTS_A_MINUTE

    def wait(self) -> float:
        return WINDOW_SECONDS

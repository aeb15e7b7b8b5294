"""Mixins and decorators that several views use."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse, HttpResponseBase


def hide_secret_address[**P, R: HttpResponseBase](view: Callable[P, R]) -> Callable[P, R]:
    """Decorate a view whose address holds a secret. The browser then names this site alone to the pages that it opens
    next, and no log of theirs gets the secret.

    `no-referrer` would say even less, but browsers then send `Origin: null`, which the CSRF check refuses.
    """

    @wraps(view)
    def serve_response(*args: P.args, **kwargs: P.kwargs) -> R:
        response = view(*args, **kwargs)
        response.headers["Referrer-Policy"] = "strict-origin"
        return response

    return serve_response


class UnprocessableFormMixin:
    """Answers an invalid form with status 422 and shows what was typed."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]  # of the view that this completes
        if response.status_code == 200:
            response.status_code = 422
        return response

"""Mixins and decorators that several views use."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse, HttpResponseBase

from accounts.enums import SecurityEventKind, SecurityOutcome
from accounts.models import User
from accounts.security.record import record_security_event

TOO_MANY_TRIES = "too_many_login_attempts"  # the code of this error of allauth


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


def record_wrong_proof(kind: SecurityEventKind, form: Any, *, detail: str, person: User | None = None) -> None:
    """Record the security event of an invalid form that asks for a password, a code or a passkey: the proof was wrong,
    or there were too many tries.
    """
    codes = {error.code for errors in form.errors.as_data().values() for error in errors}
    outcome = SecurityOutcome.REFUSED if TOO_MANY_TRIES in codes else SecurityOutcome.FAILED
    record_security_event(kind, outcome=outcome, person=person, detail=detail)

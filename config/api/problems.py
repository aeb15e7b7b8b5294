"""Errors of the API as RFC 9457 problem documents, in French, with the name of each wrong field."""

from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts.api.permissions import BEYOND_SCOPE
from accounts.enums import SecurityEventKind
from accounts.models import User
from accounts.security.record import record_refusal
from config.api.documents import MEDIA_TYPE, OTHER_TITLE, TITLES, make_problem_document
from core.french import choose_plural
from incidents.access import UnseenCase, record_unseen_case

ABOUT_WHOLE = "non_field_errors"  # the name that DRF gives to errors about a whole list or object
# The most problems that a response lists, and the most characters of one. Messages may repeat what was sent.
MAX_LISTED_PROBLEMS, MESSAGE_LIMIT = 50, 300


def make_problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response with the problem document of an error. Return None for an unforeseen error, which Django
    then turns into a 500 without details. DRF calls this function as its EXCEPTION_HANDLER.
    """
    # `user` would sign in again, and fail again, if the token was not read yet or is wrong.
    record_refused_call(error, getattr(context["request"], "_user", None))
    if isinstance(error, Http404):
        error = exceptions.NotFound("Il n’y a rien ici que vous puissiez voir.")
    elif isinstance(error, DjangoDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = describe_error(error, response.status_code)
    response.content_type = MEDIA_TYPE
    return response


def record_refused_call(error: Exception, user: Any) -> None:
    """Record that the API refused something to the person of a valid token: an operation beyond its scopes, an act, a
    case that this person may not see, or one request too many.
    """
    if not isinstance(user, User):
        return
    if isinstance(error, UnseenCase):
        record_unseen_case(user, error.reference)
    elif isinstance(error, exceptions.PermissionDenied) and error.get_codes() == BEYOND_SCOPE:
        record_refusal(SecurityEventKind.TOKEN_REFUSED, BEYOND_SCOPE, person=user)
    elif isinstance(error, exceptions.PermissionDenied | DjangoDenied):
        record_refusal(SecurityEventKind.ACCESS_REFUSED, person=user)
    elif isinstance(error, exceptions.Throttled):
        record_refusal(SecurityEventKind.LIMIT_REACHED, person=user)


def describe_error(error: Exception, status: int) -> dict[str, Any]:
    """Return the problem document of an error of DRF. For a validation error, the document lists the wrong fields,
    at most MAX_LISTED_PROBLEMS.
    """
    title = TITLES.get(status, OTHER_TITLE)
    if not isinstance(error, exceptions.ValidationError):
        return make_problem_document(status, title, str(getattr(error, "detail", OTHER_TITLE)))
    problems = list(islice(flatten_errors(error.detail), MAX_LISTED_PROBLEMS + 1))
    count = choose_plural("%d point", "%d points", len(problems)) % len(problems)
    detail = f"La demande a {count} à corriger."
    if len(problems) > MAX_LISTED_PROBLEMS:
        detail = f"La demande a plus de {MAX_LISTED_PROBLEMS} points à corriger. Voici les premiers."
    return make_problem_document(status, title, detail, errors=problems[:MAX_LISTED_PROBLEMS])


def flatten_errors(detail: Any, field: str = "") -> Any:
    """Yield one `{"field": "contact.phone", "message": …}` for each message in the nested error details of DRF. A
    message that is longer than MESSAGE_LIMIT is shortened. An error about the whole request keeps the name that DRF
    gives to it.
    """
    if isinstance(detail, dict):
        for name, inner in detail.items():
            inner_field = field if field and name == ABOUT_WHOLE else f"{field}.{name}"
            yield from flatten_errors(inner, inner_field.removeprefix("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from flatten_errors(inner, f"{field}.{index}" if isinstance(inner, dict) else field)
    else:
        message = str(detail)
        yield {"field": field, "message": f"{message[:MESSAGE_LIMIT]}…" if len(message) > MESSAGE_LIMIT else message}

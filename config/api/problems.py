"""Errors of the API as RFC 9457 problem documents, in French, with the name of each wrong field."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

MEDIA_TYPE = "application/problem+json"


def make_problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem document of an error, as the EXCEPTION_HANDLER of DRF. Return None for an unforeseen error,
    which Django then turns into a 500 without details.
    """
    if isinstance(error, Http404):
        error = exceptions.NotFound("Il n’y a rien ici que vous puissiez voir.")
    elif isinstance(error, DjangoDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = make_problem_document(error, response.status_code)
    response.content_type = MEDIA_TYPE
    return response


def make_problem_document(error: Exception, status: int) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if isinstance(error, exceptions.ValidationError):
        problems = list(flatten_errors(error.detail))
        body["detail"] = f"La demande a {len(problems)} point(s) à corriger."
        body["errors"] = problems
    elif isinstance(error, exceptions.APIException):
        body["detail"] = str(error.detail)
    return body


def flatten_errors(detail: Any, field: str = "") -> Any:
    """Yield one `{"field": "contact.phone", "message": …}` for each message in the nested error details of DRF."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from flatten_errors(inner, f"{field}.{name}" if field else str(name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from flatten_errors(inner, f"{field}.{index}" if isinstance(inner, dict) else field)
    else:
        yield {"field": field, "message": str(detail)}

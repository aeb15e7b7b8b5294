"""The OpenAPI description of the API. It adds to each operation the problem documents with which it may answer."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from config.api.documents import MEDIA_TYPE, TITLES


class FieldProblemOut(serializers.Serializer[object]):
    """Un champ à corriger."""

    field = serializers.CharField(help_text="Nom du champ, par exemple « contact.phone ».")
    message = serializers.CharField(help_text="Ce qu’il faut corriger, en français.")


class ProblemOut(serializers.Serializer[object]):
    """Un refus, selon la RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="Ce qui ne va pas et ce qu’il faut faire, en français.")
    errors = FieldProblemOut(many=True, required=False)  # type: ignore[assignment]  # a field, in a declaration


class DescribedSchema(AutoSchema):
    """Describes an operation with its problem documents.

    Most of them follow from the operation. A view names the others in `problems`: the status codes of each method.
    """

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self.list_problem_statuses():
            problem = OpenApiResponse(ProblemOut, description=TITLES[status])
            described = self._get_response_for_code(problem, str(status), [MEDIA_TYPE], direction)  # type: ignore[no-untyped-call]
            responses[str(status)] = described
        return responses

    def list_problem_statuses(self) -> Iterator[int]:
        """Yield the status codes of the problem documents of this operation."""
        if self.view.authentication_classes:
            yield from (401, 403, 429)
        if self._get_parameters():
            yield 400
        if "{" in self.path:
            yield 404
        if self._get_request_body():  # type: ignore[no-untyped-call]
            yield from (400, 413, 415)
        yield 406
        yield from getattr(self.view, "problems", {}).get(self.method, ())

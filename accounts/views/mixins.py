"""Mixins that several views use."""

from typing import Any

from django.http import HttpResponse


class UnprocessableFormMixin:
    """Answers an invalid form with status 422 and shows what was typed."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]  # of the view that this completes
        if response.status_code == 200:
            response.status_code = 422
        return response

"""The type of the test client's responses, for annotations: a response with its context, its templates and its
JSON.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response
else:  # that class exists only in the stubs
    from django.http import HttpResponse as Response

__all__ = ["Response"]

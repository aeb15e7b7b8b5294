"""A parser of JSON that limits the size of a request. The parser of DRF reads bodies of any length."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class RequestTooLarge(APIException):
    status_code = 413
    default_detail = "Cette demande est trop grande : un mégaoctet au plus."


class BoundedJSONParser(JSONParser):
    """Parses the JSON body of a request. Raises RequestTooLarge for a large body, and ParseError for deep nesting."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestTooLarge
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("Cette demande a trop de niveaux.") from None
        except ParseError as error:
            raise ParseError("Cette demande n’est pas du JSON lisible, en UTF-8.") from error

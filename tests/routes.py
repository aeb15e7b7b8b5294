"""Every route of the site, as its URL conf writes it."""

import re
from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def list_routes(patterns: Iterable[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from list_routes(pattern.url_patterns, route)
        else:
            yield route


def simplify_route(route: str) -> str:
    """Return the route with {name} for each part that varies."""
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route)
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path).replace("^", "").replace("$", "")

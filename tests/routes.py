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


def list_route_names(patterns: Iterable[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[str]:
    """Yield the name of each route, as `request.resolver_match.view_name` has it."""
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            namespace = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from list_route_names(pattern.url_patterns, prefix + namespace)
        else:
            yield prefix + (pattern.name or pattern.lookup_str)


def simplify_route(route: str) -> str:
    """Return the route with {name} for each part that varies."""
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route)
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path).replace("^", "").replace("$", "")

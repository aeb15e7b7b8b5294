"""What search engines may index: robots.txt, and a header on every other page.

A page is indexed only if its route is in this list. robots.txt alone would not be enough, because an engine lists an
address that another site links to, even if it may not read it.
"""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.installation import is_demonstration

# The names of the routes that may be indexed, with the path that robots.txt allows for each. « $ » ends a path.
INDEXED_PATHS = {
    "home": "/$",
    "declare_type": "/declarer/$",
    "csirt_directory": "/annuaire/$",
    "reflex_list": "/reflexes/",
    "reflex_sheet": "/reflexes/",
    "statistics": "/statistiques/$",
    "stats_definitions": "/statistiques/definitions/$",
    "stats_method": "/statistiques/methode/$",
    "stats_releases": "/statistiques/publications/",
    "stats_release": "/statistiques/publications/",
    "privacy_notice": "/vos-donnees/$",
    "accessibility": "/accessibilite/$",
    "legal_notice": "/mentions-legales/$",
}
# Besides: the figures of a région or a year, style sheets, and the address for reports of weaknesses.
OTHER_PATHS = ("/statistiques/?", "/static/", "/.well-known/security.txt$")


@login_not_required
@require_safe
def show_robots_rules(request: HttpRequest) -> HttpResponse:
    """Allow the listed paths, and forbid all others. A demonstration, whose cases are invented, forbids all."""
    allowed = [] if is_demonstration() else [*dict.fromkeys(INDEXED_PATHS.values()), *OTHER_PATHS]
    lines = ["User-agent: *", *(f"Allow: {path}" for path in allowed), "Disallow: /", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


class IndexGuard:
    """Middleware that keeps each page out of search engines, save those of INDEXED_PATHS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if not match or match.view_name not in INDEXED_PATHS or is_demonstration():
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

"""The public directory: whom to call, everywhere in France and for one's own body (« chez moi »)."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from collectivities.enums import Zone
from collectivities.mentions import Mention
from collectivities.models import Collectivity, Region
from collectivities.search import (
    BodySearchResult,
    SearchProblem,
    check_query_not_empty,
    find_body_by_code,
    search_bodies_and_places,
)
from csirts.queries import list_directory_entries, list_nationwide_entries
from csirts.routing import find_route, get_centres_by_level, load_directory

MAX_CHOICES = 12


@dataclass(frozen=True)
class DirectorySearchResult:
    """The result of « Qui appeler chez moi ? »: one body, several to choose from, or a problem."""

    query: str = ""
    problem: str = ""
    matches: tuple[Collectivity, ...] = ()
    mention: Mention | None = None

    @property
    def only_match(self) -> Collectivity | None:
        """Return the body that was found, if it is the only match and leaves no doubt. Return None otherwise."""
        return self.matches[0] if len(self.matches) == 1 and not self.mention else None


@login_not_required
@require_safe
def show_directory(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    search = _read_search(request)
    day_directory = load_directory(today)
    csirts = day_directory.csirts
    entries = list_directory_entries(csirts, Region.objects.all(), today)
    context: dict[str, Any] = {
        "search": search,
        "route": find_route(search.only_match, today) if search.only_match else None,
        "metropole": [entry for entry in entries if entry.zone == Zone.METRO],
        "overseas": [entry for entry in entries if entry.zone != Zone.METRO],
        "everywhere": list_nationwide_entries(csirts),
        "helpers": get_centres_by_level(today),
        "last_resorts": [fallback.csirt for fallback in day_directory.last_resorts],
    }
    return render(request, "csirts/directory.html", context)


def _read_search(request: HttpRequest) -> DirectorySearchResult:
    """Run the search of a request and return its result. `organisme` is the code of a chosen body, `q` the words
    typed.
    """
    query = request.GET.get("q", "").strip()
    if body := find_body_by_code(request.GET.get("organisme", "")):
        return DirectorySearchResult(query, matches=(body,))
    try:
        if "q" in request.GET:
            check_query_not_empty(query)
        answer = search_bodies_and_places(query, limit=MAX_CHOICES) if query else BodySearchResult([])
    except SearchProblem as problem:
        return DirectorySearchResult(query, problem=str(problem))
    return DirectorySearchResult(query, matches=(*answer.bodies, *answer.places), mention=answer.mention)

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
from collectivities.search import SearchAnswer, SearchProblem, answer_search, check_words, collectivity_by_code
from csirts.queries import directory_entries, last_resort_entries
from csirts.routing import csirt_for, helpers_of, load_directory

CHOICES = 12


@dataclass(frozen=True)
class Search:
    """The result of « Qui appeler chez moi ? »: one body, several to choose from, or a problem."""

    query: str = ""
    problem: str = ""
    matches: tuple[Collectivity, ...] = ()
    mention: Mention | None = None

    @property
    def only(self) -> Collectivity | None:
        return self.matches[0] if len(self.matches) == 1 and not self.mention else None


@login_not_required
@require_safe
def directory(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    search = _search(request)
    known = load_directory(today)
    csirts = known.csirts
    entries = directory_entries(csirts, Region.objects.all(), today)
    context: dict[str, Any] = {
        "search": search,
        "route": csirt_for(search.only, today) if search.only else None,
        "metropole": [entry for entry in entries if entry.zone == Zone.METRO],
        "overseas": [entry for entry in entries if entry.zone != Zone.METRO],
        "everywhere": last_resort_entries(csirts),
        "helpers": helpers_of(today),
        "last_resorts": [one.csirt for one in known.last_resorts],
    }
    return render(request, "csirts/directory.html", context)


def _search(request: HttpRequest) -> Search:
    """Read the search. `organisme` is the exact code of a choice, `q` the words typed."""
    query = request.GET.get("q", "").strip()
    if body := collectivity_by_code(request.GET.get("organisme", "")):
        return Search(query, matches=(body,))
    try:
        if "q" in request.GET:
            check_words(query)
        answer = answer_search(query, limit=CHOICES) if query else SearchAnswer([])
    except SearchProblem as problem:
        return Search(query, problem=str(problem))
    return Search(query, matches=(*answer.found, *answer.places), mention=answer.mention)

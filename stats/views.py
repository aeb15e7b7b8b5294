"""The public figures, and the exact ones of a CSIRT for its lead."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.enums import Role
from accounts.models import User
from incidents.visits import find_case, private
from stats.mine import standing_of
from stats.partition import K
from stats.periods import SETTLED_AFTER
from stats.published import UnknownSelectionError, highest, read_page
from stats.queries import exact_year


@login_not_required
@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """Published figures only, chosen by plain links: `?region=53&annee=2025`."""
    try:
        page = read_page(region_code=request.GET.get("region", ""), year=request.GET.get("annee", ""))
    except UnknownSelectionError:
        raise Http404 from None
    context = {
        "page": page,
        "least": K,
        "days": SETTLED_AFTER.days,
        "top_quarter": highest(page.by_quarter),
        "top_hours": highest(page.by_hours),
        "top_persons": highest(page.by_persons),
        "is_lead": isinstance(request.user, User) and bool(request.user.csirt_ids(Role.LEAD)),
    }
    return render(request, "stats/statistics.html", context)


@never_cache
@require_safe
def own_statistics(request: HttpRequest) -> HttpResponse:
    """For a lead; for everybody else with an account the page does not exist."""
    assert isinstance(request.user, User)  # noqa: S101 (LoginRequiredMiddleware)
    exact = exact_year(request.user, today=timezone.localdate())
    if exact is None:
        raise Http404
    return render(request, "stats/own_statistics.html", {"exact": exact})


@private
@require_safe
def figures_of_case(request: HttpRequest, reference: str) -> HttpResponse:
    """For whoever may follow the case: by its secret link, or with an account of the body or of its centre."""
    incident, _guest = find_case(request, reference)
    return render(request, "stats/mine.html", {"incident": incident, "standing": standing_of(incident)})

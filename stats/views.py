"""The public figures, and the exact ones for those entitled."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.enums import Role
from accounts.models import User
from accounts.signed_in import user_of
from incidents.visits import find_case, private
from stats.access import centre_for, links_for, nation_for, own_centres, region_for
from stats.mine import standing_of
from stats.partition import K
from stats.periods import SETTLED_AFTER
from stats.published import UnknownSelectionError, highest, read_page
from stats.queries import exact_year
from stats.reach import Reach
from stats.services import note_reading


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
        "exact_links": links_for(request.user if isinstance(request.user, User) else None),
    }
    return render(request, "stats/statistics.html", context)


@require_safe
def own_statistics(request: HttpRequest) -> HttpResponse:
    """For a lead; for everybody else with an account the page does not exist."""
    return exact_page(request, own_centres(user_of(request)), is_own=True)


@require_safe
def exact_centre(request: HttpRequest, slug: str) -> HttpResponse:
    return exact_page(request, centre_for(user_of(request), slug))


@require_safe
def exact_region(request: HttpRequest, region: str) -> HttpResponse:
    return exact_page(request, region_for(user_of(request), region))


@require_safe
def exact_nation(request: HttpRequest) -> HttpResponse:
    return exact_page(request, nation_for(user_of(request)))


@never_cache
def exact_page(request: HttpRequest, reach: Reach, *, is_own: bool = False) -> HttpResponse:
    """Exact figures, `?annee=2025` or of the current year. That they were read is recorded before they are shown."""
    reader = user_of(request)
    exact = exact_year(reach, year=request.GET.get("annee", ""), today=timezone.localdate())
    note_reading(reader=reader, reach=reach, year=exact.year)
    context = {"exact": exact, "is_own": is_own, "links": links_for(reader)}
    return render(request, "stats/exact.html", context)


@private
@require_safe
def figures_of_case(request: HttpRequest, reference: str) -> HttpResponse:
    """For whoever may follow the case: by its secret link, or with an account of the body or of its centre."""
    incident, _guest = find_case(request, reference)
    return render(request, "stats/mine.html", {"incident": incident, "standing": standing_of(incident)})

"""What a person with an account sees of their own cases, outside the admin."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.signed_in import user_of
from incidents.models import Incident
from incidents.reference import compact

PAGE = 50


@never_cache
@require_safe
def own_cases(request: HttpRequest) -> HttpResponse:
    """The newest first; `?apres=` is the reference of the last row of the page before."""
    mine = Incident.objects.visible_to(user_of(request)).with_words().order_by("-received_at", "-id")
    rows = list(older_than(mine, compact(request.GET.get("apres", "")))[: PAGE + 1])
    return render(request, "incidents/own_cases.html", {"cases": rows[:PAGE], "has_more": len(rows) > PAGE})


def older_than(incidents: QuerySet[Incident], reference: str) -> QuerySet[Incident]:
    """All of them when that reference is not one of them."""
    last = incidents.filter(reference=reference).first() if reference else None
    if last is None:
        return incidents
    same_instant = incidents.filter(received_at=last.received_at, id__lt=last.pk)
    return same_instant | incidents.filter(received_at__lt=last.received_at)

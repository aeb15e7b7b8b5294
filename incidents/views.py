"""Pages outside the admin on which a person with an account sees their own cases and bodies."""

from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import get_body, is_manager_of, list_bodies
from accounts.factors import has_factor
from accounts.services.bodies import list_memberships
from accounts.services.invitations import list_pending_invitations
from accounts.signed_in import get_account
from csirts.routing import find_route
from incidents.enums import OPEN
from incidents.models import Incident
from incidents.progress import ProgressStep, annotate_step_values, find_listed_step
from incidents.querysets import IncidentQuerySet
from incidents.reference import compact_code

PAGE_ROWS = 50
CASES_ON_BODY_PAGE = 10


@never_cache
@require_safe
def show_own_cases(request: HttpRequest) -> HttpResponse:
    """Show the person's cases in the order of `list_cases_by_need`. `?apres=` is the reference of the last row of the
    previous page.
    """
    user = get_account(request)
    cases = Incident.objects.visible_to(user)
    rows = list_cases_by_need(cases, PAGE_ROWS + 1, after=compact_code(request.GET.get("apres", "")))
    context = {
        "cases": pair_cases_with_steps(rows[:PAGE_ROWS]),
        "has_more": len(rows) > PAGE_ROWS,
        "has_body": user.has_body,
        "lacks_factor": user.has_body and not has_factor(user),
    }
    return render(request, "incidents/own_cases.html", context)


def pair_cases_with_steps(rows: list[Incident]) -> list[tuple[Incident, ProgressStep]]:
    """Return each case with the step that the page of the case displays. The cases must come from
    `annotate_step_values`.
    """
    return [(row, find_listed_step(row)) for row in rows]


def list_cases_by_need(incidents: IncidentQuerySet, most: int, *, after: str = "") -> list[Incident]:
    """Return up to `most` cases in three groups. The open cases that wait for an answer of the body come first, then
    the other open cases, then the closed cases. Each group has its newest cases first.

    The list begins after the case with the reference `after`, or at its start if there is no such case. Runs five
    queries at most.
    """
    is_open, awaits = Q(status__in=OPEN), Q(awaited_since__isnull=False)
    parts = [incidents.filter(is_open & awaits), incidents.filter(is_open & ~awaits), incidents.exclude(is_open)]
    last = incidents.filter(reference=after).first() if after else None
    if last:
        place = 2 if last.status not in OPEN else 0 if last.awaited_since else 1
        parts = [filter_older_cases(parts[place], last), *parts[place + 1 :]]
    # One query finds the keys, in parts because each part has its index, and another reads the rows.
    places = [select_newest_cases(part, place, most) for place, part in enumerate(parts)]
    newest = sorted(places[0].union(*places[1:], all=True), key=itemgetter(1, 2), reverse=True)
    keys = [key for _place, _received_at, key in sorted(newest, key=itemgetter(0))][:most]
    rows = annotate_step_values(Incident.objects.filter(pk__in=keys).with_displayed_rows())
    return sorted(rows, key=lambda row: keys.index(row.pk))


def select_newest_cases(
    incidents: IncidentQuerySet, place: int, most: int
) -> QuerySet[Any, tuple[int, datetime, int]]:
    """Return (place, time of reception, id) for each of the `most` newest cases. `place` numbers the group to which
    all these cases belong.
    """
    placed = incidents.order_by("-received_at", "-id").annotate(place=Value(place))
    return placed.values_list("place", "received_at", "id")[:most]


def filter_older_cases(incidents: IncidentQuerySet, last: Incident) -> IncidentQuerySet:
    """Return the cases that were received before `last`."""
    same_instant = Q(received_at=last.received_at, id__lt=last.pk)
    return incidents.filter(same_instant | Q(received_at__lt=last.received_at))


@never_cache
@require_safe
def show_own_bodies(request: HttpRequest) -> HttpResponse:
    """Show the bodies of a person who has several. Redirect a person who has one body to its page. Raises Http404 for
    anybody else.
    """
    bodies = list(list_bodies(get_account(request)).order_by("sort_key", "id"))
    if not bodies:
        raise Http404
    if len(bodies) == 1:
        return redirect("body_home", bodies[0].uid)
    return render(request, "incidents/own_bodies.html", {"bodies": bodies})


@never_cache
@require_safe
def show_body(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show a body's centre, newest cases and members. Its managers also see the pending invitations."""
    user = get_account(request)
    body = get_body(user, uid)
    rows = list_cases_by_need(Incident.objects.visible_to(user).filter(collectivity=body), CASES_ON_BODY_PAGE + 1)
    context = {
        "body": body,
        "cases": pair_cases_with_steps(rows[:CASES_ON_BODY_PAGE]),
        "has_more": len(rows) > CASES_ON_BODY_PAGE,
        "people": list(list_memberships(body)),
    }
    context["csirt"] = find_route(body, on=timezone.localdate()).csirt
    if is_manager_of(user, body):
        context |= {"manages": True, "invitations": list_pending_invitations(body)[:PAGE_ROWS], "now": timezone.now()}
    return render(request, "incidents/body_home.html", context)

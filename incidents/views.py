"""Pages on which a person with an account sees their own cases and bodies, outside the admin."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import get_body, manages
from accounts.services.bodies import list_memberships
from accounts.services.invitations import pending_invitations
from accounts.signed_in import user_of
from collectivities.models import Collectivity
from csirts.routing import csirt_for
from incidents.models import Incident
from incidents.reference import compact
from incidents.standing import Step, step_in_list, with_steps

PAGE = 50
AT_HOME = 10


@never_cache
@require_safe
def own_cases(request: HttpRequest) -> HttpResponse:
    """List the person's cases, newest first. `?apres=` is the reference of the last row of the page before."""
    mine = with_steps(Incident.objects.visible_to(user_of(request)).with_words()).order_by("-received_at", "-id")
    rows = list(older_than(mine, compact(request.GET.get("apres", "")))[: PAGE + 1])
    shown = {
        "cases": stepped(rows[:PAGE]),
        "has_more": len(rows) > PAGE,
        "has_body": bool(user_of(request).collectivity_ids()),
    }
    return render(request, "incidents/own_cases.html", shown)


def stepped(rows: list[Incident]) -> list[tuple[Incident, Step]]:
    """Return each case with the step that its own page shows."""
    return [(row, step_in_list(row)) for row in rows]


def older_than(incidents: QuerySet[Incident], reference: str) -> QuerySet[Incident]:
    """Return the cases older than the case with this reference, or all of them if none has it."""
    last = incidents.filter(reference=reference).first() if reference else None
    if last is None:
        return incidents
    same_instant = incidents.filter(received_at=last.received_at, id__lt=last.pk)
    return same_instant | incidents.filter(received_at__lt=last.received_at)


@never_cache
@require_safe
def own_bodies(request: HttpRequest) -> HttpResponse:
    """Show a person of several bodies a list of them, and redirect a person of one body to its page. Raise Http404 for
    anybody else.
    """
    bodies = list(Collectivity.objects.filter(pk__in=user_of(request).collectivity_ids()).order_by("sort_key", "id"))
    if not bodies:
        raise Http404
    if len(bodies) == 1:
        return redirect("body_home", bodies[0].uid)
    return render(request, "incidents/own_bodies.html", {"bodies": bodies})


@never_cache
@require_safe
def body_home(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show a body's centre, newest cases and members; to its managers also the pending invitations."""
    user = user_of(request)
    body = get_body(user, uid)
    mine = with_steps(Incident.objects.visible_to(user).filter(collectivity=body).with_words())
    rows = list(mine.order_by("-received_at", "-id")[: AT_HOME + 1])
    shown = {
        "body": body,
        "cases": stepped(rows[:AT_HOME]),
        "has_more": len(rows) > AT_HOME,
        "people": list(list_memberships(body)),
    }
    shown["csirt"] = csirt_for(body, on=timezone.localdate()).csirt
    if manages(user, body):
        shown |= {"manages": True, "invitations": pending_invitations(body)[:PAGE], "now": timezone.now()}
    return render(request, "incidents/body_home.html", shown)

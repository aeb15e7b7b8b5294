"""The page with the whole thread of a case. The page of the case shows its latest messages only."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from incidents.access import get_incident
from incidents.enums import Ability, Door
from incidents.services.correspondence.correspond import load_thread_page
from incidents.triage.case.page import render_page


@require_safe
def thread_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the messages before the message `?avant=` or after the message `?apres=`, which are named by their uid."""
    incident = get_incident(get_account(request), reference, to=Ability.READ, door=Door.MESSAGES)
    before, after = request.GET.get("avant", ""), request.GET.get("apres", "")
    thread_page = load_thread_page(incident, before=before, after=after)
    context = {"incident": incident, "thread_page": thread_page, "zone": find_zone(incident.collectivity)}
    return render_page(request, "incidents/triage/messages.html", context)

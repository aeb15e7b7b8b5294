"""The page that the link in a mail opens, made for a telephone: the facts in brief, one big button, then the call."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.signed_in import get_account
from collectivities.zones import find_zone
from incidents.access import get_incident, list_abilities
from incidents.enums import Ability
from incidents.models import Incident
from incidents.queries import is_case_abandoned
from incidents.services.duplicates.call_backs import awaits_call
from incidents.services.handling.readings import has_news, record_reading
from incidents.triage import wording
from incidents.triage.acts import carry_out_act
from incidents.triage.case.data import format_personal_data
from incidents.triage.case.emergency import find_official_number, list_emergency_contacts, list_numbers_to_call
from incidents.triage.work.tasks import may_add_task


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the facts on GET and record the reading. Take the case on POST.

    A GET does not change the case, because programs may open the links of a mail.
    """
    began = timezone.now()
    incident = get_incident(get_account(request), reference, to=Ability.READ)
    if request.method == "POST":
        carry_out_act(request, reference, "prendre")
        return redirect("acknowledge_page", reference)
    context = build_acknowledge_context(incident, get_account(request), timezone.now())
    if request.method == "GET":
        record_reading(incident=incident, reader=get_account(request), at=began)
    return render(request, "incidents/triage/acknowledge.html", context)


def build_acknowledge_context(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    """Return the facts in brief. `offers_guide` is true if the case has no task yet and the playbook may be added."""
    read_at = incident.readings.filter(user=user, csirt=incident.csirt_id).values_list("last_at", flat=True).first()
    return {
        "incident": incident,
        "abilities": list_abilities(user, incident),
        "awaits_call": awaits_call(incident),
        "is_abandoned": is_case_abandoned(incident),
        "zone": find_zone(incident.collectivity),
        "term": wording.get_type_term(incident),
        "waiting": wording.compute_waiting_time(incident, now),
        "late": wording.compute_taking_lateness(incident, now),
        "calls": list_numbers_to_call(incident, find_official_number(incident, list_emergency_contacts(incident))),
        "services": wording.format_stopped_services(
            incident, list(incident.interruptions.order_by("started_at", "id"))
        ),
        "data": format_personal_data(incident),
        "has_news": has_news(incident, read_at),
        "has_messages": incident.messages.exists(),
        "offers_guide": may_add_task(incident) and not incident.tasks.exists(),
        "page_address": reverse("admin:incidents_incident_change", args=[incident.reference]),
    }

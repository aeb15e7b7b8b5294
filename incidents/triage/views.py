"""The page that the mail's link opens on a telephone: the facts in brief, one big button, then the call."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.signed_in import user_of
from incidents.access import get_incident
from incidents.enums import Ability
from incidents.services.read import note_reading
from incidents.triage.acts import carry_out
from incidents.triage.case import case_context


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_page(request: HttpRequest, reference: str) -> HttpResponse:
    """GET shows, and notes who has read; it changes nothing of the case. POST takes it."""
    began = timezone.now()
    incident = get_incident(user_of(request), reference, to=Ability.ACKNOWLEDGE)
    if request.method == "POST":
        carry_out(request, reference, "prendre")
        return redirect("acknowledge_page", reference)
    context = case_context(incident, user_of(request), timezone.now())
    if request.method == "GET":
        note_reading(incident=incident, reader=user_of(request), at=began)
    return render(request, "incidents/triage/telephone.html", context)

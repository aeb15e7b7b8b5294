"""The views that receive the forms with which a responder qualifies or verifies a case."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts.signed_in import get_account
from core.stale import Stale
from incidents.access import check_ability, get_incident
from incidents.enums import Ability
from incidents.models import Incident
from incidents.services.handling.acknowledge import verify_incident
from incidents.services.handling.qualify import qualify_incident
from incidents.services.history.snapshots import find_leak_row
from incidents.triage.case.emergency import find_official_number, list_emergency_contacts
from incidents.triage.case.page import rebase_form, redirect_to_case, render_case_again, report_refusal
from incidents.triage.judging.qualify import QualifyForm, build_qualify_block, make_qualify_form
from incidents.triage.judging.verify import VerifyForm


@require_POST
def qualify_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Save the qualification. If the form is refused or the page was outdated, show the form as it was filled in."""
    incident = get_incident(get_account(request), reference, to=Ability.QUALIFY)
    leak = find_leak_row(incident)
    form, is_stale = QualifyForm(incident, leak, request.POST), False
    if "chercher" in request.POST:
        return render_technique_matches(request, incident)
    try:
        if form.is_valid():
            version_seen = form.cleaned_data["seen"]
            qualify_incident(
                reference=reference,
                actor=get_account(request),
                qualification=form.make_qualification(),
                seen=version_seen,
            )
            messages.success(request, "Qualification enregistrée.")
            return redirect_to_case(reference, "qualification")
    except Stale:
        is_stale = True
        rebase_form(form, QualifyForm(incident, leak))
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return report_refusal(request, reference, error)
        form.add_service_errors(error)
    block = build_qualify_block(incident) | {"form": form, "is_stale": is_stale}
    return render_case_again(request, incident, status=409 if is_stale else 422, qualify=block)


def render_technique_matches(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Show the techniques that match the search, and the ticked techniques. Nothing is saved."""
    form = make_qualify_form(incident)
    form.restore({name: request.POST.getlist(name) for name in form.fields})
    return render_case_again(request, incident, status=200, qualify=build_qualify_block(incident) | {"form": form})


@require_POST
def verify_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Verify the case.

    If the form is refused, show it on the page of the case as it was typed. Only then are the texts of the case loaded
    and an access recorded.
    """
    incident = check_ability(get_account(request), reference, to=Ability.VERIFY)
    form = VerifyForm(request.POST, proposed=find_official_number(incident, list_emergency_contacts(incident)))
    try:
        if form.is_valid():
            verify_incident(reference=reference, actor=get_account(request), call=form.make_call_back())
            confirmation = "Déclaration vérifiée : elle comptera dans les chiffres. Votre rappel est noté."
            messages.success(request, confirmation)
            return redirect_to_case(reference)
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    incident = get_incident(get_account(request), reference, to=Ability.VERIFY)
    return render_case_again(request, incident, verify={"form": form})

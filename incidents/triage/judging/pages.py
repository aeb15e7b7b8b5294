"""The views that save the judgements of a responder: qualification, verification, severity, correction of the body."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts.signed_in import get_account
from core.stale import Stale
from incidents.access import check_ability, get_incident
from incidents.enums import Ability
from incidents.models import Incident
from incidents.services.declaring.bodies import correct_body
from incidents.services.handling.qualify import qualify_incident
from incidents.services.handling.severity import set_severity
from incidents.services.handling.verify import find_call_back_event, verify_incident
from incidents.services.history.snapshots import find_leak_row
from incidents.triage.case.body import BodyCorrectionForm
from incidents.triage.case.emergency import find_official_number, list_emergency_contacts
from incidents.triage.case.page import (
    build_page_context,
    rebase_form,
    redirect_to_case,
    render_case_again,
    render_page,
    report_refusal,
)
from incidents.triage.judging.qualify import QualifyForm, build_qualify_block, make_qualify_form
from incidents.triage.judging.severity import SeverityForm, make_severity_form
from incidents.triage.judging.verify import VerifyForm


@require_POST
def qualify_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Save the qualification, or search for techniques if the search button was pressed.

    If the form is refused or outdated, show it as it was filled in.
    """
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
    """Show the techniques that match the search, and the ticked techniques. Save nothing."""
    form = make_qualify_form(incident)
    form.restore({name: request.POST.getlist(name) for name in form.fields})
    return render_case_again(request, incident, status=200, qualify=build_qualify_block(incident) | {"form": form})


@require_POST
def verify_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Verify the case. If the form is refused, show it on the page of the case as it was typed.

    An access to the case is recorded only if its page is shown.
    """
    incident = check_ability(get_account(request), reference, to=Ability.VERIFY)
    form = VerifyForm(request.POST, proposed=find_official_number(incident, list_emergency_contacts(incident)))
    try:
        if form.is_valid():
            verified = verify_incident(reference=reference, actor=get_account(request), call=form.make_call_back())
            return confirm_verification(request, verified)
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    incident = get_incident(get_account(request), reference, to=Ability.VERIFY)
    if incident.is_verified:  # by a colleague meanwhile: the page no longer has this form
        problems = [problem for field_problems in form.errors.values() for problem in field_problems]
        return report_refusal(request, reference, ValidationError(problems))
    return render_case_again(request, incident, verify={"form": form})


def confirm_verification(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Redirect to the case with a message that says who verified it.

    If somebody else had verified the case and it is erased now, the call is not noted. The next page then shows what
    the user typed.
    """
    event = find_call_back_event(incident)
    if event and event.actor == get_account(request):
        noted = "" if incident.erased_at else " Votre rappel est noté."
        messages.success(request, f"Déclaration vérifiée : elle comptera dans les chiffres.{noted}")
        return redirect_to_case(incident.reference)
    who = str(event.actor) if event else "Un membre connu de la collectivité"
    if incident.erased_at:
        why = f"{who} avait déjà vérifié cette déclaration. Le dossier est effacé : votre rappel n’y est pas noté."
        return report_refusal(request, incident.reference, ValidationError(why))
    messages.success(request, f"{who} avait déjà vérifié cette déclaration. Votre rappel est noté aussi.")
    return redirect_to_case(incident.reference)


@require_POST
def set_severity_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Set the severity. If the form is refused or outdated, show it again as it was filled in."""
    form, is_stale = SeverityForm(request.POST), False
    incident = get_incident(get_account(request), reference, to=Ability.QUALIFY)
    try:
        if form.is_valid():
            set_severity(reference=reference, actor=get_account(request), **form.cleaned_data)
            messages.success(request, "Gravité changée. Votre motif reste dans le dossier.")
            return redirect_to_case(reference)
    except Stale:
        is_stale = True
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    context = build_page_context(request, incident)
    if is_stale:
        rebase_form(form, make_severity_form(incident))
    context["severity"] |= {"form": form, "is_stale": is_stale}
    return render_page(request, "incidents/triage/case.html", context, status=409 if is_stale else 422)


@require_POST
def correct_body_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Correct the unconfirmed body of the case. If the form is refused, show it on the page of the case as it was
    typed.
    """
    form, is_stale = BodyCorrectionForm(request.POST), False
    incident = get_incident(get_account(request), reference, to=Ability.CONFIRM_BODY)
    try:
        correct_body(reference=reference, correction=form.make_correction(), actor=get_account(request))
    except Stale:
        is_stale = True
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    else:
        messages.success(request, "Collectivité corrigée. Le centre qui répond reste le même.")
        return redirect_to_case(reference)
    context = build_page_context(request, incident) | {"correction": form, "is_stale": is_stale}
    if is_stale and context["proposed"]:
        rebase_form(form, context["proposed"].form)
    return render_page(request, "incidents/triage/case.html", context, status=409 if is_stale else 422)

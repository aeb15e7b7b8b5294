"""The page that gives the declarant a new follow-up code, which a responder reads out on the telephone."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.signed_in import get_account
from incidents.access import get_incident
from incidents.enums import Ability
from incidents.reference import split_groups
from incidents.services.declarant.access import derive_secret, rotate_access_by_responder
from incidents.triage.case.page import render_page, report_refusal


@require_http_methods(["GET", "HEAD", "POST"])
def renew_code_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Replace the follow-up code of the declarant. GET asks for a confirmation.

    The response to POST shows the new code. No later page can show it, because it is not stored.
    """
    if request.method != "POST":
        incident = get_incident(get_account(request), reference, to=Ability.ROTATE)
        return render_page(request, "incidents/triage/code_ask.html", {"incident": incident})
    try:
        secret = derive_secret(rotate_access_by_responder(reference=reference, actor=get_account(request)))
    except ValidationError as error:
        return report_refusal(request, reference, error)
    incident = get_incident(get_account(request), reference, to=Ability.VIEW)
    secrets = {"reference": split_groups(incident.reference), "secret": split_groups(secret)}
    return render_page(request, "incidents/triage/code.html", {"incident": incident} | secrets)

"""The page on which a lead downloads a whole case, with its files."""

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.enums import SecurityEventKind
from accounts.reauthentication import check_identity
from accounts.security.record import record_security_event
from accounts.signed_in import get_account
from incidents.access import get_incident
from incidents.enums import Ability
from incidents.models import Incident
from incidents.services.papers.case_export import prepare_export, stream_archive
from incidents.sharing import PAP_MEANINGS, TLP_MEANINGS, allows_only_link
from incidents.triage.case.page import render_page, report_refusal


class ExportForm(forms.Form):
    """The box that confirms the export of a TLP:RED case. The service requires it."""

    confirmed = forms.BooleanField(
        label="Ce dossier est TLP:RED : je remets l’archive à ses destinataires nommés, à personne d’autre.",
        required=False,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def serve_export(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Show what the export holds on GET, after a proof of identity. Send the archive on POST, made as it is sent."""
    check_identity(request)
    user = get_account(request)
    incident = get_incident(user, reference, to=Ability.EXPORT)
    if request.method != "POST":
        return render_export(request, incident, ExportForm())
    form = ExportForm(request.POST)
    try:
        is_red_confirmed = form.is_valid() and form.cleaned_data["confirmed"]
        export = prepare_export(reference=reference, actor=user, is_red_confirmed=is_red_confirmed)
    except ValidationError as refusal:
        if not hasattr(refusal, "error_dict"):
            return report_refusal(request, reference, refusal)
        form.add_error(None, refusal)
        return render_export(request, incident, form, status=422)
    record_security_event(SecurityEventKind.EXPORT, csirt_id=incident.csirt_id, detail="case")
    archive = stream_archive(export.parts, timezone.localtime())
    response = StreamingHttpResponse(archive, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    return response


def render_export(request: HttpRequest, incident: Incident, form: ExportForm, *, status: int = 200) -> HttpResponse:
    context = {
        "incident": incident,
        "form": form,
        "tlp_means": TLP_MEANINGS[incident.tlp],
        "pap_means": PAP_MEANINGS[incident.pap],
        "needs_box": allows_only_link(incident.tlp) or bool(form.errors),
    }
    return render_page(request, "incidents/triage/export.html", context, status=status)

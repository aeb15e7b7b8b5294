"""The page that sends a file about a case to a partner. It shows the exact file before it sends the file."""

import secrets
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.stale import Stale
from incidents.access import get_incident
from incidents.catalogues.partners import PARTNERS, PARTNERS_WITH_MAIL, format_partner
from incidents.enums import Ability, CaseFormCode, EventKind, Tlp
from incidents.models import Advice, Incident
from incidents.panels import Remark, list_remarks
from incidents.services.partners.advise import (
    FILE_LABELS,
    REASON_LIMIT,
    AdviceFormAlreadyUsed,
    AdviceRequest,
    advise_partner,
    clean_advice_agreement,
    clean_advice_reason,
    find_advice_refusal,
    format_advice,
    get_allowed_partner,
    hash_content,
)
from incidents.sharing import TLP_MEANINGS, ReaderKind, needs_agreement, propose_label
from incidents.triage.case.page import redirect_to_case, render_page
from incidents.triage.partners.advice_summary import list_advice_lines
from incidents.triage.transfer.agreement import CONSENT_FIELDS, AgreementForm, reset_changed_agreement
from incidents.triage.work.unsent_page_text import restore_page_text
from incidents.triage.work.unsent_text import describe_new_page

SEND = "envoyer"
MAX_ADVICES_SHOWN = 50
FIELDS_NOT_RESTORED = ("seen", "key", *CONSENT_FIELDS)


class AdviceForm(AgreementForm):
    """The form that sends a file about a case to a partner.

    The service checks that the case may be sent, and reports errors by field.
    """

    partner = forms.ChoiceField(
        label="Partenaire",
        required=False,
        choices=[(code, partner.name) for code, partner in PARTNERS_WITH_MAIL.items()],
    )
    motive = forms.CharField(
        label="Pourquoi",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": REASON_LIMIT, "aria-describedby": "motif-aide"}),
    )
    tlp = forms.ChoiceField(
        label="TLP du message", required=False, choices=[(label.value, label.label) for label in FILE_LABELS]
    )
    with_persons = forms.BooleanField(
        label="Joindre qui rappeler, et les indicateurs qui peuvent nommer quelqu’un", required=False
    )
    key = forms.CharField(max_length=100, initial=secrets.token_urlsafe, required=False, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def make_request(self) -> AdviceRequest:
        """Return the request for the service `advise_partner`. The form must be valid."""
        answers = {name: self.cleaned_data[name] for name in ("partner", "motive", "with_persons", "seen")}
        answers["agreement"] = self.make_agreement()
        defaults = {
            "key": self.cleaned_data["key"] or secrets.token_urlsafe(),
            "tlp": self.cleaned_data["tlp"] or Tlp.AMBER_STRICT,
        }
        return AdviceRequest(**answers | defaults)


@require_http_methods(["GET", "HEAD", "POST"])
def advise_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the form that sends a file about a case to a partner. On POST, preview the file or send it."""
    incident = get_incident(get_account(request), reference, to=Ability.ADVISE)
    if request.method != "POST":
        form = AdviceForm(initial={"tlp": propose_label(incident.tlp), "label": incident.tlp})
        words = restore_page_text(
            form, incident, get_account(request), CaseFormCode.ADVICE, except_fields=FIELDS_NOT_RESTORED
        )
        return render_advice_page(request, incident, form, is_restored=bool(words))
    form = AdviceForm(request.POST)
    try:
        if form.is_valid():
            return (
                send_advice(request, incident, form)
                if SEND in request.POST
                else preview_advice(request, incident, form)
            )
    except Stale:
        return preview_advice(request, incident, form, is_stale=True)
    except AdviceFormAlreadyUsed:
        return preview_advice(request, incident, form, is_used=True)
    except ValidationError as error:
        form = AdviceForm(reset_changed_agreement(request.POST, incident))
        form.add_error(None, error)
    return render_advice_page(request, incident, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def send_advice(request: HttpRequest, incident: Incident, form: AdviceForm) -> HttpResponse:
    """Send the file to the partner and redirect to the case. Raises the errors of the service `advise_partner`."""
    advice = advise_partner(reference=incident.reference, request=form.make_request(), actor=get_account(request))
    confirmation = "Envoi à %(partner)s mis en route. Les mails de ce dossier disent s’il est parti."
    messages.success(request, confirmation % {"partner": PARTNERS[advice.partner].name})
    return redirect_to_case(incident.reference)


def preview_advice(
    request: HttpRequest, incident: Incident, form: AdviceForm, *, is_stale: bool = False, is_used: bool = False
) -> HttpResponse:
    """Show the file as it would be sent now, below the form. Raises ValidationError like `advise_partner`.

    `is_stale` means that the file has changed since it was shown. `is_used` means that the form has already sent
    another file, so it gets a new key.
    """
    advice_request = form.make_request()
    partner = get_allowed_partner(incident, advice_request)
    clean_advice_reason(advice_request)
    clean_advice_agreement(incident, advice_request)
    content = format_advice(incident, partner, advice_request)
    data = reset_changed_agreement(request.POST, incident).copy()
    data["seen"] = hash_content(content)
    if is_used:
        data["key"] = secrets.token_urlsafe()
    status = HTTPStatus.CONFLICT if is_stale or is_used else HTTPStatus.OK
    notices = {"is_stale": is_stale, "is_used": is_used}
    lines = list_advice_lines(content, find_zone(incident.collectivity))
    preview = {"content": content, "sha256": hash_content(content), "to": partner.email, "lines": lines}
    return render_advice_page(request, incident, AdviceForm(data), status=status, preview=preview, **notices)


def render_advice_page(
    request: HttpRequest, incident: Incident, form: AdviceForm, *, status: int = HTTPStatus.OK, **more: Any
) -> HttpResponse:
    context = {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "form": form,
        "page": describe_new_page(),
        "partners": list(PARTNERS.values()),
        "why_not": find_advice_refusal(incident),
        "tlp_means": TLP_MEANINGS[incident.tlp],
        "needs_agreement": needs_agreement(incident.tlp, ReaderKind.COMMUNITY),
        "sent_advices": list_sent_advices(incident),
    }
    return render_page(request, "incidents/triage/advise.html", context | more, status=status)


def list_sent_advices(incident: Incident) -> list[tuple[Advice, str, Remark | None]]:
    """Return the latest files that were sent, as (file, name of the partner, remark).

    The remark describes a failed mail, and is None if the mail did not fail. Runs three queries.
    """
    advices = list(incident.advices.select_related("actor").order_by("-id")[:MAX_ADVICES_SHOWN])
    events = dict(incident.events.filter(kind=EventKind.ADVISED).values_list("data__advice", "pk"))
    mails = list_remarks(list(events.values()))
    lost = {event: next((mail for mail in remarks if mail.is_troubled), None) for event, remarks in mails.items()}
    return [(advice, format_partner(advice.partner), lost.get(events.get(str(advice.uid), 0))) for advice in advices]

"""The page that sends a partner a file about a case: it shows the exact file first, then sends it."""

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
from incidents.catalogues.partners import MAILED, PARTNERS
from incidents.enums import Ability, EventKind, KeptForm, Tlp
from incidents.models import Advice, Incident
from incidents.panels import Remark, remarks_on
from incidents.services.transfer.advise import (
    LABELS,
    MOTIVE_LIMIT,
    Asked,
    FormUsed,
    advise_partner,
    check_agreed,
    checked,
    checked_motive,
    content_of,
    seal_of,
    why_not,
)
from incidents.sharing import TLP_MEANS, PartnerKind, first_label, needs_agreement
from incidents.triage.case.page import redirect_to_case, render_page
from incidents.triage.transfer.agreement import TICKED_ANEW, AgreementForm, renewed
from incidents.triage.work.kept import describe_new_page
from incidents.triage.work.kept_pages import restore_page

SEND = "envoyer"
ADVICES_SHOWN = 50
NEVER_KEPT = ("seen", "key", *TICKED_ANEW)


class AdviceForm(AgreementForm):
    """The service checks what is missing and whether the case may be sent, and names the field."""

    partner = forms.ChoiceField(
        label="Partenaire",
        required=False,
        choices=[(code, partner.name) for code, partner in MAILED.items()],
    )
    motive = forms.CharField(
        label="Pourquoi",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MOTIVE_LIMIT, "aria-describedby": "motif-aide"}),
    )
    tlp = forms.ChoiceField(label="TLP du message", required=False, choices=[(one.value, one.label) for one in LABELS])
    with_persons = forms.BooleanField(
        label="Joindre qui rappeler, et les indicateurs qui peuvent nommer quelqu’un", required=False
    )
    key = forms.CharField(max_length=100, initial=secrets.token_urlsafe, required=False, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def asked(self) -> Asked:
        """Return what is asked. The form must be valid."""
        said = {name: self.cleaned_data[name] for name in ("partner", "motive", "with_persons", "seen")}
        said["agreement"] = self.agreement_said()
        given = {
            "key": self.cleaned_data["key"] or secrets.token_urlsafe(),
            "tlp": self.cleaned_data["tlp"] or Tlp.AMBER_STRICT,
        }
        return Asked(**said | given)


@require_http_methods(["GET", "HEAD", "POST"])
def advise_view(request: HttpRequest, reference: str) -> HttpResponse:
    incident = get_incident(get_account(request), reference, to=Ability.ADVISE)
    if request.method != "POST":
        form = AdviceForm(initial={"tlp": first_label(incident.tlp), "label": incident.tlp})
        kept = restore_page(form, incident, get_account(request), KeptForm.ADVICE, leaving=NEVER_KEPT)
        return advise_page(request, incident, form, is_kept=bool(kept))
    form = AdviceForm(request.POST)
    try:
        if form.is_valid():
            return send(request, incident, form) if SEND in request.POST else render_advice(request, incident, form)
    except Stale:
        return render_advice(request, incident, form, is_stale=True)
    except FormUsed:
        return render_advice(request, incident, form, is_used=True)
    except ValidationError as error:
        form = AdviceForm(renewed(request.POST, incident))
        form.add_error(None, error)
    return advise_page(request, incident, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def send(request: HttpRequest, incident: Incident, form: AdviceForm) -> HttpResponse:
    advice = advise_partner(reference=incident.reference, asked=form.asked(), actor=get_account(request))
    said = "Envoi à %(partner)s mis en route. Les mails de ce dossier disent s’il est parti."
    messages.success(request, said % {"partner": PARTNERS[advice.partner].name})
    return redirect_to_case(incident.reference)


def render_advice(
    request: HttpRequest, incident: Incident, form: AdviceForm, *, is_stale: bool = False, is_used: bool = False
) -> HttpResponse:
    """Show the file as it would be sent now, with a new key if the form has already sent another file.

    Raises ValidationError like the service.
    """
    asked = form.asked()
    partner = checked(incident, asked)
    checked_motive(asked)
    check_agreed(incident, asked)
    content = content_of(incident, partner, asked)
    typed = renewed(request.POST, incident).copy()
    typed["seen"] = seal_of(content)
    if is_used:
        typed["key"] = secrets.token_urlsafe()
    status = HTTPStatus.CONFLICT if is_stale or is_used else HTTPStatus.OK
    shown = {"is_stale": is_stale, "is_used": is_used}
    preview = {"content": content, "sha256": seal_of(content), "to": partner.email}
    return advise_page(request, incident, AdviceForm(typed), status=status, preview=preview, **shown)


def advise_page(
    request: HttpRequest, incident: Incident, form: AdviceForm, *, status: int = HTTPStatus.OK, **shown: Any
) -> HttpResponse:
    context = {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "form": form,
        "page": describe_new_page(),
        "partners": list(PARTNERS.values()),
        "why_not": why_not(incident),
        "tlp_means": TLP_MEANS[incident.tlp],
        "needs_agreement": needs_agreement(incident.tlp, PartnerKind.COMMUNITY),
        "sent": list_sent(incident),
    }
    return render_page(request, "incidents/triage/advise.html", context | shown, status=status)


def list_sent(incident: Incident) -> list[tuple[Advice, str, Remark | None]]:
    """Return the latest files, each with the name of its partner and, if it did not leave, its mail. Three queries."""
    advices = list(incident.advices.select_related("actor").order_by("-id")[:ADVICES_SHOWN])
    events = dict(incident.events.filter(kind=EventKind.ADVISED).values_list("data__advice", "pk"))
    mails = remarks_on(list(events.values()))
    lost = {event: next((mail for mail in those if mail.is_troubled), None) for event, those in mails.items()}
    return [(one, partner_name(one.partner), lost.get(events.get(str(one.uid), 0))) for one in advices]


def partner_name(code: str) -> str:
    """Return the name of the partner, or its code if it is no longer in the list."""
    return PARTNERS[code].name if code in PARTNERS else code

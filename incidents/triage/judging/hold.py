"""The page on which a lead protects a case from erasure, or ends that protection, after a proof of identity."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.reauthentication import check_identity
from accounts.signed_in import get_account
from core.fields import FreeTextField
from core.stale import Stale
from incidents.access import get_incident
from incidents.enums import Ability
from incidents.models import Incident
from incidents.services.handling.hold import MOTIVE_LIMIT, end_hold, find_hold, place_hold
from incidents.triage.case.page import redirect_to_case, render_page, report_refusal

MAX_ID = 2**63 - 1
CHANGED = "Le gel de ce dossier a changé pendant que vous écriviez. Rien n’a été fait : relisez, puis recommencez."


class HoldForm(forms.Form):
    """The form of a legal hold. The service checks the motive. `hold` is the hold that the page shows, if any."""

    motive = FreeTextField(label="Pourquoi ?", widget=forms.Textarea(attrs={"rows": 3, "maxlength": MOTIVE_LIMIT}))
    hold = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)


@require_http_methods(["GET", "HEAD", "POST"])
def serve_hold(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the hold of the case, if there is one, with the form. On POST, end the hold that the page showed, or place
    one if it showed none. The response is 409 if another hold, or none, is in force by now.
    """
    check_identity(request)
    user = get_account(request)
    incident = get_incident(user, reference, to=Ability.HOLD)
    if request.method != "POST":
        return render_hold(request, incident, HoldForm())
    form = HoldForm(request.POST)
    try:
        if form.is_valid():
            messages.success(request, save_hold(reference, form, user))
            return redirect_to_case(reference)
    except Stale:
        form.add_error(None, CHANGED)
        return render_hold(request, incident, form, status=409)
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    return render_hold(request, incident, form, status=422)


def save_hold(reference: str, form: HoldForm, user: User) -> str:
    """Place or end the hold, as the valid form says, and return what was done. Raises as the services do."""
    motive, hold_id = form.cleaned_data["motive"], form.cleaned_data["hold"]
    if hold_id is None:
        place_hold(reference=reference, motive=motive, actor=user)
        return "Dossier gelé : personne ne l’efface tant que le gel n’est pas levé."
    end_hold(reference=reference, hold_id=hold_id, motive=motive, actor=user)
    return "Gel levé. Le dossier sera effacé au terme de sa durée, mais pas avant trente jours."


def render_hold(request: HttpRequest, incident: Incident, form: HoldForm, *, status: int = 200) -> HttpResponse:
    context = {"incident": incident, "form": form, "hold": find_hold(incident)}
    return render_page(request, "incidents/triage/hold.html", context, status=status)

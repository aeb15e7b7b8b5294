"""The page on which a responder corrects or removes the official telephone number of a body."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.signed_in import get_account
from core.fields import FreeTextField
from core.stale import Stale
from incidents.access import get_incident
from incidents.enums import Ability, NumberSource
from incidents.models import Incident
from incidents.services.handling.official_numbers import (
    PhoneCorrection,
    correct_official_number,
    find_official_number_row,
    format_number_origin,
)
from incidents.services.handling.verify import NUMBER_LIMIT, PUBLIC_SOURCES, is_same_number
from incidents.triage.case.page import redirect_to_case, render_page, report_refusal

REMOVE = "retirer"
CHANGED = "Ce numéro a changé pendant que vous l’aviez sous les yeux : relisez-le, puis recommencez."


class OfficialPhoneForm(forms.Form):
    """The form that corrects the official telephone number of a body, and asks where the new number was found.

    The service checks both.
    """

    number = FreeTextField(
        label="Le bon numéro",
        widget=forms.TextInput(attrs={"type": "tel", "maxlength": NUMBER_LIMIT, "autocomplete": "off"}),
    )
    source = forms.ChoiceField(
        label="Trouvé où ?",
        required=False,
        choices=[("", "à choisir"), *((source.value, source.label) for source in PUBLIC_SOURCES)],
    )

    def clean(self) -> dict[str, object]:
        if not self.cleaned_data["number"].strip():
            self.add_error("number", "Écrivez le bon numéro, ou retirez celui-ci.")
        return self.cleaned_data

    def make_correction(self) -> PhoneCorrection:
        """Return the correction. The form must be valid."""
        source = self.cleaned_data["source"]
        return PhoneCorrection(number=self.cleaned_data["number"], source=NumberSource(source) if source else None)


@require_http_methods(["GET", "HEAD", "POST"])
def correct_official_number_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the official telephone number with its origin on GET. Correct or remove the number on POST."""
    user = get_account(request)
    incident = get_incident(user, reference, to=Ability.VERIFY)
    if request.method != "POST":
        return render_official_number(request, incident, OfficialPhoneForm())
    form = OfficialPhoneForm(request.POST)
    is_removal = REMOVE in request.POST
    try:
        if is_removal or form.is_valid():
            correction = PhoneCorrection() if is_removal else form.make_correction()
            seen = request.POST.get("seen", "")
            correct_official_number(reference=reference, actor=user, correction=correction, seen=seen)
            outcome = "retiré" if is_removal else "corrigé"
            messages.success(request, f"Numéro officiel {outcome}. Une note du dossier le dit.")
            return redirect_to_case(reference, "collectivite")
    except Stale:
        form.add_error(None, CHANGED)
        return render_official_number(request, incident, form, status=409)
    except ValidationError as error:
        if is_removal or not hasattr(error, "error_dict") or "text" in error.error_dict:
            return report_refusal(request, reference, error)
        form.add_error(None, error)
    return render_official_number(request, incident, form, status=422)


def render_official_number(
    request: HttpRequest, incident: Incident, form: OfficialPhoneForm, *, status: int = 200
) -> HttpResponse:
    """Render the page. For a body without an official number, the page says that there is none."""
    stored = find_official_number_row(incident)
    context = {
        "incident": incident,
        "form": form,
        "stored": stored,
        "origin": format_number_origin(stored) if stored else "",
        "is_declared_too": stored is not None and is_same_number(stored.phone, incident.story.contact_phone),
    }
    return render_page(request, "incidents/triage/official_number.html", context, status=status)

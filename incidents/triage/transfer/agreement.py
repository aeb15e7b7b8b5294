"""The box and the text with which a responder notes the agreement of the declarant, on two pages of a case."""

from django import forms
from django.http import QueryDict

from incidents.models import Incident
from incidents.services.transfer.agreements import AGREEMENT_LIMIT, Agreement

# Fields that are not restored from unsent text, because the responder must see the current TLP when ticking the box.
CONSENT_FIELDS = ("agreed", "label")


class AgreementForm(forms.Form):
    """The fields in which a responder records that the declarant agrees to the sharing of the case.

    The service `clean_agreement` raises ValidationError if the agreement is incomplete, or if it is missing and the
    case needs it. It does so too if the TLP of the case has changed since the agreement was given.
    """

    agreed = forms.BooleanField(label="Le déclarant est d’accord", required=False)
    agreement = forms.CharField(
        label="Accord du déclarant",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": AGREEMENT_LIMIT, "aria-describedby": "accord-aide"}),
    )
    label = forms.CharField(required=False, widget=forms.HiddenInput)

    def make_agreement(self) -> Agreement:
        """Return the declarant's agreement as the responder typed it. The form must be valid."""
        cleaned = self.cleaned_data
        return Agreement(is_given=cleaned["agreed"], words=cleaned["agreement"], label=cleaned["label"])


def reset_changed_agreement(posted: QueryDict, incident: Incident) -> QueryDict:
    """Return the posted values to display again.

    The box of the agreement is unticked if the TLP of the case has changed since the page was opened.
    """
    if posted.get("label") == incident.tlp:
        return posted
    data = posted.copy()
    data.pop("agreed", None)
    data["label"] = incident.tlp
    return data

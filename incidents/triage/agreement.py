"""The box that says that the declarant agrees, with the words that note it: on two pages of a case."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from incidents.models import Incident
from incidents.services.agreements import AGREEMENT_LIMIT, Agreement

# Never put back on a page from what was kept: the box is ticked by whoever sees the label.
TICKED_ANEW = ("agreed", "label")


class AgreementForm(forms.Form):
    """Whether it is needed, and noted well enough, is judged by the service, which names the field."""

    agreed = forms.BooleanField(label=gettext_lazy("Le déclarant est d’accord"), required=False)
    agreement = forms.CharField(
        label=gettext_lazy("Accord du déclarant"),
        required=False,
        widget=forms.TextInput(attrs={"maxlength": AGREEMENT_LIMIT, "aria-describedby": "accord-aide"}),
    )
    label = forms.CharField(required=False, widget=forms.HiddenInput)

    def agreement_said(self) -> Agreement:
        """Of a valid form."""
        said = self.cleaned_data
        return Agreement(is_given=said["agreed"], words=said["agreement"], label=said["label"])


def renewed(sent: QueryDict, incident: Incident) -> QueryDict:
    """Return what was typed, for the page as it is shown now: under another label the box is to be ticked again."""
    if sent.get("label") == incident.tlp:
        return sent
    typed = sent.copy()
    typed.pop("agreed", None)
    typed["label"] = incident.tlp
    return typed

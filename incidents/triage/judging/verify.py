"""The form that records a call back to a body: the number called, and where it was found."""

from typing import Any

from django import forms
from django.http import QueryDict

from core.fields import FreeTextField
from incidents.enums import CaseFormCode, NumberSource
from incidents.services.handling.verify import NUMBER_LIMIT, PUBLIC_SOURCES, CallBack
from incidents.triage.case.emergency import NumberToCall
from incidents.triage.case_form import CaseForm

HELP_ATTRIBUTES = {"aria-describedby": "verifier-aide"}


class VerifyForm(CaseForm):
    """The form of a call back. `official` is the number that the page proposed, if its checkbox is ticked.

    `source` then says where the responder looked that number up again. The service checks the number.
    """

    code = CaseFormCode.VERIFICATION

    official = FreeTextField(widget=forms.HiddenInput)
    number = FreeTextField(
        label="Numéro appelé (facultatif)",
        widget=forms.TextInput(
            attrs=HELP_ATTRIBUTES | {"type": "tel", "maxlength": NUMBER_LIMIT, "autocomplete": "off"}
        ),
    )
    source = forms.ChoiceField(
        label="Numéro trouvé où ?",
        required=False,
        choices=[("", "à choisir"), *NumberSource.choices],
        widget=forms.Select(attrs=HELP_ATTRIBUTES),
    )

    def __init__(self, data: QueryDict | None = None, *, proposed: NumberToCall | None = None) -> None:
        super().__init__(data)
        self.proposed = proposed

    @property
    def is_official(self) -> bool:
        """True if the checkbox of the number that the page proposes is ticked."""
        return self.proposed is not None and self["official"].value() == self.proposed.phone

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if cleaned["official"] and not self.is_official:
            self.add_error("official", "Ce numéro officiel a changé. Regardez lequel vous avez appelé.")
        elif cleaned["official"] and cleaned["number"].strip():
            self.add_error("number", "Cochez le numéro officiel, ou écrivez-en un autre : pas les deux.")
        elif not cleaned["official"] and not cleaned["number"].strip() and not cleaned.get("source"):
            self.add_error("source", "Dites au moins où vous avez trouvé le numéro appelé.")
        return cleaned

    def make_call_back(self) -> CallBack:
        """Return the call back. The form must be valid."""
        cleaned = self.cleaned_data
        source = NumberSource(cleaned["source"]) if cleaned["source"] else None
        if self.proposed and cleaned["official"]:
            return CallBack(
                source=source if source in PUBLIC_SOURCES else self.proposed.source,
                number=self.proposed.phone,
                is_official=True,
                is_looked_up=source in PUBLIC_SOURCES,
            )
        return CallBack(source=source, number=cleaned["number"])

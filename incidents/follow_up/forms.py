from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.reference import compact


class CodeForm(forms.Form):
    """A reference and its code, read out or copied: spaces, dashes and small letters do not matter."""

    reference = forms.CharField(
        max_length=40,
        label=_("Votre référence"),
        help_text=_("Huit signes, par exemple T7K4-9MQX."),
        error_messages={"required": _("Écrivez la référence, ou appelez le centre si vous ne l’avez plus.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    code = forms.CharField(
        max_length=60,
        label=_("Votre code secret de suivi"),
        help_text=_("Douze signes, donnés après l’envoi de la déclaration."),
        error_messages={"required": _("Écrivez le code, ou demandez-en un autre au centre.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_reference(self) -> str:
        return compact(self.cleaned_data["reference"])

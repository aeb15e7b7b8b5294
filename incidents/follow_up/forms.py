import secrets
from typing import Any

from django import forms

from incidents.facts.description import LINE_LIMIT
from incidents.reference import compact_code, is_reference
from incidents.services.correspondence.correspond import Letter
from incidents.services.declarant.access import SECRET_LENGTH


class CodeForm(forms.Form):
    """The form that asks for a reference and its follow-up code. Both may be dictated or copied: spaces, dashes and
    lower case are accepted.
    """

    reference = forms.CharField(
        max_length=40,
        label="Votre référence",
        help_text="Huit signes, par exemple T7K4-9MQX.",
        error_messages={"required": "Écrivez la référence, ou appelez le centre si vous ne l’avez plus."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    code = forms.CharField(
        max_length=60,
        label="Votre code secret de suivi",
        help_text="Douze signes, donnés après l’envoi de la déclaration.",
        error_messages={"required": "Écrivez le code, ou demandez-en un autre au centre."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_reference(self) -> str:
        return compact_code(self.cleaned_data["reference"])

    def clean(self) -> dict[str, Any]:
        """Swap the reference and the code if each was typed in the field of the other. They are told apart by their
        lengths.
        """
        values = self.cleaned_data
        reference, code = values.get("reference", ""), compact_code(values.get("code", ""))
        if len(reference) == SECRET_LENGTH and is_reference(code):
            values |= {"reference": code, "code": reference}
        return values


def make_form_key() -> str:
    """Return a random idempotency key, so that a message posted twice is saved once."""
    return secrets.token_urlsafe(16)


class LetterForm(forms.Form):
    """The form of a message to the centre. The service checks the length and the text of the message."""

    text = forms.CharField(
        label="Votre message",
        strip=False,
        error_messages={"required": "Écrivez votre message avant de l’envoyer."},
        help_text="N’écrivez jamais de mot de passe ici. Vous ne savez pas ? Dites-le aussi.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    author = forms.CharField(
        label="Votre nom",
        required=False,
        max_length=LINE_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    key = forms.CharField(max_length=100, initial=make_form_key, required=False, widget=forms.HiddenInput)

    def build_letter(self) -> Letter:
        """Return the message of a valid form."""
        values = self.cleaned_data
        return Letter(text=values["text"], author=values["author"], key=values["key"] or make_form_key())


class WithdrawForm(LetterForm):
    """The form that withdraws a declaration, with an optional reason."""

    text = forms.CharField(
        label="Pourquoi la retirer",
        required=False,
        strip=False,
        help_text="Une ligne suffit.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

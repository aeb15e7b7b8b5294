"""Forms for signing in, passing the second factor and choosing a password, and forms of the pages of bodies and
centres.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ReauthenticateForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings as factor_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByFactorForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.contrib.auth import password_validation
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.fields import InvalidJSONInput
from django.utils.text import capfirst

from accounts.enums import EmergencyContactKind, TokenScope
from accounts.models import AccessLink, EmergencyContact, User
from accounts.models.access import TOKEN_LIFE, TOKEN_LIVES
from accounts.passwords import STRENGTH_HELP
from accounts.services.recovery_codes import is_recovery_code, use_recovery_code
from collectivities.models import Collectivity
from collectivities.telephones import find_phone_problem
from core.fields import PlainLineField
from core.french import starts_with_vowel
from core.telephone import has_short_number
from core.text import normalise_address
from csirts.models import Csirt


def style_field(field: forms.Field, label: Any, help_text: Any = "", **attributes: str) -> None:
    """Give a field of allauth our label and help text, and remove its placeholder."""
    field.label, field.help_text = label, help_text
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update({"class": "input"} | attributes)


class SignInForm(LoginForm):
    """The form for an address and a password. It shows one message for a wrong address, a wrong password and a closed
    account, so that nobody can guess which.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style_field(self.fields["login"], "Adresse mail", autocomplete="username webauthn")
        style_field(self.fields["password"], "Mot de passe")


class ConfirmPasswordForm(ReauthenticateForm):
    """Asks a signed-in user for the password again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style_field(self.fields["password"], "Mot de passe")


class NewPasswordForm(ChangePasswordForm):
    """Asks for the present password and, twice, for a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style_field(self.fields["oldpassword"], "Mot de passe d’aujourd’hui")
        style_field(self.fields["password1"], "Nouveau mot de passe", STRENGTH_HELP)
        style_field(self.fields["password2"], "Nouveau mot de passe, encore une fois")


class SingleUseCodeForm(forms.Form):
    """A form that refuses a one-time code that was already used. It remembers used codes as long as they are valid.
    Allauth alone forgets them sooner.
    """

    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attributes = {"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": ""}
        style_field(
            self.fields["code"], "Code", "Les six chiffres de votre application, ou un code de secours.", **attributes
        )

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]  # of the form that this class completes
        authenticator = getattr(self, "authenticator", None)  # empty while a factor is being enrolled
        if authenticator is None or authenticator.type == Authenticator.Type.TOTP:
            self.mark_code_as_used(code)
        return code

    def mark_code_as_used(self, code: str) -> None:
        """Remember that the code was used. Raises ValidationError if it was used before."""
        seconds = factor_settings.TOTP_PERIOD * (2 * factor_settings.TOTP_TOLERANCE + 1)
        if not cache.add(make_used_code_key(self.user, code), "y", timeout=seconds):
            raise get_adapter().validation_error("incorrect_code")


def make_used_code_key(user: User, code: str) -> str:
    """Return the cache key that marks this code as used."""
    return f"allauth.tocsin.used:{user.pk}:{normalize_user_code(code)}"


class RecoveryCodeForm(forms.Form):
    """A form that also takes a recovery code, of which we store a hash that allauth does not know."""

    user: User

    def clean_code(self) -> str:
        """Check a code that has the length of a recovery code. Leave others to allauth, which counts tries alike."""
        code: str = self.cleaned_data["code"]
        if not is_recovery_code(code):
            return super().clean_code()  # type: ignore[misc]  # of the form that this class completes
        forget_tries = check_rate_limit(self.user)
        self.authenticator = use_recovery_code(self.user, code)
        if self.authenticator is None:
            raise get_adapter().validation_error("incorrect_code")
        forget_tries()
        return code


class SignInCodeForm(SingleUseCodeForm, RecoveryCodeForm, AuthenticateForm):
    """Asks for a one-time code or a recovery code, after the password."""


class ConfirmCodeForm(SingleUseCodeForm, RecoveryCodeForm, ReauthenticateByFactorForm):
    """Asks a signed-in user for a one-time code or a recovery code."""


class FirstCodeForm(SingleUseCodeForm, ActivateTOTPForm):
    """Asks for the first code of an authenticator application, to enrol the application."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = "Les six chiffres que l’application montre maintenant."


@contextmanager
def reject_malformed_key() -> Iterator[None]:
    """Turn any error of fido2 in the block into the ValidationError of a wrong code. fido2 raises errors of many types
    for a malformed passkey or a wrong signature.
    """
    try:
        yield
    except ValidationError:
        raise
    except Exception as error:  # fido2 has no common base class for its parsing errors
        raise get_adapter().validation_error("incorrect_code") from error


class CredentialField(forms.JSONField):
    """The credential that a browser sends for a passkey, as JSON. A number of thousands of digits and deep nesting are
    form errors here. Python alone would raise other errors for them.
    """

    def to_python(self, value: Any) -> Any:
        with reject_malformed_key():
            return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return the submitted text unparsed, because the page that shows the form again does not read it."""
        return InvalidJSONInput(data or "")


class KeyForm(AuthenticateWebAuthnForm):
    """A form that asks for a passkey, and refuses a malformed one with a form error."""

    credential = CredentialField(widget=forms.HiddenInput)

    def clean_credential(self) -> Authenticator:
        with reject_malformed_key():
            return super().clean_credential()


class SignInByKeyForm(KeyForm, LoginWebAuthnForm):
    """Signs in with a passkey, without a password."""


class ConfirmKeyForm(KeyForm, ReauthenticateWebAuthnForm):
    """Asks a signed-in user for a passkey."""


class NewKeyForm(AddWebAuthnForm):
    """A form that enrols a passkey."""

    credential = CredentialField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        with reject_malformed_key():
            return super().clean()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)  # every key that can be a passkey is enrolled as a passkey
        style_field(self.fields["name"], "Nom de cette clé", "Pour la reconnaître : « téléphone », « clé bleue ».")
        self.fields["name"].max_length = 80


ADDRESS_ERRORS = {
    "required": "Écrivez l’adresse mail.",
    "invalid": "Cette adresse mail est incomplète. Exemple : nom@exemple.example.",
    "max_length": "Cette adresse mail est trop longue. Vérifiez-la.",
}
LONGEST_ADDRESS = 254  # the longest address of an account


class AccountAddressField(forms.EmailField):
    """The e-mail address of an account, normalised as it is stored. The normalised address is validated, because it
    can be longer than what was typed, or not be an address at all.
    """

    def to_python(self, value: Any) -> str:
        return normalise_address(super().to_python(value) or "")


class AddressForm(forms.Form):
    """Asks for the address of the account whose password is lost."""

    email = AccountAddressField(
        label="Adresse mail de votre compte",
        max_length=LONGEST_ADDRESS,
        error_messages=ADDRESS_ERRORS,
        widget=forms.EmailInput({"class": "input"}),
    )


class InviteForm(forms.Form):
    """Asks for the address of the person to invite."""

    email = AccountAddressField(
        label="Adresse mail de la personne",
        max_length=LONGEST_ADDRESS,
        error_messages=ADDRESS_ERRORS,
        widget=forms.EmailInput({"class": "input"}),
    )


class LedCentreForm(forms.Form):
    """Asks a lead for one of their centres. The field is hidden if the lead has only one centre."""

    csirt = forms.ModelChoiceField(label="Centre", queryset=Csirt.objects.none(), empty_label=None)

    def __init__(self, *args: Any, centres: QuerySet[Csirt], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["csirt"]
        field.queryset = centres  # type: ignore[attr-defined]  # of a choice of rows
        field.initial = centres.first()
        field.widget.attrs["class"] = "input"
        if len(centres) == 1:
            field.widget = forms.HiddenInput()
        self.order_fields(["csirt"])


class InviteResponderForm(LedCentreForm, InviteForm):
    """Asks a lead for the address of a person to invite, and for the centre."""


class ChannelForm(LedCentreForm):
    """Asks a lead for the mailbox that receives the cases of a centre."""

    email = forms.EmailField(
        label="Adresse qui reçoit les déclarations",
        help_text="Celle que l’astreinte lit : une boîte partagée plutôt que celle d’une personne.",
        max_length=LONGEST_ADDRESS,
        error_messages=ADDRESS_ERRORS,
        widget=forms.EmailInput({"class": "input"}),
    )


class TokenForm(forms.Form):
    """Asks for the name of a new API token. `key` is random, and identifies the form if it is sent twice."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    name = PlainLineField(
        label="Nom du jeton",
        help_text="Le programme qui s’en sert, pour le reconnaître : « SIEM de nuit ».",
        error_messages={"required": "Écrivez à quoi vous le reconnaîtrez."},
        max_length=80,
        widget=forms.TextInput({"class": "input"}),
    )
    scopes = forms.MultipleChoiceField(
        label="Ce qu’il peut faire",
        choices=TokenScope.choices,
        initial=[TokenScope.READ],
        error_messages={"required": "Cochez ce que le programme fera."},
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="Valable",
        choices=[*TOKEN_LIVES.items()],
        coerce=int,
        initial=TOKEN_LIFE.days,
        widget=forms.Select({"class": "input"}),
    )

    def __init__(self, *args: Any, offered: Collection[str], **kwargs: Any) -> None:
        """`offered` are the scopes that the person may use: an agent takes no case."""
        super().__init__(*args, **kwargs)
        choices = [(code, capfirst(label)) for code, label in TokenScope.choices if code in offered]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]  # of a choice


class ContactForm(forms.Form):
    """A form for one line of the emergency card. Every field may stay empty, because an incomplete card is better than
    none.
    """

    name = PlainLineField(label="Nom", max_length=120, required=False)
    phone = PlainLineField(label="Téléphone", max_length=40, required=False, widget=forms.TextInput({"type": "tel"}))
    note = PlainLineField(label="Contrat et horaires", max_length=200, required=False)

    def __init__(
        self, data: Any, *, body: Collectivity, kind: EmergencyContactKind, contact: EmergencyContact | None
    ) -> None:
        initial = {name: getattr(contact, name) for name in ("name", "phone", "note")} if contact else {}
        super().__init__(data, prefix=kind.value, initial=initial)
        self.kind, self.body = kind, body
        # The list of errors of the page has no heading that says whose telephone is meant.
        owner = f"de l’{kind.label}" if starts_with_vowel(kind.label) else f"du {kind.label}"
        for field in self.fields.values():
            field.label = f"{field.label} {owner}"
            field.widget.attrs["class"] = "input"

    def clean_phone(self) -> str:
        """Refuse a number that nobody can call, because the card is used when everything else is down. The number that
        the card already has is accepted.
        """
        phone: str = self.cleaned_data["phone"]
        is_new = phone not in ("", self.initial.get("phone"))
        if is_new and not has_short_number(phone) and (problem := find_phone_problem(phone, self.body)):
            raise ValidationError(f"{problem}.")
        return phone


class ChoosePasswordForm(forms.Form):
    """A form that asks for a password on the page of a link, and for a name if the account has none yet."""

    display_name = PlainLineField(
        label="Votre nom, tel que les autres le liront", max_length=80, widget=forms.TextInput({"class": "input"})
    )
    password = forms.CharField(
        label="Mot de passe",
        help_text=STRENGTH_HELP,
        strip=False,
        widget=forms.PasswordInput({"class": "input", "autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, link: AccessLink, **kwargs: Any) -> None:
        """Remove the fields that the account has already filled. A person with a name and a password only confirms."""
        super().__init__(*args, **kwargs)
        self.user = link.user
        if self.user.display_name:
            del self.fields["display_name"]
        if link.keeps_password:
            del self.fields["password"]

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        return password

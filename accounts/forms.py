"""Signing in, and making or changing an account."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm, BaseUserCreationForm, UserChangeForm
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class SignInForm(AuthenticationForm):
    """One message for a wrong address, a wrong password and a closed account: it tells a guesser nothing."""

    error_messages = {
        "invalid_login": _("Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez les deux."),
        "inactive": _("Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez les deux."),
    }


class OneAddressForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """Addresses are kept in lower case, so that one mailbox is one account."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class AddUserForm(OneAddressForm, BaseUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ["email", "display_name"]
        field_classes: dict[str, type[forms.Field]] = {}


class ChangeUserForm(OneAddressForm, UserChangeForm):  # type: ignore[type-arg]
    """The password is shown as set or not, and changed on its own page."""

    class Meta:
        model = User
        fields = ["email", "display_name", "is_active"]
        field_classes: dict[str, type[forms.Field]] = {}

"""Signing in and out, on the same page for all roles."""

from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.utils.decorators import method_decorator

from accounts.session_limits import END_PARAMETER, describe_session_end
from accounts.views.mixins import UnprocessableFormMixin


class SignInView(UnprocessableFormMixin, LoginView):
    template_name = "accounts/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ended = describe_session_end(self.request.GET.get(END_PARAMETER, ""))
        return super().get_context_data(**kwargs) | {"ended": ended}


class EnterCodeView(UnprocessableFormMixin, AuthenticateView):
    """Asks for the second factor after the password."""

    template_name = "accounts/show_code.html"


class SignInByKeyView(LoginWebAuthnView):
    """Signs in with a passkey alone, which counts as two factors: a device and its unlocking. The form is on the
    sign-in page.
    """


@method_decorator(login_not_required, name="dispatch")
class SignOutView(LogoutView):
    """Signs out on POST only, as Django's view does."""

    next_page = "home"

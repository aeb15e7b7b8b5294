"""Signing in and out: an agent, an analyst, a responder and an administrator use the same page."""

from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.http import HttpResponse
from django.utils.decorators import method_decorator


class Refusing:
    """A form that is not right is answered with 422, and keeps what was typed."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]  # of the view that this completes
        if response.status_code == 200:
            response.status_code = 422
        return response


class SignIn(Refusing, LoginView):
    template_name = "accounts/sign_in.html"


class ShowCode(Refusing, AuthenticateView):
    """After the password, for whoever has a second factor."""

    template_name = "accounts/show_code.html"


class SignInByKey(LoginWebAuthnView):
    """A passkey alone: it is had and unlocked, hence two factors. Its form stands on the page to sign in."""


@method_decorator(login_not_required, name="dispatch")
class SignOut(LogoutView):
    """POST only, as Django's."""

    next_page = "home"

"""Signing in and out, outside the admin: an agent, an analyst and a responder use the same page."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import NoReverseMatch, reverse
from django.utils.decorators import method_decorator

from accounts.enums import COLLECTIVITY_ROLES, Role
from accounts.forms import SignInForm
from accounts.models import User


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        return first_page(self.request.user)


@method_decorator(login_not_required, name="dispatch")
class SignOut(LogoutView):
    """POST only, as Django's."""

    next_page = "home"


def first_page(user: Any) -> str:
    """Where each begins: responders in the queue, agents with their cases, the others with the figures."""
    return page("home") if not isinstance(user, User) else page(*pages_of(user))


def pages_of(user: User) -> tuple[str, ...]:
    if user.is_staff:
        return ("admin:index",)
    if user.has_role(*COLLECTIVITY_ROLES):
        return ("own_cases",)
    return ("statistics", "home") if user.has_role(Role.ANALYST, Role.NATIONAL) else ("home",)


def page(*names: str) -> str:
    """The first of these pages that this installation has."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return "/"

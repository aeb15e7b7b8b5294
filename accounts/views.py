"""Signing in and out, outside the admin: an agent, an analyst and a responder use the same page."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import reverse
from django.utils.decorators import method_decorator

from accounts.enums import COLLECTIVITY_ROLES, Role
from accounts.forms import SignInForm
from accounts.models import User
from collectivities.models import Region


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
    if not isinstance(user, User):
        return reverse("home")
    if user.is_staff:
        return reverse("admin:index")
    if user.has_role(*COLLECTIVITY_ROLES):
        return reverse("own_cases")
    return figures_of(user) if user.has_role(Role.ANALYST, Role.NATIONAL) else reverse("home")


def figures_of(user: User) -> str:
    """An analyst begins with their region, the coordination with the nation."""
    region = Region.objects.filter(pk__in=user.region_ids()).order_by("code").first()
    return reverse("statistics", query={"region": region.code} if region else {})

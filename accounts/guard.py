"""The middleware that asks for a second factor from the roles that need one."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from accounts.enums import SecurityEventKind
from accounts.factors import has_factor, must_pass_factor
from accounts.models import User
from accounts.security.record import record_security_event

# The only pages that a password alone opens to these roles: enrolling a factor, and signing out.
ENROLMENT = frozenset({"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate", "logout"})
SIGN_IN_PAGES = frozenset({"login", "account_login"})


class SecondFactorGuard:
    """The middleware that asks users for a second factor if their role needs one.

    A user who has no factor is redirected from private pages to the enrolment. On public pages this user is anonymous,
    because some public pages recognise users: the follow-up page of a case opens to a responder of its centre. A user
    who has a factor is signed out if the session has not passed it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        user = request.user
        if not isinstance(user, User) or not must_pass_factor(request, user):
            return None
        if has_factor(user):
            # The session began before the factor or the role existed: the user signs in again with the factor.
            record_security_event(SecurityEventKind.SESSION_ENDED, detail="no_factor")
            logout(request)
            return None
        return self.require_enrolment(request, view)

    def require_enrolment(self, request: HttpRequest, view: Callable[..., HttpResponse]) -> HttpResponse | None:
        """Return a redirect to the enrolment for a private page. For a public page, make the user of the request
        anonymous and return None. The pages of the enrolment themselves stay open.
        """
        if request.resolver_match is None or request.resolver_match.view_name in ENROLMENT:
            return None
        if is_private_page(request, view):
            return redirect("mfa_index")
        request.user = AnonymousUser()
        return None


def is_private_page(request: HttpRequest, view: Callable[..., HttpResponse]) -> bool:
    """Tell whether the page needs an account, belongs to the admin, or is a sign-in page."""
    match = request.resolver_match
    if match and (match.view_name in SIGN_IN_PAGES or "admin" in match.namespaces):
        return True
    return bool(getattr(view, "login_required", True))

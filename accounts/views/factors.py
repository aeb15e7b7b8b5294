"""The pages of the user's own account: authenticator application, passkeys, recovery codes and password."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from allauth.account.views import PasswordChangeView, ReauthenticateView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import IndexView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, ReauthenticateWebAuthnView, RemoveWebAuthnView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from accounts.enums import LinkPurpose, MailKind, SecurityEventKind, SecurityOutcome
from accounts.factors import FACTOR_PROOF, PASSWORD_PROOF, describe_factors, list_recent_proofs, record_new_factor
from accounts.reauthentication import ask_second_factor, drop_barred_form, make_resumable
from accounts.security.record import record_security_event
from accounts.services.links import revoke_links
from accounts.services.mails import queue_mail
from accounts.services.recovery_codes import make_recovery_codes
from accounts.services.tokens import AccountChanged, lock_unchanged_account, may_have_tokens
from accounts.signed_in import get_account
from accounts.views.mixins import UnprocessableFormMixin, record_wrong_proof


class WithRequest(Protocol):
    """A view of a request."""

    request: HttpRequest


def lock_account_first[View: WithRequest](
    form_valid: Callable[[View, Any], HttpResponse],
) -> Callable[[View, Any], HttpResponse]:
    """Wrap the method `form_valid`, so that it runs in a transaction that has locked the user's account. If the
    session has ended since the request began, the user is redirected to the sign-in page instead.

    A reset of the second factor locks the account too. It therefore either deletes a factor that is added at the same
    moment, or prevents it from being saved.
    """

    @wraps(form_valid)
    def locked(view: View, form: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                lock_unchanged_account(get_account(view.request))
                session = view.request.session
                if not session.session_key or not session.exists(session.session_key):
                    raise AccountChanged
                return form_valid(view, form)
        except AccountChanged:
            return redirect("login")

    return locked


@method_decorator(never_cache, name="dispatch")
class AccountPage(IndexView):
    """Shows the user's own account: its second factors, and links to the other pages of the account."""

    template_name = "accounts/account.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = get_account(self.request)
        factors = describe_factors(user)
        must_enrol = user.needs_second_factor and not factors["has_factor"]
        menu = {"leads_any_centre": user.leads_any_centre, "may_have_tokens": may_have_tokens(user)}
        return {"must_enrol": must_enrol} | menu | factors


class FactorEnrolment(UnprocessableFormMixin):
    """A mixin of views that enrol a second factor. Enrolling proves that the user has the factor, so the session
    counts as having passed it. The first factor comes with recovery codes, which the answer shows.
    """

    request: HttpRequest
    kind: str
    did_generate_recovery_codes: bool  # allauth's word

    @lock_account_first
    def form_valid(self, form: Any) -> HttpResponse:
        user = get_account(self.request)
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # the view that this mixin extends defines it
        queue_mail(MailKind.FACTOR_ADDED, user)
        record_security_event(SecurityEventKind.FACTOR_ADDED, person=user, detail=self.kind)
        record_new_factor(self.request, user, self.kind)
        return show_new_codes(self.request) if self.did_generate_recovery_codes else response


@method_decorator(never_cache, name="dispatch")
class AddApplicationView(FactorEnrolment, ActivateTOTPView):
    """Enrols an authenticator application (TOTP)."""

    template_name = "accounts/add_application.html"
    kind = Authenticator.Type.TOTP


class RemoveApplicationView(UnprocessableFormMixin, DeactivateTOTPView):
    """Removes the authenticator application. Answers 422 if the user must keep it as the last second factor."""

    template_name = "accounts/remove_factor.html"

    @lock_account_first
    def form_valid(self, form: Any) -> HttpResponse:
        """Ask again, now that the account is locked: the other factor may have been removed since the form asked."""
        if not can_remove_factor(self.authenticator):
            return self.form_invalid(form)
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"stays": not can_remove_factor(self.authenticator)}


@method_decorator(never_cache, name="dispatch")
class AddKeyView(FactorEnrolment, AddWebAuthnView):
    """Enrols a passkey."""

    template_name = "accounts/add_key.html"
    kind = Authenticator.Type.WEBAUTHN

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"form": kwargs.get("form") or self.get_form()}


class RemoveKeyView(RemoveWebAuthnView):
    """Removes a passkey. Answers 422 if the user must keep it as the last second factor."""

    template_name = "accounts/remove_factor.html"
    success_url = reverse_lazy("mfa_index")

    @lock_account_first
    def form_valid(self, form: Any) -> HttpResponse:
        if not can_remove_factor(self.object):
            return self.render_to_response(self.get_context_data(form=form), status=422)
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"key": self.object, "stays": not can_remove_factor(self.object)}


def can_remove_factor(authenticator: Authenticator) -> bool:
    """Tell whether the user may remove this second factor."""
    return bool(get_adapter().can_delete_authenticator(authenticator))


def show_new_codes(request: HttpRequest) -> HttpResponse:
    """Make recovery codes and show them. The answer to the form is the only page that ever does: afterwards there are
    hashes alone. The seed that allauth has made in this transaction is deleted.
    """
    return render(request, "accounts/recovery_codes.html", {"codes": make_recovery_codes(get_account(request))})


@method_decorator(never_cache, name="dispatch")
class RenewCodesView(GenerateRecoveryCodesView):
    """Replaces the recovery codes with new ones, and shows them."""

    template_name = "accounts/renew_codes.html"

    @lock_account_first
    def form_valid(self, form: Any) -> HttpResponse:
        queue_mail(MailKind.CODES_RENEWED, get_account(self.request))
        record_security_event(SecurityEventKind.CODES_RENEWED)
        return show_new_codes(self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        codes_left = describe_factors(get_account(self.request))["codes_left"]
        return super().get_context_data(**kwargs) | {"codes_left": codes_left}

    def form_invalid(self, form: Any) -> HttpResponse:
        """Redirect to the account page, which explains that a user without a factor has no recovery codes."""
        return HttpResponseRedirect(reverse("mfa_index"))


class Confirmation:
    """A mixin of views that ask for a proof again. The session gains rights, so its key changes (OWASP ASVS 5.0,
    7.2.4): who knew the key from before does not gain them. The act that is then done may ask for another proof.
    `proof` is the detail of the security event.
    """

    request: HttpRequest
    proof: str

    def form_valid(self, form: Any) -> HttpResponse:
        record_security_event(SecurityEventKind.IDENTITY_PROOF, detail=self.proof)
        drop_barred_form(self.request)
        make_resumable(self.request)
        self.request.session.cycle_key()
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # the view that this mixin extends defines it
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """If the session has just given another proof, name it, and offer no page that would ask for it again."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]  # as above
        recent_proofs = list_recent_proofs(self.request, get_account(self.request))
        if (PASSWORD_PROOF if self.proof == "password" else FACTOR_PROOF) in recent_proofs:
            return context
        methods = [each for each in context["reauthentication_alternatives"] if each["proof"] not in recent_proofs]
        return context | {"reauthentication_alternatives": methods, "first_proof": "".join(recent_proofs)}

    def form_invalid(self, form: Any) -> HttpResponse:
        record_wrong_proof(SecurityEventKind.IDENTITY_PROOF, form, detail=self.proof)
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]  # as above
        return response


class ConfirmByPasswordView(UnprocessableFormMixin, Confirmation, ReauthenticateView):
    """Asks a signed-in user for the password again, before a sensitive change."""

    template_name = "accounts/confirm.html"
    proof = "password"


class ConfirmByCodeView(UnprocessableFormMixin, Confirmation, ReauthenticateByCodeView):
    """Asks a signed-in user for a one-time code, before a sensitive change."""

    template_name = "accounts/confirm.html"
    proof = "code"


class ConfirmByKeyView(Confirmation, ReauthenticateWebAuthnView):
    """Asks a signed-in user for a passkey, before a sensitive change."""

    template_name = "accounts/confirm.html"
    proof = "webauthn"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"form": kwargs.get("form") or self.get_form(), "by_key": True}


@method_decorator(ask_second_factor, name="dispatch")
class ChangePasswordView(UnprocessableFormMixin, PasswordChangeView):
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        """Change the password and revoke the links that could set another one. If the account was closed or its
        sessions ended meanwhile, change nothing and redirect to the sign-in page.
        """
        user = get_account(self.request)
        try:
            with transaction.atomic():
                revoke_links(user, LinkPurpose.WELCOME, LinkPurpose.PASSWORD)
                lock_unchanged_account(user)
                return super().form_valid(form)
        except AccountChanged:
            return redirect("login")

    def form_invalid(self, form: Any) -> HttpResponse:
        if form.has_error("oldpassword", "enter_current_password"):
            record_security_event(SecurityEventKind.PASSWORD_CHANGED, outcome=SecurityOutcome.FAILED, detail="page")
        response: HttpResponse = super().form_invalid(form)
        return response

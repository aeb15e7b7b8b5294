"""Signing in and out, on the same page for all roles."""

from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator

from accounts.enums import SecurityEventKind
from accounts.security.record import get_signed_in, record_security_event
from accounts.session_limits import END_PARAMETER, describe_session_end
from accounts.views.mixins import UnprocessableFormMixin, record_wrong_proof


class SignInView(UnprocessableFormMixin, LoginView):
    template_name = "accounts/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ended = describe_session_end(self.request.GET.get(END_PARAMETER, ""))
        return super().get_context_data(**kwargs) | {"ended": ended}


class EnterCodeView(UnprocessableFormMixin, AuthenticateView):
    """Asks for the second factor after the password."""

    template_name = "accounts/show_code.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        detail = "code" if "code" in form.fields else "webauthn"
        record_wrong_proof(SecurityEventKind.SECOND_FACTOR, form, person=self.stage.login.user, detail=detail)
        return super().form_invalid(form)


class SignInByKeyView(LoginWebAuthnView):
    """Signs in with a passkey alone, which counts as two factors: a device and its unlocking. The form is on the
    sign-in page.
    """

    def form_invalid(self, form: Any) -> HttpResponse:
        record_wrong_proof(SecurityEventKind.SIGN_IN, form, person=None, detail="passkey")
        response: HttpResponse = super().form_invalid(form)
        return response


@method_decorator(login_not_required, name="dispatch")
class SignOutView(LogoutView):
    """Signs out on POST only, as Django's view does."""

    next_page = "home"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if user := get_signed_in(request):
            record_security_event(SecurityEventKind.SIGN_OUT, person=user)
        return super().post(request, *args, **kwargs)

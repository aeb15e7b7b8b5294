"""Adapters of django-allauth: French error messages, queued mails, limits on attempts, encrypted secrets."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.enums import MailKind, SecurityEventKind, SecurityOutcome
from accounts.factors import (
    FACTOR_PROOF,
    FACTOR_PURPOSE,
    FACTORS,
    MEANS_OF_SIGN_IN,
    PASSWORD_PROOF,
    has_proved_all,
    list_recent_proofs,
)
from accounts.models import User
from accounts.security.record import get_signed_in, record_security_event
from accounts.services.mails import queue_mail
from accounts.services.places import warn_of_new_place
from accounts.session_limits import record_sign_in
from accounts.views.first_page import find_first_page
from core.client_address import find_client_address, get_subscriber_prefix
from core.libraries import load_library
from core.secrets import KeyUse, decrypt_text, encrypt_text
from core.text import normalise_address

REFUSED = "Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez les deux."
TOO_MANY = "Trop d’essais pour ce compte. Attendez cinq minutes, puis réessayez. Rien n’est bloqué pour les autres."
WRONG_CODE = (
    "Ce code n’est pas bon, ou il a déjà servi. Attendez le code suivant de votre application (30 secondes au plus)."
)

# The mails of allauth that we replace with our own, each with its security event and the detail of it. The mail of an
# added factor is queued by the view, in its transaction.
NOTIFICATIONS = {
    "mfa/email/totp_deactivated": (MailKind.FACTOR_REMOVED, SecurityEventKind.FACTOR_REMOVED, "totp"),
    "mfa/email/webauthn_removed": (MailKind.FACTOR_REMOVED, SecurityEventKind.FACTOR_REMOVED, "webauthn"),
    "account/email/password_changed": (MailKind.PASSWORD_CHANGED, SecurityEventKind.PASSWORD_CHANGED, "page"),
}


class AccountAdapter(DefaultAccountAdapter):
    """Adapts the accounts of allauth: nobody can sign up, attempts are limited, and our own mails are queued."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": REFUSED,
        "account_inactive": REFUSED,
        "too_many_login_attempts": TOO_MANY,
        "rate_limited": TOO_MANY,
        "incorrect_password": "Ce mot de passe n’est pas le bon.",
        "enter_current_password": "Ce mot de passe n’est pas celui d’aujourd’hui.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return find_first_page(request.user)

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign in, and write into the session when and where it began."""
        super().login(request, user)
        record_sign_in(request)
        warn_of_new_place(request, user)
        record_security_event(SecurityEventKind.SIGN_IN, person=user, detail=describe_sign_in(request, user))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a sign-in attempt before the password is checked. One counter is for the account with this IP address,
        another for the account alone. Raises the form error `too_many_login_attempts` beyond a limit.
        """
        account = normalise_address(str(credentials.get("email", "")))
        keys = {"login_failed": f"{account}|{self.get_client_ip(request)}", "login_failed_anywhere": account}
        self._counted = []
        for action, key in keys.items():
            usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
            if not usage:
                self._rollback_login_failed_rl_usage()
                record_wrong_sign_in(request, account, SecurityOutcome.REFUSED)
                raise self.validation_error("too_many_login_attempts")
            self._counted.append(usage)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record that a password was wrong, or its address unknown. allauth calls this method."""
        record_wrong_sign_in(request, str(credentials.get("email", "")), SecurityOutcome.FAILED)

    def _rollback_login_failed_rl_usage(self) -> None:
        for usage in self._counted:
            usage.rollback()

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address of the client, or its /56 network in IPv6. Allauth counts attempts by this text."""
        address = find_client_address(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR", ""))
        return get_subscriber_prefix(address)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return True unless this session gave a proof of identity within IDENTITY_PROOF_LIFE. To change what signs in
        (`app`), it must have given all: the password, and a second factor if the account has one.

        If True, allauth stores a form that was sent, with its headers. The header of the cookies, which are secrets,
        is removed first: Django has read it, and nothing reads it again.
        """
        has_proved = has_proved_all if app == MEANS_OF_SIGN_IN else list_recent_proofs
        if has_proved(self.request, self.request.user):
            return False
        self.request.META.pop("HTTP_COOKIE", None)
        return True

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return the pages on which this person can give a proof. allauth leads to the first. What the session proved
        a few minutes ago comes last, so that whoever gave one proof is then asked for the other.
        """
        descriptions = {
            "reauthenticate": (PASSWORD_PROOF, "Avec votre mot de passe"),
            "mfa_reauthenticate": (FACTOR_PROOF, "Avec un code"),
            "mfa_reauthenticate:webauthn": (FACTOR_PROOF, "Avec une clé d’accès"),
        }
        methods = super().get_reauthentication_methods(user)
        described = [m | dict(zip(("proof", "description"), descriptions[m["id"]], strict=True)) for m in methods]
        recent_proofs = list_recent_proofs(self.request, user)
        return sorted(described, key=lambda method: method["proof"] in recent_proofs)

    def set_password(self, user: Any, password: str) -> None:
        """Save the new password, with the stamp that it changes, and nothing else: the account was read without a
        lock, and what was saved since must not be undone.
        """
        user.set_password(password)
        user.save(update_fields=["password"])

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Redirect to the sign-in page if the passkey belongs to a closed account. The form already refuses such an
        account when it signs in with a password.
        """
        record_security_event(
            SecurityEventKind.SIGN_IN, outcome=SecurityOutcome.REFUSED, person=user, detail="passkey"
        )
        messages.error(request, REFUSED)
        return redirect("login")

    def add_message(self, request: HttpRequest, level: int, *args: Any, message: str | None = None, **kw: Any) -> None:
        """Show a message only if it has a text. Our pages have their own messages in place of the templates of
        allauth.
        """
        if message:
            messages.add_message(request, level, message)

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """Queue our own mail in place of the mail of allauth, and record the security event. Nothing is sent or
        recorded if we have no mail of this kind.
        """
        if template_prefix in NOTIFICATIONS:
            kind, event, detail = NOTIFICATIONS[template_prefix]
            queue_mail(kind, user)
            record_security_event(event, person=user, detail=detail)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Raise NotImplementedError. No URL of ours uses a page of allauth that sends a mail inside the request."""
        raise NotImplementedError(template_prefix)


def describe_sign_in(request: HttpRequest, user: User) -> str:
    """Return a code for how this session was signed in: a password alone, or the kind of the last factor."""
    records = get_authentication_records(request, user)
    last = records[-1] if records else {}
    return "passkey" if last.get("passwordless") else str(last.get("type") or last.get("method", ""))


def record_wrong_sign_in(request: HttpRequest, address: str, outcome: SecurityOutcome) -> None:
    """Record that somebody did not sign in to the account with this address, which may not exist. The address itself
    is not recorded. A signed-in person who confirms their identity is recorded by the view.
    """
    if not get_signed_in(request):
        person = User.objects.with_address(address).first()
        record_security_event(SecurityEventKind.SIGN_IN, outcome=outcome, person=person, detail="password")


class FactorAdapter(DefaultMFAAdapter):
    """Adapts the second factors of allauth. Their secrets are encrypted. The last factor of a person cannot be deleted
    if a role of this person needs one.
    """

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": WRONG_CODE,
        "cannot_delete_authenticator": (
            "C’est votre seul second facteur, et votre rôle en demande un. Ajoutez-en un autre d’abord."
        ),
        "cannot_generate_recovery_codes": "Ajoutez d’abord une application ou une clé d’accès.",
    }

    def build_totp_svg(self, url: str) -> str:
        code = load_library("segno").make(url, error="m")
        return str(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True))

    def encrypt(self, text: str) -> str:
        """Encrypt the secret of a factor with a key of the server, so that a stolen database reveals no code."""
        return encrypt_text(KeyUse.FACTOR, FACTOR_PURPOSE, text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt_text(KeyUse.FACTOR, FACTOR_PURPOSE, encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return False if this is the last factor of a person whose role needs one."""
        user = authenticator.user
        other_factors = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk)
        return not user.needs_second_factor or other_factors.exists()

    def generate_authenticator_name(self, user: Any, type: str) -> str:  # noqa: A002 (allauth's word)
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return f"Clé {number}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return super().get_public_key_credential_rp_entity() | {"name": "Tocsin"}

"""A limit on how many pages an account opens. A stolen session does not copy the cases of a centre within minutes."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.enums import SecurityEventKind
from accounts.security.record import record_refusal
from config.pages.errors import PageLink, Refusal, render_refusal
from core.request_counter import count_request

WINDOW_SECONDS = 60
TOO_FAST = Refusal(
    429,
    "Trop de pages en une minute",
    (
        "Votre compte a ouvert plus de pages en une minute qu’une personne n’en lit. Attendez une minute, puis "
        "reprenez. Rien n’est perdu. Si ce n’était pas vous, terminez vos autres sessions."
    ),
)
# The pages by which a person shuts out who holds one of their sessions, and who may thus have used up the count: they
# are neither counted nor refused.
SECURITY_PAGES = frozenset(
    {
        *("login", "account_login", "mfa_authenticate", "mfa_login_webauthn", "logout", "account_logout"),
        *("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"),
        *("mfa_index", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_add_webauthn", "mfa_remove_webauthn"),
        *("mfa_view_recovery_codes", "mfa_generate_recovery_codes", "account_change_password"),
        *("lost_password", "open_link", "own_sessions", "end_other_sessions", "end_session"),
        *("api_tokens", "revoke_api_token"),
    }
)


class PaceGuard:
    """Middleware that refuses the pages of an account beyond PAGES_A_MINUTE. Forms are never refused: what somebody
    typed would be lost. Nor are SECURITY_PAGES. Nobody is counted while Valkey does not answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Count the page that an account opens, once its session was found to last. Return a refusal beyond the limit,
        or else None.
        """
        is_reading = request.method in ("GET", "HEAD") and request.user.is_authenticated
        is_counted = is_reading and get_route(request) not in SECURITY_PAGES
        if not is_counted or count_request(request, "pages", within_seconds=WINDOW_SECONDS) <= settings.PAGES_A_MINUTE:
            return None
        record_refusal(SecurityEventKind.LIMIT_REACHED)
        response = render_refusal(request, TOO_FAST, PageLink(reverse("own_sessions"), "Voir mes sessions"))
        response["Retry-After"] = str(WINDOW_SECONDS)
        return response


def get_route(request: HttpRequest) -> str:
    """Return the name of the route that answers this request."""
    return request.resolver_match.view_name if request.resolver_match else ""

"""Authentication of the API: the header `Authorization: Bearer tocsin_…` holds the token of one person."""

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.enums import SecurityEventKind
from accounts.models import ApiToken, User
from accounts.security.record import record_refusal
from accounts.tokens import find_live_token, hash_token

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema  # drf_spectacular reads the settings, which name this module

SCHEME = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """Authenticates a request to the API by the token of its Authorization header. It reads no cookie and no session,
    so that a page of another site cannot act through somebody's browser (CSRF).
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).decode("latin-1").split()
        if not parts or parts[0].lower() != SCHEME.lower():
            return None
        token = find_live_token(parts[1]) if len(parts) == 2 else None
        if token is None:
            record_refused_token(parts[-1])
            raise AuthenticationFailed("Ce jeton est inconnu, révoqué, expiré ou sans effet.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def record_refused_token(text: str) -> None:
    """Record that a token was refused, with its person and the reason if it was one of ours. Runs one query more."""
    token = ApiToken.objects.filter(token_hash=hash_token(text)).select_related("user").first()
    if token is None:
        record_refusal(SecurityEventKind.TOKEN_REFUSED, "unknown")
        return
    reason = "revoked" if token.revoked_at else "expired" if token.expires_at <= timezone.now() else "without_effect"
    record_refusal(SecurityEventKind.TOKEN_REFUSED, reason, person=token.user)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the token in the OpenAPI schema."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}

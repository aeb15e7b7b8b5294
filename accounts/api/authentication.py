"""Who calls the API: `Authorization: Bearer tocsin_…`, one token for one person."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import User
from accounts.tokens import user_of_token

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema  # it reads the settings, which name this module

SCHEME = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """No cookie and no session: a page of another site can do nothing with somebody's browser."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() != SCHEME.lower():
            return None
        user = user_of_token(words[1]) if len(words) == 2 else None
        if user is None:
            raise AuthenticationFailed(_("Ce jeton est inconnu ou révoqué."))
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI description names it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}

"""Permission of the API: the token has the scope that the operation needs."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.enums import TokenScope
from accounts.models import ApiToken

BEYOND_SCOPE = "scope"  # the code of the error of REST framework
REFUSED = "Ce jeton n’a pas la portée «\N{NO-BREAK SPACE}%s\N{NO-BREAK SPACE}»."


class HasScope(BasePermission):
    """Refuses an operation whose scope the token lacks. The `scopes` of a view name the scope of each of its methods.
    A method without a scope is refused, as is each method of a view without `scopes`; one that the view lacks is
    answered by REST framework (405).
    """

    code = BEYOND_SCOPE

    def has_permission(self, request: Request, view: Any) -> bool:
        if not hasattr(view, str(request.method).lower()):
            return True
        scope: TokenScope | None = getattr(view, "scopes", {}).get(request.method)
        self.message = REFUSED % scope.label if scope else None
        return scope is not None and has_scope(request, scope)


def has_scope(request: Request, scope: TokenScope) -> bool:
    """Tell whether the token of this request has the scope."""
    token: Any = request.auth
    return isinstance(token, ApiToken) and scope in token.scopes

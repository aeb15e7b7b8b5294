"""The person behind a request that needed one."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def user_of(request: HttpRequest) -> User:
    """Raises PermissionDenied for nobody; the middleware has normally sent them to sign in before."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user

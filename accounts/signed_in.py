"""The signed-in user of a request."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def get_account(request: HttpRequest) -> User:
    """Return the signed-in user of a request. Raises PermissionDenied if nobody is signed in, which the middleware
    normally prevents.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user

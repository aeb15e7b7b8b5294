"""Who is looking at a case: the holder of its secret link (a cookie), or somebody with an account."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase

from accounts.models import User
from incidents import cookie
from incidents.access import get_followed_incident, get_incident
from incidents.enums import Ability
from incidents.models import Incident


def private[**P, R: HttpResponseBase](view: Callable[P, R]) -> Callable[P, R]:
    """Pages that show a case or open one: public routes with a guard of their own, kept by no cache or robot."""

    @login_not_required
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        response = view(*args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return guarded


def find_incident(request: HttpRequest, reference: str) -> tuple[Incident | None, bool]:
    """By the cookie, or else by the account of whoever is logged in. The second value: by the cookie."""
    uid = cookie.access_uid(request, reference)
    if uid and (incident := followed(uid, reference)):
        return incident, True
    if not isinstance(request.user, User):
        return None, False
    try:
        return get_incident(request.user, reference, to=Ability.VIEW), False
    except Http404:
        return None, False


def followed(uid: UUID, reference: str) -> Incident | None:
    try:
        incident = get_followed_incident(uid)
    except Http404:
        return None
    return incident if incident.reference == reference else None

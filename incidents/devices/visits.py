"""Access to a case by the holder of its secret link (through a cookie) or by a person with an account."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from accounts.models import User
from incidents.access import CaseVisitor, get_case, record_accesses, record_unseen_case
from incidents.devices import case_cookie
from incidents.enums import Ability, Door
from incidents.models import Incident
from incidents.reference import compact_code


def serve_privately[**P, R: HttpResponseBase](view: Callable[P, R]) -> Callable[P, R]:
    """Decorate the view of a page that shows or opens a case. The view needs no login, because it checks the access
    itself. No cache may store its response. The mark `opens_case` tells the middleware that
    ends sessions that the page may answer a person with an account otherwise than anybody else.
    """

    @login_not_required
    @wraps(view)
    def serve_response(*args: P.args, **kwargs: P.kwargs) -> R:
        response = view(*args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response

    serve_response.opens_case = True  # type: ignore[attr-defined]
    return serve_response


def list_visitors(request: HttpRequest, reference: str) -> list[CaseVisitor]:
    """Return the visitors in whose name this request may open the case: the holder of the secret link in the cookie,
    and the signed-in person.

    A member of a body comes first, and so acts under their own name. For anybody else, the holder of the link comes
    first.
    """
    uid = case_cookie.get_access_uid(request, reference)
    by_link = [CaseVisitor(access_uid=uid)] if uid else []
    if not isinstance(request.user, User):
        return by_link
    by_account = [CaseVisitor(user=request.user)]
    return by_account + by_link if request.user.has_body else by_link + by_account


def find_case(
    request: HttpRequest, reference: str, *, to: Ability = Ability.VIEW, door: Door = Door.FOLLOW_UP
) -> tuple[Incident, CaseVisitor]:
    """Return the case and the first visitor of the request who may see it. Raises Http404 if no visitor may see the
    case. Raises PermissionDenied if this visitor lacks the ability `to`.

    If a person of the centre uses the link, their access is recorded too.
    """
    for visitor in list_visitors(request, compact_code(reference)):
        try:
            incident = get_case(visitor, compact_code(reference), to=to, door=door)
        except Http404:
            continue
        if visitor.user is None and isinstance(request.user, User):
            record_accesses(request.user, [incident], door)
        return incident, visitor
    if isinstance(request.user, User):
        record_unseen_case(request.user, compact_code(reference))
    raise Http404


def render_not_found(request: HttpRequest, *, typed_text: str = "") -> HttpResponse:
    """Render the page for a case that cannot be opened. An invalid or expired link, another person's case and a
    missing case give the same page, so that nobody can tell them apart.

    `typed_text` is what was typed before the link stopped working. The page displays it for copying.
    """
    return render(request, "follow_up/not_found.html", {"typed_text": typed_text}, status=404)

"""The proof that a person gives again before a powerful act: one that gives somebody rights or takes an account over,
or that cannot be undone. Whoever finds an open session, or steals it, cannot do it.

allauth asks for a password, a code or a passkey, unless the session gave one within ACCOUNT_REAUTHENTICATION_TIMEOUT.
It keeps a form that was sent, and sends it again afterwards. The pages that add or change an account, add a factor,
make a token or erase a case ask as they open too, so that nobody who has typed is surprised. The short forms of a
team, an invitation and a mailbox, ask only when they are sent.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote, urlsplit

from allauth.account.internal.flows.reauthentication import (
    STATE_SESSION_KEY,
    raise_if_reauthentication_required,
)
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseBase

from accounts.factors import must_pass_factor
from accounts.signed_in import get_account

type View = Callable[..., HttpResponseBase]


def check_identity(request: HttpRequest) -> None:
    """Raise the exception that leads to the page of the proof, unless this session gave a proof a few minutes ago."""
    raise_if_reauthentication_required(request, app="allauth.mfa")


def ask_identity(view: View) -> View:
    """Return the view, which asks for a proof before each request."""

    @wraps(view)
    def check_and_call_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        check_identity(request)
        return view(request, *args, **kwargs)

    return check_and_call_view


def ask_identity_to_post(view: View) -> View:
    """Return the view, which asks for a proof before a form is sent. To open the page, it asks nothing."""

    @wraps(view)
    def check_and_call_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            check_identity(request)
        return view(request, *args, **kwargs)

    return check_and_call_view


def make_resumable(request: HttpRequest) -> None:
    """Let allauth send a form again whose address has a query. It compares the next address, which has the query, with
    the path of the form, which has none.
    """
    state = request.session.get(STATE_SESSION_KEY) or {}
    path = json.loads(state["request"])["path"] if "request" in state else ""
    if path and unquote(urlsplit(request.POST.get(REDIRECT_FIELD_NAME, "")).path) == path:
        fields = request.POST.copy()
        fields[REDIRECT_FIELD_NAME] = path
        request.POST = fields  # type: ignore[assignment]  # immutable in its stubs


def drop_barred_form(request: HttpRequest) -> None:
    """Forget the form that allauth keeps, if its person has yet to pass a second factor. allauth calls its view
    without the middlewares, and so without `SecondFactorGuard`: a role that needs a factor may have been given since
    the form was sent.
    """
    if must_pass_factor(request, get_account(request)):
        request.session.pop(STATE_SESSION_KEY, None)

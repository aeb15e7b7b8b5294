"""The proof that a person gives again before a powerful act: one that gives somebody rights or takes an account over,
changes the directory or the notices on which people rely, or cannot be undone. Whoever finds an open session, or
steals it, cannot do it.

allauth asks for a password, a code or a passkey, unless the session gave one within IDENTITY_PROOF_LIFE. Before what
signs somebody in is changed (a factor, a password, an address), it asks for all that the account has: the password on
one page, then a second factor on the next. `AccountAdapter.is_reauthentication_required` decides it.

allauth keeps a form that was sent, and sends it again afterwards. The pages that add or change an account, a centre, a
territory or the notices of the site, add a factor, make a token or erase a case ask as they open too, so that nobody
who has typed is surprised. The short forms of a team, an invitation and a mailbox, ask only when they are sent. Only
the browser that sent a form carries it out: the form is stored in the session, which somebody who stole it may have
too.
"""

import json
import time
from collections.abc import Callable
from functools import wraps
from secrets import token_urlsafe
from typing import Any
from urllib.parse import unquote, urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import (
    STATE_SESSION_KEY,
    raise_if_reauthentication_required,
)
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode

from accounts.factors import FACTOR_PROOF, MEANS_OF_SIGN_IN, has_factor, list_recent_proofs, must_pass_factor
from accounts.signed_in import get_account

type View = Callable[..., HttpResponseBase]

KEPT_FORM_SECONDS = 600  # time to find a telephone with its codes
NOT_SENT = (
    "Rien n’a été fait\N{NO-BREAK SPACE}: la demande a attendu plus de dix minutes, ou venait d’un autre navigateur. "
    "Si c’était la vôtre, faites-la de nouveau."
)


class KeptFormBinder:
    """Middleware that binds a form which allauth keeps to the browser that sent it, by a cookie with a random text.

    A session may be open in two browsers, if it was stolen. A form that the thief sends without a proof is kept in it
    too, and the next proof of its owner must not carry it out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not (request.method == "POST" and request.session.modified):
            return response
        state = request.session.get(STATE_SESSION_KEY, {})
        if "request" in state and "browser" not in state:
            browser = token_urlsafe(16)
            request.session[STATE_SESSION_KEY] = state | {"browser": browser, "kept_at": time.time()}
            response.set_cookie(
                settings.FORM_COOKIE_NAME,
                browser,
                max_age=KEPT_FORM_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def check_identity(request: HttpRequest) -> None:
    """Raise the exception that leads to the page of the proof, unless this session gave a proof a few minutes ago."""
    raise_if_reauthentication_required(request, app="accounts")


def check_all_proofs(request: HttpRequest) -> None:
    """Raise the same exception unless this session gave, a few minutes ago, the password and a second factor of an
    account that has one.
    """
    raise_if_reauthentication_required(request, app=MEANS_OF_SIGN_IN)


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


def ask_second_factor(view: View) -> View:
    """Return the view of a new password, whose form asks for the present one. It first asks for a second factor, if
    the account has one. A form that comes too late is not kept, because it holds passwords.
    """

    @wraps(view)
    def check_and_call_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        account = get_account(request)
        if FACTOR_PROOF in list_recent_proofs(request, account) or not has_factor(account):
            return view(request, *args, **kwargs)
        methods = get_adapter().get_reauthentication_methods(account)
        page = next(method["url"] for method in methods if method["proof"] == FACTOR_PROOF)
        return redirect(f"{page}?{urlencode({REDIRECT_FIELD_NAME: request.path})}")

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
    """Forget the form that allauth keeps, if another browser sent it, if it is older than KEPT_FORM_SECONDS, or if its
    person has yet to pass a second factor. allauth calls its view without the middlewares, and so without
    `SecondFactorGuard`: a role that needs a factor may have been given since the form was sent.
    """
    state = request.session.get(STATE_SESSION_KEY) or {}
    browser = request.COOKIES.get(settings.FORM_COOKIE_NAME, "")
    is_own = constant_time_compare(state.get("browser", ""), browser) and bool(browser)
    age = time.time() - state.get("kept_at", 0)
    is_barred = not is_own or not 0 <= age <= KEPT_FORM_SECONDS or must_pass_factor(request, get_account(request))
    if is_barred and request.session.pop(STATE_SESSION_KEY, None):
        messages.warning(request, NOT_SENT)

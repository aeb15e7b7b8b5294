"""The accounts of a demonstration with their current one-time codes. On other databases the page is a 404.

The secrets are random and exist only in the database of the demonstration, with which production refuses to start.
"""

import time
from typing import Any, NamedTuple

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.installation import is_marked_as_demonstration
from accounts.models import User
from config.demo.accounts import CAST, DOMAIN, PASSWORD


class DemoAccount(NamedTuple):
    """An account of the demonstration, with its one-time codes of this period and of the next."""

    user: User
    role: str
    code: str
    next_code: str


@login_not_required
@never_cache
@require_safe
def show_demonstration(request: HttpRequest) -> HttpResponse:
    """Show the accounts with their one-time codes. The Refresh header reloads the page when the clock of the server
    reaches the next codes.
    """
    if not is_marked_as_demonstration():
        raise Http404
    counter, elapsed = divmod(int(time.time()), app_settings.TOTP_PERIOD)
    seconds_left = app_settings.TOTP_PERIOD - elapsed
    context = {"accounts": list_demo_accounts(counter), "left": seconds_left, "password": PASSWORD}
    response = render(request, "demo/demonstration.html", context)
    response["Refresh"] = str(seconds_left)
    return response


def list_demo_accounts(counter: int) -> list[DemoAccount]:
    """Return the accounts in the order of CAST. `counter` is the number of the present period of one-time codes."""
    cast = {f"{name}@{DOMAIN}": role for name, (_display_name, role, _scope) in CAST.items()}
    people = User.objects.filter(email__in=cast).prefetch_related("authenticator_set")
    rows = [
        DemoAccount(
            user,
            str(cast[user.email].label),
            compute_one_time_code(user, counter),
            compute_one_time_code(user, counter + 1),
        )
        for user in people
    ]
    return sorted(rows, key=lambda account: list(cast).index(account.user.email))


def compute_one_time_code(user: Any, counter: int) -> str:
    """Return the user's one-time code for the time step `counter`, or "" if the account has no authenticator
    application.
    """
    totp = next(
        (
            authenticator
            for authenticator in user.authenticator_set.all()
            if authenticator.type == Authenticator.Type.TOTP
        ),
        None,
    )
    if totp is None:
        return ""
    return str(format_hotp_value(hotp_value(get_adapter().decrypt(totp.data["secret"]), counter)))

"""How long a session lasts: what is written into it at the sign-in, and the middleware that ends it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple, cast
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.enums import SecurityEventKind
from accounts.guard import SIGN_IN_PAGES, is_private_page
from accounts.models import SessionStore, User
from accounts.security.record import record_security_event
from core.client_address import find_client_address
from core.user_agents import describe_user_agent

# The keys of a session. The time is in seconds since 1970. The identifier stays when the session gets another key.
SIGNED_IN_AT, SESSION_UID, DEVICE, ADDRESS = "signed_in_at", "session_uid", "device", "address"
# The parameter of the sign-in page that says why the session ended. A script that passes on the address of the sign-in
# page thus passes on the reason.
END_PARAMETER = "fin"
SAFE_METHODS = ("GET", "HEAD")
# Its GET begins a sign-in too: it stores in the session what the passkey must sign.
SIGN_IN_BY_KEY = "mfa_login_webauthn"


class SessionEnd(StrEnum):
    """The reason why a session ended by itself."""

    IDLE = "inactivite"
    ABSOLUTE = "duree"


def record_sign_in(request: HttpRequest) -> None:
    """Write into the session its identifier, when it began, and on which device and from which address."""
    address = find_client_address(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR", ""))
    request.session.update(
        {
            SIGNED_IN_AT: timezone.now().timestamp(),
            SESSION_UID: str(uuid4()),
            DEVICE: describe_user_agent(request.headers.get("User-Agent", "")),
            ADDRESS: normalise_ip_address(address),
        }
    )


def normalise_ip_address(text: str) -> str:
    """Return the IP address that the text is, or "" if it is none. An IPv4 address that was written as IPv6 is
    returned as IPv4. A scope (« fe80::1%eth0 ») may be any text, and means nothing outside of the sender's network.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return "" if address.scope_id else str(address.ipv4_mapped or address)
    return str(address)


def find_session_end(began_at: datetime, seen_at: datetime | None, now: datetime) -> SessionEnd | None:
    """Return why a session of a person with powers has ended, or None if it goes on. If both limits are past, the one
    that came first ended it.

    12 hours and 30 minutes are the limits of NIST SP 800-63B (revision 3, section 4.2.3) for two factors. OWASP ASVS
    5.0 asks for both kinds of limits (7.3.1, 7.3.2).
    """
    ends = list_session_ends(began_at, seen_at)
    first = min(ends, key=lambda reason: ends[reason])
    return first if now >= ends[first] else None


def list_session_ends(began_at: datetime, seen_at: datetime | None) -> dict[SessionEnd, datetime]:
    """Return when each limit will end the session."""
    return {
        SessionEnd.IDLE: find_last_activity(began_at, seen_at) + settings.SESSION_IDLE_LIMIT,
        SessionEnd.ABSOLUTE: began_at + settings.SESSION_ABSOLUTE_LIMIT,
    }


def find_last_activity(began_at: datetime, seen_at: datetime | None) -> datetime:
    return max(began_at, seen_at or began_at)


def read_time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def correct_times(session: SessionStore, now: datetime) -> None:
    """Let the limits of a session that has none begin now: it is older than the limits, or than the role of its
    person. Set times in the future to now: a clock that stepped back left them behind, and they would prolong the
    session.
    """
    if session.get(SIGNED_IN_AT, math.inf) > now.timestamp():
        session[SIGNED_IN_AT] = now.timestamp()
    if session.seen_at and session.seen_at > now:
        session.save_activity(now, timedelta(0))


def record_activity(session: SessionStore, now: datetime) -> None:
    """Save that the person of the session is active. Nothing is saved until a thirtieth of the idle limit has passed
    since the last time: with 30 minutes, there is at most one UPDATE a minute.
    """
    step = settings.SESSION_IDLE_LIMIT / 30
    if now - find_last_activity(read_time(session[SIGNED_IN_AT]), session.seen_at) >= step:
        session.save_activity(now, step)


def describe_session_end(reason: str) -> str:
    """Return the sentence that says why a session ended, or "" for an unknown reason."""
    if reason == SessionEnd.IDLE:
        return f"Vous avez été déconnecté après {format_limit(settings.SESSION_IDLE_LIMIT)} sans activité."
    if reason == SessionEnd.ABSOLUTE:
        return f"Vous avez été déconnecté {format_limit(settings.SESSION_ABSOLUTE_LIMIT)} après votre connexion."
    return ""


def format_limit(limit: timedelta) -> str:
    """Return « 30 minutes » or « 12 heures »."""
    hours, remainder = divmod(limit, timedelta(hours=1))
    number, unit = (limit // timedelta(minutes=1), "minute") if remainder else (hours, "heure")
    return f"{number}\N{NO-BREAK SPACE}{unit}{'s' if number > 1 else ''}"


class RemainingTime(NamedTuple):
    """The seconds until each limit ends a session, and the absolute limit in words."""

    idle: int
    absolute: int
    longest: str


def find_remaining_time(request: HttpRequest) -> RemainingTime | None:
    """Return how long the session still lasts, for the page that warns before it ends. Return None if the session has
    no limits, or if the page is for everybody: who declares an attack must not be hurried. Runs no query.
    """
    user, match = getattr(request, "user", None), request.resolver_match
    if not isinstance(user, User) or not user.needs_second_factor or SIGNED_IN_AT not in request.session:
        return None
    if match is None or not asks_for_account(request, match.func):
        return None
    session = cast(SessionStore, request.session)
    ends = list_session_ends(read_time(session[SIGNED_IN_AT]), session.seen_at)
    idle, absolute = (max(0, math.floor((end - timezone.now()).total_seconds())) for end in ends.values())
    return RemainingTime(idle, absolute, format_limit(settings.SESSION_ABSOLUTE_LIMIT))


class SessionLimiter:
    """The middleware that ends the sessions of people who have a role in a centre, in a région or on the platform.

    A session ends after SESSION_IDLE_LIMIT without activity, and SESSION_ABSOLUTE_LIMIT after its sign-in. A request
    that a script sends on a timer does not count as activity: a header marks it (`is_sent_by_timer`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        user = request.user
        if not isinstance(user, User) or not user.needs_second_factor:
            return None
        now, session = timezone.now(), cast(SessionStore, request.session)
        correct_times(session, now)
        if reason := find_session_end(read_time(session[SIGNED_IN_AT]), session.seen_at, now):
            return self.answer_after_end(request, view, reason)
        if not is_sent_by_timer(request):
            record_activity(session, now)
        return None

    def answer_after_end(
        self, request: HttpRequest, view: Callable[..., HttpResponse], reason: SessionEnd
    ) -> HttpResponse | None:
        """Sign out, and return a redirect of a page that asks who its reader is to the sign-in page, which says why
        and leads back to the page.

        A public page and each request of a script are handled without the person. The session stays, so that the next
        page can still say why it ended. A request that begins a sign-in deletes it: by what the session holds of its
        former sign-in, with a passkey, a password would be enough for the next one.
        """
        if begins_sign_in(request):
            end_current_session(request, reason)
            return None
        if not is_page_visit(request) or not asks_for_account(request, view):
            request.user = AnonymousUser()
            return None
        end_current_session(request, reason)
        following = request.GET.get(REDIRECT_FIELD_NAME, "") if is_sign_in_page(request) else request.get_full_path()
        query = {REDIRECT_FIELD_NAME: following} if following else {}
        return redirect(reverse(settings.LOGIN_URL, query=query | {END_PARAMETER: reason.value}))


def end_current_session(request: HttpRequest, reason: SessionEnd) -> None:
    """Sign out, and record why. A session that ended before and of which nobody asks anything more is not recorded."""
    record_security_event(SecurityEventKind.SESSION_ENDED, detail=reason.name.lower())
    logout(request)


def begins_sign_in(request: HttpRequest) -> bool:
    """Tell whether the request sends the form of a sign-in page, or starts a sign-in with a passkey."""
    if request.resolver_match and request.resolver_match.view_name == SIGN_IN_BY_KEY:
        return True
    return is_sign_in_page(request) and request.method not in SAFE_METHODS


def is_sign_in_page(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.view_name in SIGN_IN_PAGES


def asks_for_account(request: HttpRequest, view: Callable[..., HttpResponse]) -> bool:
    """Tell whether the page is private, or opens the case that its address names to an account
    (incidents.devices.visits.serve_privately). A secret link names no case, and must not be passed on.
    """
    match = request.resolver_match
    names_case = match is not None and "reference" in match.kwargs
    opens_case = names_case and request.method in SAFE_METHODS and getattr(view, "opens_case", False)
    return opens_case or is_private_page(request, view)


def is_sent_by_timer(request: HttpRequest) -> bool:
    """Tell whether a script sent the request by itself, and not because somebody did something."""
    return "X-Timer" in request.headers


def is_page_visit(request: HttpRequest) -> bool:
    """Tell whether a browser loads a page, by a link, a form or an address. Browsers say so in Sec-Fetch-Mode; those
    that do not send it are known by the types that they accept.
    """
    if mode := request.headers.get("Sec-Fetch-Mode"):
        return mode == "navigate"
    is_script = "HX-Request" in request.headers or is_sent_by_timer(request)
    return not is_script and "text/html" in request.headers.get("Accept", "")

"""Limits on programs that fill in the form. They refuse nobody, because a person who reaches a limit only waits or
presses one more button. A program presses this button too, so that confirmed acts are counted and slowed.

A program may take every turn of its address, which a whole département may share. A declaration that has waited is
therefore sent whatever the others do, and the express screen declares without starting a draft. People who are signed
in are counted one by one.
"""

import math
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts.enums import SecurityEventKind
from accounts.security.record import record_refusal
from collectivities.search import find_body_by_uid
from core.request_counter import WAIT_SECONDS, count_request, has_waited, hash_address, must_wait, renew_wait_proof
from incidents.declare.choices import find_incident_type
from incidents.declare.journey import Journey, drop_control_characters
from incidents.devices.inputs import BODY, TYPE, WAIT_PROOF
from incidents.services.declaring.draft import DRAFT_SCREEN_LIMIT
from incidents.services.declaring.limits import are_drafts_full, measure_draft_wait

HONEYPOT_FIELD = "site_web"  # a hidden field that people leave empty
# One address or account may send and begin so many declarations within COUNT_WINDOW_SECONDS without a confirmation.
MAX_UNCONFIRMED_DECLARATIONS, MAX_UNCONFIRMED_STARTS = 10, 30
# After so many confirmed ones, it may send or begin one every WAIT_SECONDS.
MAX_CONFIRMED_DECLARATIONS, MAX_CONFIRMED_STARTS = 50, 100
COUNT_WINDOW_SECONDS = 600
CONFIRMED = "confirme"
# The most characters that a confirmation page repeats: those of a screen, and the marks of the page.
REPEATED_LIMIT = DRAFT_SCREEN_LIMIT + 10_000

# The numbers of wrong codes within COUNT_WINDOW_SECONDS, from one address and from all, after which further tries are
# slowed.
MAX_WRONG_CODES_OF_ADDRESS, MAX_WRONG_CODES_OF_ALL = 8, 300
TRY_INTERVAL_SECONDS = 10
# The cache keeps these counters in PostgreSQL while Valkey does not answer.
WRONG_CODE, TRIED_CODE = "draft-code:wrong:", "draft-code:tried:"


def must_confirm_sending(request: HttpRequest, data: QueryDict, draft_uid: UUID) -> bool:
    """Tell whether a declaration must be confirmed before it is sent, because its sending looks automatic. Count the
    sending for its sender, unless the hidden trap field is filled.

    Confirmed sendings have a count of their own. Beyond it the person must wait a moment, then confirm again. A draft
    that has waited is not counted: it becomes one case, whatever number of requests name it.
    """
    if CONFIRMED in data:
        if has_waited(data.get(WAIT_PROOF, ""), make_wait_subject(draft_uid)):
            return False
        most = MAX_CONFIRMED_DECLARATIONS
        return must_wait(request, "declare:confirmed", most=most, within_seconds=COUNT_WINDOW_SECONDS)
    if data.get(HONEYPOT_FIELD):
        return True
    return count_request(request, "declare", within_seconds=COUNT_WINDOW_SECONDS) > MAX_UNCONFIRMED_DECLARATIONS


def make_wait_subject(draft_uid: UUID) -> str:
    """Return the subject of the proof that a draft has waited to be sent."""
    return f"declare:{draft_uid}"


def must_confirm_start(request: HttpRequest, data: QueryDict) -> bool:
    """Tell whether the start of a declaration must be confirmed, because its sender has started too many. Count the
    start. Confirmed starts have a count of their own, as confirmed sendings do. Beyond the quota of drafts, which is
    counted in the database, no confirmation helps before the quota is renewed.
    """
    if find_draft_wait(request):
        return True
    if CONFIRMED in data:
        return must_wait(request, "begin:confirmed", most=MAX_CONFIRMED_STARTS, within_seconds=COUNT_WINDOW_SECONDS)
    return count_request(request, "begin", within_seconds=COUNT_WINDOW_SECONDS) > MAX_UNCONFIRMED_STARTS


def find_draft_wait(request: HttpRequest) -> int:
    """Return after how many seconds this IP address may start another draft, or 0 if it may start one now. If there
    are too many drafts, no address may.
    """
    return measure_draft_wait(hash_address(request), timezone.now())


def list_repeated_inputs(request: HttpRequest, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the posted values of the inputs `names`, which a confirmation page repeats in hidden inputs. Values
    beyond REPEATED_LIMIT are left out: a post of a megabyte would come back as several.
    """
    data, repeated, remaining_length = drop_control_characters(request.POST), list[tuple[str, str]](), REPEATED_LIMIT
    for name in names:
        for value in data.getlist(name):
            if len(value) <= remaining_length:
                repeated.append((name, value))
                remaining_length -= len(value)
    return repeated


def render_confirmation_request(
    request: HttpRequest, *, journey: Journey | None, route: str, hidden_inputs: list[tuple[str, str]]
) -> HttpResponse:
    """Render the page that asks for a confirmation. If the person has confirmed already, the page asks to wait before
    pressing the button again, with the status 429. If no draft can be started, the page leads to the express screen.

    `journey` is what is sent, or None if a declaration starts. `route` is where the button posts `hidden_inputs`.
    """
    draft_wait = 0 if journey else find_draft_wait(request)
    wait = draft_wait or (WAIT_SECONDS if CONFIRMED in request.POST else 0)
    if wait and journey:
        proof = renew_wait_proof(request.POST.get(WAIT_PROOF, ""), make_wait_subject(journey.draft.uid))
        hidden_inputs = [*hidden_inputs, (WAIT_PROOF, proof)]
    context = {
        "step": journey,
        "route": route,
        "hidden_inputs": hidden_inputs,
        "confirmed": CONFIRMED,
        "wait": wait,
        "draft_wait": math.ceil(draft_wait / 60),
        "are_drafts_full": bool(draft_wait) and are_drafts_full(),
        "express_url": make_express_url(request),
    }
    response = render(request, "declare/confirm.html", context, status=429 if wait else 200)
    if wait:
        record_refusal(SecurityEventKind.LIMIT_REACHED)
        response["Retry-After"] = str(wait)
    return response


def make_express_url(request: HttpRequest) -> str:
    """Return the URL of the express screen, with the type and the body that were just chosen."""
    kind = find_incident_type(request.POST.get(TYPE, ""))
    body = find_body_by_uid(drop_control_characters(request.POST).get(BODY, ""))
    query = ({TYPE: kind.value} if kind else {}) | ({BODY: str(body.uid)} if body else {})
    return reverse("declare_express", query=query)


def throttle_code_try(request: HttpRequest) -> int:
    """Return how many seconds this IP address must wait before it tries another code. Return 0 if no wait is needed.
    If Valkey does not answer, PostgreSQL counts in its place (`config/steady_cache.py`).

    Addresses are slowed, never blocked. An address that sent too many wrong codes may try one code every
    `TRY_INTERVAL_SECONDS`. If all addresses together sent too many wrong codes, this limit applies to each address
    separately.
    """
    of_address, of_all = (cache.get(key, 0) for key in make_wrong_code_keys(request))
    is_slowed = of_address >= MAX_WRONG_CODES_OF_ADDRESS or of_all >= MAX_WRONG_CODES_OF_ALL
    is_too_soon = is_slowed and not cache.add(f"{TRIED_CODE}{hash_address(request)}", 1, timeout=TRY_INTERVAL_SECONDS)
    return TRY_INTERVAL_SECONDS if is_too_soon else 0


def count_wrong_draft_code(request: HttpRequest) -> None:
    """Count a wrong code for this IP address and for all addresses together."""
    for key in make_wrong_code_keys(request):
        cache.add(key, 0, timeout=COUNT_WINDOW_SECONDS)
        with suppress(ValueError):  # the key expired between the two calls
            cache.incr(key)


def make_wrong_code_keys(request: HttpRequest) -> tuple[str, str]:
    """Return the keys that count the wrong codes of this IP address, and those of all addresses."""
    return f"{WRONG_CODE}{hash_address(request)}", f"{WRONG_CODE}everywhere"

"""The one place that records security events, each as a row and as a line of the log. docs/logs.md lists them.

Strangers cause many of them, so that a burst is counted: it fills neither the disk nor the page of the administrator.
"""

import time
from contextlib import nullcontext

import structlog
from allauth.core import context
from django.db import Error, connection, transaction
from django.http import HttpRequest
from nacl.exceptions import CryptoError

from accounts.enums import SecurityEventKind, SecurityOutcome
from accounts.models import SecurityEvent, User
from accounts.security.pseudonyms import pseudonymise_account, pseudonymise_sender, seal_accounts
from core.request_counter import count_up

logger = structlog.get_logger(__name__)

# Within a minute, so many rows of one kind are written for one person or address, and so many rows of failures and
# refusals by one process: of people who are signed in, and as many of strangers, who thus hide nothing that those do.
# Beyond, a row stands for the events since the last one, each time that their number doubles.
MAX_ROWS_PER_SENDER, ROWS_OF_PROCESS = 10, 200


class MinuteCounter:
    """A counter of this process, which begins again each minute. It works while the cache does not answer."""

    def __init__(self) -> None:
        self.minute, self.count = 0, 0

    def count_up(self) -> int:
        minute = int(time.time() // 60)
        if minute != self.minute:
            self.minute, self.count = minute, 0
        self.count += 1
        return self.count


refusals_of_people, refusals_of_strangers = MinuteCounter(), MinuteCounter()


def record_security_event(
    kind: SecurityEventKind,
    *,
    outcome: SecurityOutcome = SecurityOutcome.DONE,
    person: User | None = None,
    actor: User | None = None,
    csirt_id: int | None = None,
    detail: str = "",
) -> None:
    """Record a security event of this moment, from the address of the current request if there is one. Runs one INSERT
    at most.

    `person` is whose account or rights it is about, `actor` who did it; each is by default who is signed in. `detail`
    is a code of ours, never a word that somebody typed. Raises nothing: an event that has no key or cannot be written
    is logged, and the caller's transaction goes on.
    """
    request: HttpRequest | None = context.request
    signed_in = get_signed_in(request)
    person, actor = person or signed_in, actor or signed_in
    other = None if actor == person else actor
    event = SecurityEvent(kind=kind, outcome=outcome, csirt_id=csirt_id, detail=detail)
    try:
        event.person, event.actor = pseudonymise_account(person), pseudonymise_account(other)
        event.sealed_accounts, event.source = seal_accounts(person, other), pseudonymise_sender(request)
    except (KeyError, CryptoError) as error:
        log_unrecorded(event, error)
        return
    if bounded := bound_burst(event, is_signed_in=signed_in is not None):
        save_event(bounded)


def record_refusal(kind: SecurityEventKind, detail: str = "", *, person: User | None = None) -> None:
    """Record that the site refused something to the sender of the current request. `detail` is by default the name of
    the route.
    """
    match = context.request.resolver_match if context.request else None
    route = match.view_name.lower() if match else ""
    record_security_event(kind, outcome=SecurityOutcome.REFUSED, person=person, detail=detail or route)


def get_signed_in(request: HttpRequest | None) -> User | None:
    """Return the person who is signed in, or None."""
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None


def bound_burst(event: SecurityEvent, *, is_signed_in: bool) -> SecurityEvent | None:
    """Return the event to write, with how many events it stands for, or None if it is only counted.

    What a known person did is counted for this person, what was refused to somebody who is signed in for them, and
    everything else for the network address. Events without a person or an address are not counted.
    """
    is_done = event.outcome == SecurityOutcome.DONE
    sender = event.source
    if is_done and event.person:
        sender = event.person
    elif is_signed_in:
        sender = event.actor or event.person
    if is_done and not sender:
        return event
    count = count_up(f"security:{event.kind}:{event.outcome}:{sender}", within_seconds=60)
    event.number = count_events_of_row(count, MAX_ROWS_PER_SENDER)
    if not event.number:
        return None
    if is_done and event.person:
        return event
    return limit_rows_of_process(event, refusals_of_people if is_signed_in else refusals_of_strangers)


def limit_rows_of_process(event: SecurityEvent, written: MinuteCounter) -> SecurityEvent | None:
    """Return the event, unless this process has written too many of such events within the minute. Return None then,
    or an event without a name that stands for several of them: the first one at once.
    """
    total = written.count_up()
    if total <= ROWS_OF_PROCESS:
        return event
    number = count_events_of_row(total - ROWS_OF_PROCESS, 1)
    overflow = SecurityEvent(kind=SecurityEventKind.OVERFLOW, outcome=SecurityOutcome.REFUSED, number=number)
    return overflow if number else None


def count_events_of_row(count: int, most: int) -> int:
    """Return for how many events the row of the event with this number in its minute stands: 1 up to `most`, then,
    each time that the number has doubled, those since the last row. Return 0 for an event without a row.
    """
    doublings, remainder = divmod(count, most)
    if count <= most:
        return 1
    return count // 2 if remainder == 0 and doublings.bit_count() == 1 else 0


def save_event(event: SecurityEvent) -> None:
    """Log the event, then save its row. A row that PostgreSQL refuses leaves the transaction of the caller, if there
    is one, as it was.
    """
    names = ("kind", "outcome", "person", "actor", "source", "csirt_id", "detail", "number")
    log = logger.info if event.outcome == SecurityOutcome.DONE else logger.warning
    log("security event", **{name: value for name in names if (value := getattr(event, name))})
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            event.save(force_insert=True)
    except Error as error:
        log_unrecorded(event, error)


def log_unrecorded(event: SecurityEvent, error: Exception) -> None:
    logger.error("security event not recorded", kind=event.kind, error=type(error).__name__)

"""What makes the purge wait: a notice before its first night, a clock that was changed, or too much at once.

A wrong clock makes everything due at once, and what is destroyed is gone. So nothing is destroyed on the word of the
clock alone, and nobody has much destroyed without the knowledge of the centres.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.enums import SecurityEventKind
from accounts.models import User
from accounts.security.record import record_security_event
from core.french import format_number
from retention.announcements import announce_purge, count_cases_by_centre, write_day
from retention.durations import compute_limit, load_chosen_months
from retention.enums import DataKind
from retention.models import PurgeState
from retention.table import KINDS, KINDS_BY_CODE, RetainedKind

logger = structlog.get_logger(__name__)

# Data with a term begin to end so long after the first run, or sooner if the administrator consents.
FIRST_NOTICE = timedelta(days=30)
# The purge runs four times an hour. If more time seems to have passed, the clock was changed, or all was switched off
# for longer than a week-end with holidays.
LONGEST_STEP = timedelta(days=5)
# Meanwhile a wrong clock is noticed: neither codes nor certificates of TLS work.
PAUSE = timedelta(days=7)
# A consent counts so long after it was given, for the centres to hear of it, and then lasts as long.
CONSENT_NOTICE = timedelta(days=7)
USUAL_SHARE = 0.05
# Without a run for so long, something must be repaired.
LONGEST_SILENCE = timedelta(days=1)


@transaction.atomic
def begin_run(now: datetime) -> PurgeState:
    """Return the state of the purge, with this run in it. The first run announces what will end. Begin a pause if the
    clock was changed since the last run. The caller holds `Lock.PURGE`.
    """
    state = PurgeState.objects.select_for_update().first()
    if state is None:
        state = PurgeState.objects.create(begins_at=now + FIRST_NOTICE, last_run_at=now)
        announce_first_night(state)
    elif abs(now - state.last_run_at) > LONGEST_STEP:
        logger.error("purge paused", last_run_at=state.last_run_at.isoformat(), now=now.isoformat())
        pause(state, now)
    state.last_run_at = now
    state.save()
    return state


def pause(state: PurgeState, now: datetime) -> None:
    """Let nothing end for the time of PAUSE, and forget a consent. The caller saves the state."""
    state.paused_until = now + PAUSE
    state.allowed_from = state.allowed_until = None
    state.allowed_numbers = {}
    # If the first run was in the future, its notice would last for as long as the clock was wrong.
    state.begins_at = min(state.begins_at, now + FIRST_NOTICE)


def pause_after_restore() -> None:
    """Begin a pause, in which holds and durations are placed and chosen again that the restored backup does not have.
    If the purge has never run, its first notice is enough.
    """
    with transaction.atomic():
        if state := PurgeState.objects.select_for_update().first():
            pause(state, timezone.now())
            state.save()


def announce_first_night(state: PurgeState) -> None:
    """Tell the leads and the administrators what the first night will destroy, unless no case is due by then."""
    cases = KINDS_BY_CODE[DataKind.CASES]
    numbers = count_cases_by_centre(cases, compute_limit(cases, load_chosen_months(), state.begins_at))
    if numbers:
        sentence = f"Les dossiers clos arrivés à leur terme seront effacés à partir du {write_day(state.begins_at)}."
        announce_purge(sentence, numbers=numbers, by=None)


def is_put_off(state: PurgeState, kind: RetainedKind) -> bool:
    """Tell whether nothing of this kind may end at the time of this run, whatever is due."""
    is_paused = state.paused_until is not None and state.last_run_at < state.paused_until
    return is_paused or (kind.term is not None and state.last_run_at < state.begins_at)


def is_too_much(state: PurgeState, kind: RetainedKind, limit: datetime) -> bool:
    """Tell whether more of this kind is due than usual, and than the administrator has consented to."""
    if kind.usual_number is None:
        return False
    due = kind.select(limit).count()
    if due <= kind.usual_number + count_allowed(state, kind):
        return False
    return due > USUAL_SHARE * kind.select(state.last_run_at).count()


def count_allowed(state: PurgeState, kind: RetainedKind) -> int:
    """Return to how many rows of this kind the administrator has consented, if the consent counts now."""
    if state.allowed_from is None or state.allowed_until is None:
        return 0
    is_allowed = state.allowed_from <= state.last_run_at < state.allowed_until
    return int(state.allowed_numbers.get(kind.code, 0)) if is_allowed else 0


@transaction.atomic
def consent_to_purge(actor: User) -> datetime:
    """Let the purge end what is due now after CONSENT_NOTICE, and return from when on. The leads of the centres and
    the other administrators get a mail. The caller has checked that `actor` administers the platform, and that the
    purge has run.
    """
    state = PurgeState.objects.select_for_update().get()
    now, chosen = timezone.now(), load_chosen_months()
    start = now + CONSENT_NOTICE
    state.begins_at = min(state.begins_at, start)
    state.allowed_from, state.allowed_until = start, start + CONSENT_NOTICE
    state.allowed_numbers = {
        kind.code: kind.select(compute_limit(kind, chosen, start)).count()
        for kind in KINDS
        if kind.usual_number is not None
    }
    state.save()
    record_security_event(SecurityEventKind.RETENTION_DECIDED, person=actor, detail="purge")
    cases = KINDS_BY_CODE[DataKind.CASES]
    numbers = count_cases_by_centre(cases, compute_limit(cases, chosen, start))
    total = format_number(sum(numbers.values()))
    announce_purge(
        f"Ce qui est échu sera détruit à partir du {write_day(start)}, dont {total} dossiers clos.",
        numbers=numbers,
        by=actor,
    )
    return start


@transaction.atomic
def end_pause(actor: User) -> None:
    """Let the purge work again: the administrator has checked that the clock is right."""
    PurgeState.objects.select_for_update().update(paused_until=None)
    record_security_event(SecurityEventKind.RETENTION_DECIDED, person=actor, detail="clock")


def is_purge_stopped(now: datetime) -> bool:
    """Tell whether something must be done for the purge: it failed, awaits a consent, paused because of a clock, or
    has not run for a day. Runs one query.
    """
    state = PurgeState.objects.first()
    if state is None:
        return False
    is_paused = state.paused_until is not None and now < state.paused_until
    return bool(state.problems) or is_paused or now - state.last_run_at > LONGEST_SILENCE


def is_purge_paused(now: datetime) -> bool:
    """Tell whether the purge pauses because a clock was changed, or is about to. Runs one query."""
    state = PurgeState.objects.first()
    if state is None:
        return False
    has_jumped = abs(now - state.last_run_at) > LONGEST_STEP
    return has_jumped or (state.paused_until is not None and now < state.paused_until)

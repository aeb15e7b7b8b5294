"""What makes the purge wait: a notice before its first night, a clock that was changed, or too much at once.

A wrong clock makes everything due at once, and what is destroyed is gone. So nothing is destroyed on the word of the
clock alone, and the centres hear of each decision that destroys much at once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.enums import SecurityEventKind
from accounts.models import User
from accounts.security.record import record_security_event
from core.french import NBSP, choose_plural, format_number
from retention.announcements import announce_purge, count_cases_by_centre, write_day
from retention.durations import compute_limit, count_foreseen, find_months, load_chosen_months
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
# More rows at once than this number, and than this share of all, need a consent.
USUAL_NUMBER = 20
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


@transaction.atomic
def end_run(state: PurgeState) -> None:
    """Store what this run met, and what it used of a consent, unless another consent was given meanwhile."""
    stored = PurgeState.objects.select_for_update().get()
    stored.problems = state.problems
    if stored.allowed_from == state.allowed_from:
        stored.allowed_numbers = state.allowed_numbers
    stored.save()


def pause(state: PurgeState, now: datetime) -> None:
    """Let nothing end for the time of PAUSE, and forget a consent. The caller saves the state."""
    state.paused_until = now + PAUSE
    state.allowed_from = state.allowed_until = None
    state.allowed_numbers = {}
    # If the first run was in the future, its notice would last for as long as the clock was wrong.
    state.begins_at = min(state.begins_at, now + FIRST_NOTICE)


@transaction.atomic
def pause_after_restore() -> None:
    """Begin a pause, in which holds and durations are placed and chosen again that the restored backup does not have.
    The leads get a mail. If the purge has never run, its first notice is enough.
    """
    now, state = timezone.now(), PurgeState.objects.select_for_update().first()
    if state is None:
        return
    pause(state, now)
    state.save()
    sentence = (
        f"Une sauvegarde a été remise. Rien n’est détruit avant le {write_day(now + PAUSE)}{NBSP}: d’ici là, gelez de "
        "nouveau les dossiers que vous aviez gelés depuis cette sauvegarde."
    )
    announce_purge(sentence, numbers=None, by=None)


def announce_first_night(state: PurgeState) -> None:
    """Announce the cases that will be due when the purge begins. A failure is logged, because the purge must not stop
    for ever before its first run.
    """
    try:
        with transaction.atomic():
            announce_cases(state.begins_at)
    except Exception as error:  # noqa: BLE001  (whatever it is, the purge must run)
        logger.error("first night not announced", error=type(error).__name__)  # noqa: TRY400  (a trace may hold names)


def announce_cases(start: datetime) -> None:
    """Tell the leads and the administrators how many cases will be due at this instant, unless there are none."""
    numbers = count_cases_due(start)
    if numbers:
        sentence = (
            f"{describe_total(numbers)} à partir du {write_day(start)}, après l’accord de l’administration si c’est "
            "beaucoup plus que d’habitude."
        )
        announce_purge(sentence, numbers=numbers, by=None)


def count_cases_due(start: datetime) -> dict[int | None, int]:
    """Return how many cases will be due at this instant, by the id of their centre."""
    cases = KINDS_BY_CODE[DataKind.CASES]
    return count_cases_by_centre(cases, compute_limit(cases, load_chosen_months(start), start))


def describe_total(numbers: Mapping[int | None, int]) -> str:
    """Return « 12 dossiers clos arrivés à leur terme seront effacés »."""
    total = sum(numbers.values())
    words = choose_plural(
        "dossier clos arrivé à son terme sera effacé", "dossiers clos arrivés à leur terme seront effacés", total
    )
    return f"{format_number(total)} {words}"


def is_put_off(state: PurgeState, kind: RetainedKind) -> bool:
    """Tell whether nothing of this kind may end at the time of this run, whatever is due."""
    is_paused = state.paused_until is not None and state.last_run_at < state.paused_until
    return is_paused or (kind.term is not None and state.last_run_at < state.begins_at)


def is_too_much(state: PurgeState, kind: RetainedKind, limit: datetime) -> bool:
    """Tell whether more of this kind is due than usual, and than the administrator has consented to."""
    if kind.list_all is None:
        return False
    due = kind.select(limit).count()
    if due <= USUAL_NUMBER + count_allowed(state, kind):
        return False
    return due > USUAL_SHARE * kind.list_all().count()


def count_allowed(state: PurgeState, kind: RetainedKind) -> int:
    """Return to how many rows of this kind the administrator has consented, if the consent counts now."""
    if state.allowed_from is None or state.allowed_until is None:
        return 0
    is_allowed = state.allowed_from <= state.last_run_at < state.allowed_until
    return int(state.allowed_numbers.get(kind.code, 0)) if is_allowed else 0


def use_consent(state: PurgeState, kind: RetainedKind, ended: int) -> None:
    """Count these rows against the consent, if it counts now, so that it is no consent to others. The caller saves
    the state.
    """
    if allowed := count_allowed(state, kind):
        state.allowed_numbers[kind.code] = max(0, allowed - ended)


@transaction.atomic
def consent_to_purge(actor: User) -> datetime:
    """Let the purge end what will be due after CONSENT_NOTICE, and return from when on. A consent that does not count
    yet stays. The leads of the centres and the other administrators get a mail. The caller has checked that `actor`
    administers the platform, and that the purge has run.
    """
    state = PurgeState.objects.select_for_update().get()
    now = timezone.now()
    if state.allowed_from and now < state.allowed_from:
        return state.allowed_from
    start = now + CONSENT_NOTICE
    chosen = load_chosen_months(start)
    state.begins_at = min(state.begins_at, start)
    state.allowed_from, state.allowed_until = start, start + CONSENT_NOTICE
    state.allowed_numbers = {
        kind.code: count_foreseen(kind, find_months(kind, chosen), start) for kind in KINDS if kind.list_all
    }
    state.save()
    record_security_event(SecurityEventKind.RETENTION_DECIDED, person=actor, detail="purge")
    numbers = count_cases_due(start)
    total = f" {describe_total(numbers)}." if numbers else ""
    sentence = f"Ce qui est échu sera détruit à partir du {write_day(start)}.{total}"
    announce_purge(sentence, numbers=numbers or None, by=actor)
    return start


@transaction.atomic
def end_pause(actor: User) -> None:
    """Let the purge work again: the administrator has checked the clock, the holds and the durations. The leads get a
    mail.
    """
    PurgeState.objects.update(paused_until=None)
    record_security_event(SecurityEventKind.RETENTION_DECIDED, person=actor, detail="clock")
    sentence = f"L’heure, les gels et les durées ont été vérifiés{NBSP}: la purge, qui était en pause, reprend."
    announce_purge(sentence, numbers=None, by=actor)


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

"""The destruction of what is due, in slices that may be interrupted at any instant."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from enum import Enum, auto
from math import inf
from time import monotonic
from typing import Any, NamedTuple

import structlog
from django.db import transaction
from django.utils import timezone

from core.locks import Lock, hold_lock
from retention.certificates import seal_destructions
from retention.durations import compute_limit, load_chosen_months
from retention.enums import DataKind, Obstacle
from retention.guard import begin_run, end_run, is_put_off, is_too_much, use_consent
from retention.models import Destruction, PurgeState
from retention.table import KINDS, RetainedKind

logger = structlog.get_logger(__name__)

SLICE = 200


class PurgeEnd(Enum):
    """How a run of the purge ended: nothing is left that it may end, its time ran out and another run may go on, or
    another process purges.
    """

    DONE = auto()
    OUT_OF_TIME = auto()
    BUSY = auto()


class Purged(NamedTuple):
    """How many rows of a kind ended, and how many failed."""

    ended: int
    failed: int


def purge(kinds: Iterable[RetainedKind], *, seconds: float = inf, seals: bool = False) -> PurgeEnd:
    """Destroy what is due of these kinds, slice by slice, until nothing is left or `seconds` have passed. With
    `seals`, what was destroyed then becomes certificates.

    A kind that fails, or of which too much is due, is written in the state of the purge, and the others are purged: it
    comes last in the next run, so that it does not take their time.
    """
    deadline, finished, ended = monotonic() + seconds, list[DataKind](), 0
    with hold_lock(Lock.PURGE, waits=False) as is_free:
        if not is_free:
            return PurgeEnd.BUSY
        state = begin_run(timezone.now())
        due = [kind for kind in kinds if not is_put_off(state, kind)]
        for kind in sorted(due, key=lambda kind: kind.code in state.problems):
            ended = try_purge_kind(kind, state, deadline)
            if monotonic() >= deadline:
                break
            finished.append(kind.code)
        end_run(state)
        if seals:
            seal_destructions(finished)
    # The kind that was interrupted ended rows: the next run goes on with it, and does not try in vain for ever.
    return PurgeEnd.OUT_OF_TIME if ended and len(finished) < len(due) else PurgeEnd.DONE


def try_purge_kind(kind: RetainedKind, state: PurgeState, deadline: float) -> int:
    """Destroy what is due of this kind, and write in `state.problems` why something did not end. Return how many rows
    ended.
    """
    state.problems.pop(kind.code, None)
    try:
        limit = compute_limit(kind, load_chosen_months(), state.last_run_at)
        if is_too_much(state, kind, limit):
            logger.error("not purged, too many rows", kind=kind.code.value)
            state.problems[kind.code] = Obstacle.TOO_MANY
            return 0
        purged = purge_kind(kind, limit, deadline=deadline)
    except Exception as error:  # noqa: BLE001  (whatever one kind meets, the others are purged)
        log_failure(kind, error)
        purged = Purged(0, 1)
    if purged.failed:
        state.problems[kind.code] = Obstacle.FAILED
    use_consent(state, kind, purged.ended)
    return purged.ended


def log_failure(kind: RetainedKind, error: Exception) -> None:
    logger.error("not purged", kind=kind.code.value, error=type(error).__name__)  # a trace may hold what people wrote


def purge_kind(kind: RetainedKind, limit: datetime, *, deadline: float = inf) -> Purged:
    """Destroy what began before `limit`, until nothing is left or the deadline of the monotonic clock has passed.

    The rows of a slice that fails are ended one by one, so that those that fail do not stop the others.
    """
    ended, failed, passed = 0, 0, set[Any]()
    while True:
        keys = list_due_keys(kind, limit, without=passed)
        if not keys:
            break
        try:
            done = end_slice(kind, limit, keys)
            passed |= {*keys} - done
        except Exception as error:  # noqa: BLE001  (a row may hold anything that an earlier version wrote)
            log_failure(kind, error)
            done, broken = end_rows_alone(kind, limit, keys)
            passed |= {*keys} - done
            failed += broken
        ended += len(done)
        if monotonic() >= deadline:
            break
    if ended:
        logger.info("purged", kind=kind.code.value, rows=ended)
    return Purged(ended, failed)


def list_due_keys(kind: RetainedKind, limit: datetime, *, without: Collection[Any]) -> list[Any]:
    """Return the keys of the next slice of the rows that are due, oldest first."""
    due = kind.select(limit).exclude(pk__in=without).order_by(kind.moment, "pk")
    return list(due.values_list("pk", flat=True)[:SLICE])


def end_rows_alone(kind: RetainedKind, limit: datetime, keys: list[Any]) -> tuple[set[Any], int]:
    """End these rows, one a transaction. Return the keys of those that ended, and how many failed."""
    done, failed = set[Any](), 0
    for key in keys:
        try:
            done |= end_slice(kind, limit, [key])
        except Exception as error:  # noqa: BLE001  (as above)
            log_failure(kind, error)
            failed += 1
    return done, failed


@transaction.atomic
def end_slice(kind: RetainedKind, limit: datetime, keys: list[Any]) -> set[Any]:
    """Destroy those of these rows that are still due, and count them. Return their keys.

    A row that another process has locked waits for the next run. A process that is killed undoes its slice.
    """
    due = kind.select(limit).filter(pk__in=keys).order_by(kind.moment, "pk")
    if not kind.is_append_only:
        due = due.select_for_update(skip_locked=True, of=("self",), no_key=True)
    moments = dict(due.values_list("pk", kind.moment))
    if kind.check_locked:
        free = kind.check_locked([*moments])
        moments = {key: moment for key, moment in moments.items() if key in free}
    if moments:
        parts = kind.end([*moments])
        count_slice(kind, limit, [*moments.values()], parts)
    return {*moments}


def count_slice(kind: RetainedKind, limit: datetime, moments: list[datetime], parts: Counter[str]) -> None:
    """Add a slice to the open destruction of its kind, which is created with the first slice of a night."""
    row = Destruction.objects.filter(kind=kind.code, number=None).first()
    row = row or Destruction(kind=kind.code, due_before=limit, first_at=moments[0], last_at=moments[-1])
    row.due_before = max(row.due_before, limit)
    row.first_at, row.last_at = min(row.first_at, *moments), max(row.last_at, *moments)
    row.count += len(moments)
    row.parts = dict(Counter(row.parts) + parts)
    row.save()


def count_due_rows() -> list[tuple[RetainedKind, int]]:
    """Return how many rows of each kind a purge would destroy now. Destroys nothing."""
    chosen, now = load_chosen_months(), timezone.now()
    return [(kind, kind.select(compute_limit(kind, chosen, now)).count()) for kind in KINDS]

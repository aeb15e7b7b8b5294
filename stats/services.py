"""The changes of the figures: counting pending events, recounting all cases, publishing, and recording who reads exact
figures.
"""

from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.locks import Lock, acquire_lock, hold_lock
from stats.counting import rollups
from stats.disclosure.tables import Period
from stats.enums import AttemptOutcome
from stats.exact.access import Scope
from stats.models import Attempt, ExactReading, FigureCheck, Release
from stats.releases.publish import list_due_periods, make_release
from stats.reports import making

logger = structlog.get_logger(__name__)


# The time after which a worker stops counting events, so that its other tasks can run.
PASS_TIME_LIMIT = timedelta(seconds=2)


def fold_new_events() -> int:
    """Count pending events until none is left or PASS_TIME_LIMIT has passed. Return the number of counted events."""
    return rollups.fold_pending_events(seconds=PASS_TIME_LIMIT.total_seconds())


# A year and its quarters. The limit bounds how much is published too early if the clock is wrong for a night.
MAX_RELEASES_A_NIGHT = 5


def publish_due_periods(*, now: datetime | None = None, waits: bool = False, most: int | None = None) -> list[Release]:
    """Publish the periods that are due, the earliest first and at most `most` of them. Return their releases.

    Pending events are counted first. Each release is one transaction and creates an `Attempt`, even if it fails. An
    error is raised and stops the later periods. While another process publishes, return [], or wait for that process
    if `waits` is true.
    """
    with hold_lock(Lock.PUBLISH, waits=waits) as is_free:
        if not is_free:
            return []
        fold_all_events()
        now = now or timezone.now()
        return [publish_period(period, now) for period in list_due_periods(now)[:most]]


def publish_period(period: Period, now: datetime) -> Release:
    """Make one release in one transaction, with the rows of its reports and its `Attempt`.

    An error is recorded as a failed attempt and raised again.
    """
    began = monotonic()
    try:
        with transaction.atomic():
            release, draw = make_release(period, now=now)
            save_attempt(period, now, began, release=release, draws=draw.draws, closed=list(draw.closed))
            making.create_report_rows(release)
    except Exception:
        logger.exception("release not published", period=str(period))
        save_attempt(period, now, began)
        raise
    return release


def save_attempt(period: Period, now: datetime, began: float, **result: Any) -> None:
    """Save the result of an attempt. `began` is an instant of the monotonic clock. `result` is empty if the attempt
    failed.
    """
    outcome = AttemptOutcome.PUBLISHED if result else AttemptOutcome.FAILED
    Attempt.objects.create(at=now, outcome=outcome, period=str(period), seconds=monotonic() - began, **result)


def fold_all_events() -> None:
    """Count all pending events batch by batch. Then count those that are left, while holding `Lock.COUNT`.

    The events that are left came meanwhile, or another process was counting them.
    """
    rollups.fold_pending_events()
    with transaction.atomic():
        acquire_lock(Lock.COUNT)
        rollups.fold_pending_events()


# Recounting everything

# A night's recount is divided into tasks of this length, so that the worker also runs other tasks.
RECOUNT_TIME_LIMIT = timedelta(seconds=10)
MAX_SAVED_MISTAKES = 100


def continue_recount() -> FigureCheck | None:
    """Start the recount of today or continue an unfinished recount. Return this recount.

    It runs for RECOUNT_TIME_LIMIT at most. Return None if the recount of today is finished, or while another process
    recounts.
    """
    with hold_lock(Lock.RECOUNT, waits=False) as is_free:
        if not is_free:
            return None
        check = FigureCheck.objects.filter(repairs=False).order_by("-pk").first()
        if check and check.finished_at and timezone.localdate(check.started_at) == timezone.localdate():
            return None
        if check is None or check.finished_at:
            check = FigureCheck.objects.create()
        run_recount(check, seconds=RECOUNT_TIME_LIMIT.total_seconds())
        return check


def verify_figures() -> FigureCheck:
    """Recount all cases from the raw rows and record where the figures differ. The figures do not change.

    The service may run meanwhile. Waits for another recount.
    """
    with hold_lock(Lock.RECOUNT, waits=True):
        check = FigureCheck.objects.create()
        run_recount(check)
        return check


def rebuild_figures() -> FigureCheck:
    """Recount all cases from the raw rows and repair the figures. The service may run meanwhile.

    A recount that was killed continues where it stopped. A second run changes nothing. Waits for another recount.
    """
    with hold_lock(Lock.RECOUNT, waits=True):
        check = FigureCheck.objects.filter(repairs=True, finished_at=None).order_by("-pk").first()
        check = check or FigureCheck.objects.create(repairs=True)
        run_recount(check)
        return check


def run_recount(check: FigureCheck, *, seconds: float | None = None) -> None:
    """Recount slice by slice, until `check` is finished or `seconds` have passed. Each slice saves the progress."""
    deadline = monotonic() + seconds if seconds else None
    while check.finished_at is None and (deadline is None or monotonic() < deadline):
        if check.months_until is None and (ids := rollups.list_cases_after(check.cases_until)):
            recount_next_cases(check, ids)
        elif month := rollups.find_month_after(check.months_until):
            recount_next_month(check, month)
        else:
            finish_recount(check)


def recount_next_cases(check: FigureCheck, ids: list[int]) -> None:
    """Check or repair the facts of these cases, as `check.repairs` says."""
    check.cases_until = ids[-1]
    if not check.repairs:
        record_mistakes(check, rollups.list_case_mistakes(ids))
        return
    with transaction.atomic():
        acquire_lock(Lock.COUNT)
        record_mistakes(check, rollups.repair_cases(ids))
    # Events are counted here because this loop holds the lock most of the time, so that their own task rarely gets it.
    rollups.fold_pending_events()


def recount_next_month(check: FigureCheck, month: date) -> None:
    """Check or repair the sums of a month, as `check.repairs` says."""
    drift = rollups.compute_drift(month, check.months_until)
    check.months_until = month
    if not check.repairs:
        record_mistakes(check, rollups.describe_drift(*drift))
        return
    with transaction.atomic():
        acquire_lock(Lock.COUNT)
        rollups.repair_sums(*drift)
        record_mistakes(check, rollups.describe_drift(*drift))
    rollups.fold_pending_events()


def record_mistakes(check: FigureCheck, mistakes: list[str]) -> None:
    """Save the progress of a recount and the differences that it found. Only row ids, codes and numbers are logged."""
    if mistakes:
        logger.error(
            "figures differ", check=check.pk, mistakes=len(mistakes), first=mistakes[:10], repairs=check.repairs
        )
    check.mistakes += len(mistakes)
    check.differences = [*check.differences, *mistakes][:MAX_SAVED_MISTAKES]
    check.save(update_fields=["cases_until", "months_until", "mistakes", "differences"])


def finish_recount(check: FigureCheck) -> None:
    """Close a recount. If the figures are now right, mark earlier recounts with differences as repaired.

    The figures are right if the recount repaired them or found no difference.
    """
    check.finished_at = timezone.now()
    check.save(update_fields=["finished_at"])
    if check.repairs or not check.mistakes:
        wrong = FigureCheck.objects.filter(mistakes__gt=0, repaired_at=None, started_at__lte=check.started_at)
        wrong.update(repaired_at=check.finished_at)
    logger.info("figures recounted", check=check.pk, mistakes=check.mistakes, repairs=check.repairs)


def record_exact_reading(*, reader: User, scope: Scope, year: int) -> None:
    """Record that `reader` sees the exact figures of `scope` in `year`.

    Each centre of the scope has one row. A région or the nation has one row. A second reading within the same minute
    adds no row.
    """
    minute = timezone.now().replace(second=0, microsecond=0)
    reading = {"user": reader, "year": year, "minute": minute}
    rows = [ExactReading(csirt_id=pk, **reading) for pk in sorted(scope.csirt_ids)]
    rows = rows or [ExactReading(region_id=scope.region_id, **reading)]
    ExactReading.objects.bulk_create(rows, ignore_conflicts=True)

"""What changes the figures: counting what is pending, recounting everything, publishing what is closed."""

from datetime import date, datetime
from time import monotonic
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from stats.counting import rollups
from stats.disclosure.tables import Period
from stats.enums import Outcome
from stats.exact.access import Scope
from stats.locks import PUBLISHING_LOCK, RECOUNT_LOCK, alone
from stats.models import Attempt, ExactReading, FigureCheck, Release
from stats.releases.publish import list_due_periods, make_release
from stats.reports import making

logger = structlog.get_logger(__name__)


# Seconds; the work that shares its worker then has its turn.
LONGEST_ROUND = 2.0


def fold_events() -> int:
    """Count pending events, all of them unless a round is too short for it. Return how many."""
    return rollups.fold_all(seconds=LONGEST_ROUND)


# A year with its quarters. A clock that is wrong for a night then publishes no more of the future.
MOST_A_NIGHT = 5


def publish_due(*, now: datetime | None = None, waits: bool = False, most: int | None = None) -> list[Release]:
    """Publish the periods that are due, the earliest first, `most` of them at most. Return the releases.

    What is pending is counted first. Each release is one transaction and leaves an `Attempt`, whatever comes of it; a
    failure stops the later periods, which wait for the earlier one. While another process publishes, this one does
    nothing, unless it `waits` for its turn.
    """
    with alone(PUBLISHING_LOCK, waits=waits) as is_free:
        if not is_free:
            return []
        fold_everything()
        now = now or timezone.now()
        return [publish_period(period, now) for period in list_due_periods(now)[:most]]


def publish_period(period: Period, now: datetime) -> Release:
    """Make one release with its reports and its `Attempt`, all or nothing. Raises what went wrong, having noted it."""
    began = monotonic()
    try:
        with transaction.atomic():
            release, drawn = make_release(period, now=now)
            note_attempt(period, now, began, release=release, draws=drawn.draws, closed=list(drawn.closed))
            making.prepare(release)
    except Exception:
        logger.exception("release not published", period=str(period))
        note_attempt(period, now, began)
        raise
    return release


def note_attempt(period: Period, now: datetime, began: float, **made: Any) -> None:
    """Save what came of an attempt; it `began` at an instant of the monotonic clock. `made` is empty if it failed."""
    outcome = Outcome.PUBLISHED if made else Outcome.FAILED
    Attempt.objects.create(at=now, outcome=outcome, period=str(period), seconds=monotonic() - began, **made)


def fold_everything() -> None:
    """Count a batch a transaction; then, under the lock, what another process was counting or what came meanwhile."""
    rollups.fold_all()
    with transaction.atomic():
        rollups.wait_for_lock()
        rollups.fold_all()


# Recounting everything

# A night's recount goes on from task to task, so that other work has its turn.
SECONDS_A_TASK = 10
MISTAKES_KEPT = 100


def check_tonight() -> FigureCheck | None:
    """Start today's verification, or carry on with one that is not finished. None when there is nothing to do."""
    with alone(RECOUNT_LOCK, waits=False) as is_free:
        if not is_free:
            return None
        check = FigureCheck.objects.filter(repairs=False).order_by("-pk").first()
        if check and check.finished_at and timezone.localdate(check.started_at) == timezone.localdate():
            return None
        if check is None or check.finished_at:
            check = FigureCheck.objects.create()
        walk(check, seconds=SECONDS_A_TASK)
        return check


def verify_figures() -> FigureCheck:
    """Recount everything from the raw rows and compare, to the unit, while the service runs; nothing is changed."""
    with alone(RECOUNT_LOCK, waits=True):
        check = FigureCheck.objects.create()
        walk(check)
        return check


def rebuild_figures() -> FigureCheck:
    """Recount everything from the raw rows and put the figures right, while the service runs.

    One that was killed is carried on where it stopped; again changes nothing.
    """
    with alone(RECOUNT_LOCK, waits=True):
        check = FigureCheck.objects.filter(repairs=True, finished_at=None).order_by("-pk").first()
        check = check or FigureCheck.objects.create(repairs=True)
        walk(check)
        return check


def walk(check: FigureCheck, *, seconds: float | None = None) -> None:
    """Recount slice after slice, until it is finished or `seconds` have passed. What was done stays done."""
    until = monotonic() + seconds if seconds else None
    while check.finished_at is None and (until is None or monotonic() < until):
        if check.months_until is None and (ids := rollups.list_cases_after(check.cases_until)):
            recount_cases(check, ids)
        elif month := rollups.find_month_after(check.months_until):
            recount_month(check, month)
        else:
            finish_recount(check)


def recount_cases(check: FigureCheck, ids: list[int]) -> None:
    check.cases_until = ids[-1]
    if not check.repairs:
        record_mistakes(check, rollups.list_case_mistakes(ids))
        return
    with transaction.atomic():
        rollups.wait_for_lock()
        record_mistakes(check, rollups.repair_cases(ids))
    rollups.fold_all()  # it finds the lock taken most of the time, and would come late


def recount_month(check: FigureCheck, month: date) -> None:
    drift = rollups.find_drift(month, check.months_until)
    check.months_until = month
    if not check.repairs:
        record_mistakes(check, rollups.describe_drift(*drift))
        return
    with transaction.atomic():
        rollups.wait_for_lock()
        rollups.repair_sums(*drift)
        record_mistakes(check, rollups.describe_drift(*drift))
    rollups.fold_all()


def record_mistakes(check: FigureCheck, mistakes: list[str]) -> None:
    """Save progress and mistakes. Only codes and numbers of rows are logged."""
    if mistakes:
        logger.error(
            "figures differ", check=check.pk, mistakes=len(mistakes), first=mistakes[:10], repairs=check.repairs
        )
    check.mistakes += len(mistakes)
    check.found = [*check.found, *mistakes][:MISTAKES_KEPT]
    check.save(update_fields=["cases_until", "months_until", "mistakes", "found"])


def finish_recount(check: FigureCheck) -> None:
    """Close the recount. If it found nothing, or repaired all it found, mark earlier failed ones as repaired."""
    check.finished_at = timezone.now()
    check.save(update_fields=["finished_at"])
    if check.repairs or not check.mistakes:
        wrong = FigureCheck.objects.filter(mistakes__gt=0, repaired_at=None, started_at__lte=check.started_at)
        wrong.update(repaired_at=check.finished_at)
    logger.info("figures recounted", check=check.pk, mistakes=check.mistakes, repairs=check.repairs)


def record_reading(*, reader: User, scope: Scope, year: int) -> None:
    """Save that `reader` is shown the exact figures of `scope` in `year`, once a minute."""
    minute = timezone.now().replace(second=0, microsecond=0)
    reading = {"user": reader, "year": year, "minute": minute}
    rows = [ExactReading(csirt_id=pk, **reading) for pk in sorted(scope.csirt_ids)]
    rows = rows or [ExactReading(region_id=scope.region_id, **reading)]
    ExactReading.objects.bulk_create(rows, ignore_conflicts=True)

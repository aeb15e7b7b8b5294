"""What changes the figures: counting what is pending, publishing what is closed."""

from datetime import datetime
from time import monotonic

import structlog
from django.db import transaction
from django.utils import timezone

from stats import disclosure, rollups
from stats.audit import AuditError, AuditTimeout
from stats.enums import Outcome
from stats.models import Attempt, Release
from stats.proof import Draft

logger = structlog.get_logger(__name__)


def fold_events() -> int:
    """Count all pending events. Returns how many."""
    return rollups.fold_all()


def publish_release(*, now: datetime | None = None, seconds: float = disclosure.AUDIT_SECONDS) -> Release | None:
    """Publish the periods that closed since the last release; None if none did or nothing in them may be shown.

    Counts what is pending first and holds the lock of the figures, so that a release is one instant's. All or nothing.
    Whatever comes of it is said: `Attempt`, but for nights on which nothing closed. An audit that takes more than
    `seconds`, or gives no verdict, publishes nothing.
    """
    at, began = now or timezone.now(), monotonic()
    release, coarsened = None, {}
    try:
        release, draft = make(at, seconds)
        outcome, coarsened = Outcome.PUBLISHED, draft.coarsened
    except disclosure.NothingNewError:
        return None
    except disclosure.NothingSafeError:
        outcome = Outcome.NOTHING_SAFE
    except AuditTimeout:
        outcome = Outcome.TIMED_OUT
    except AuditError as error:
        outcome = Outcome.FAILED
        logger.exception("release not published", error=str(error))
    Attempt.objects.create(at=at, outcome=outcome, release=release, seconds=monotonic() - began, coarsened=coarsened)
    logger.info("release tried", outcome=outcome.value, seconds=round(monotonic() - began, 1))
    return release


@transaction.atomic
def make(at: datetime, seconds: float) -> tuple[Release, Draft]:
    rollups.wait_for_lock()
    rollups.fold_all()
    return disclosure.make_release(now=at, seconds=seconds)

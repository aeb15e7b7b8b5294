"""What changes the figures: counting what is pending, publishing what is closed."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from stats import disclosure, rollups
from stats.models import Release


def fold_events() -> int:
    """Count all pending events. Returns how many."""
    return rollups.fold_all()


@transaction.atomic
def publish_release(*, now: datetime | None = None) -> Release | None:
    """Publish the periods that closed since the last release; None if none did or nothing in them may be shown.

    Counts what is pending first and holds the lock of the figures, so that a release is one instant's. All or nothing.
    """
    rollups.wait_for_lock()
    rollups.fold_all()
    return disclosure.make_release(now=now or timezone.now())

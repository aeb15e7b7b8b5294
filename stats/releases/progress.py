"""The progress towards the first publication of an installation."""

from dataclasses import dataclass
from datetime import date, datetime

from core.locks import Lock, is_lock_held
from stats.disclosure.tables import Period
from stats.enums import AttemptOutcome
from stats.releases.publish import find_current_quarter_due_day, list_due_periods
from stats.releases.rows import Attempt


@dataclass(frozen=True)
class ReleaseProgress:
    """The progress of the publication. `due` are the periods to be published now, the earliest first.

    `earliest_on` is the date from which the current quarter will be published. Nothing here depends on the
    declarations of a quarter that is not over.
    """

    due: tuple[Period, ...]
    is_running: bool
    has_failed: bool
    earliest_on: date


def read_progress(now: datetime) -> ReleaseProgress:
    """Return the progress at `now`. Runs four small queries."""
    newest = Attempt.objects.order_by("-pk").values_list("outcome", flat=True).first()
    return ReleaseProgress(
        due=tuple(list_due_periods(now)),
        is_running=is_lock_held(Lock.PUBLISH),
        has_failed=newest == AttemptOutcome.FAILED,
        earliest_on=find_current_quarter_due_day(now),
    )

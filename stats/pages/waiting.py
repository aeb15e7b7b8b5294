"""The pages while nothing is published yet."""

from django.utils.timezone import now

from stats.counting.periods import SETTLED_AFTER
from stats.pages.wording import format_full_day, format_period
from stats.releases.progress import read_progress

# Seconds that a cache may keep a page that shows progress, until something is published.
SOON = 20


def describe_progress() -> dict[str, object]:
    """Return which periods are being published, the state of the work and when the first is
    due. Four small queries.
    """
    progress = read_progress(now())
    return {
        "days": SETTLED_AFTER.days,
        "progress": progress,
        "proved": [format_period(period) for period in progress.due],
        "earliest": format_full_day(progress.earliest_on),
    }

"""What the pages say while nothing is published yet."""

from django.utils.timezone import now

from stats.counting.periods import SETTLED_AFTER
from stats.pages.wording import format_day, format_period
from stats.releases.progress import read_progress

# Seconds that a cache may keep a page which changes by itself, until something is published.
SOON = 20


def describe_progress() -> dict[str, object]:
    """Return what is being proved, how far it is and when it is due. Four small queries."""
    progress = read_progress(now())
    return {
        "days": SETTLED_AFTER.days,
        "progress": progress,
        "proved": [format_period(period) for period in progress.due],
        "earliest": format_day(progress.earliest_on),
    }

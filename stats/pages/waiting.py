"""The content of the pages of figures before the first publication."""

from django.utils.timezone import now

from core.french import format_day
from stats.periods import SETTLED_AFTER
from stats.printed_wording import format_period
from stats.releases.progress import read_progress

# How many seconds a cache may keep a page that shows the progress of the first publication.
PROGRESS_MAX_AGE = 20


def describe_publication_progress() -> dict[str, object]:
    """Return the template context that says which periods will be published, and when. Runs four small queries."""
    progress = read_progress(now())
    return {
        "days": SETTLED_AFTER.days,
        "progress": progress,
        "due_periods": [format_period(period) for period in progress.due],
        "earliest": format_day(progress.earliest_on),
    }

"""The content of the pages of figures as long as nothing is published."""

from django.utils.timezone import now

from core.french import format_day
from stats.counting.periods import SETTLED_AFTER
from stats.pages.wording import format_period
from stats.releases.progress import read_progress

# How many seconds a cache may keep a page that shows the progress of the first publication.
PROGRESS_MAX_AGE = 20


def describe_publication_progress() -> dict[str, object]:
    """Return the context of such a page: the progress, the due periods, and the earliest date of a publication. Four
    small queries.
    """
    progress = read_progress(now())
    return {
        "days": SETTLED_AFTER.days,
        "progress": progress,
        "due_periods": [format_period(period) for period in progress.due],
        "earliest": format_day(progress.earliest_on),
    }

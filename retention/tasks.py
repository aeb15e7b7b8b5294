"""The Celery tasks that destroy what is due. Each may run at any time, twice, or several times at once."""

from celery import shared_task
from django.utils import timezone

from accounts.services import unused
from retention import reminders, services
from retention.durations import load_unused_limit
from retention.guard import is_purge_paused
from retention.services import PurgeEnd
from retention.table import KINDS

# A night's work is divided into tasks of this length, so that the worker also runs other tasks.
PURGE_TIME_LIMIT_SECONDS = 10


@shared_task
def purge_short_lived() -> None:
    """Destroy what lasts days or weeks and has ended since. The night makes its certificate."""
    services.purge([kind for kind in KINDS if not kind.waits_for_night], seconds=PURGE_TIME_LIMIT_SECONDS)


@shared_task
def purge_by_night() -> None:
    """Destroy all that is due, and make the certificates. If time runs out, queue this task again. The clock sends it
    several times a night, so that a message that was lost does not end the night.
    """
    if services.purge(KINDS, seconds=PURGE_TIME_LIMIT_SECONDS, seals=True) is PurgeEnd.OUT_OF_TIME:
        purge_by_night.apply_async(retry=False)


@shared_task
def warn_by_night() -> None:
    """Warn the people whose accounts will be closed because nobody uses them. One run a night warns a few hundred at
    most, so that a password link never waits behind thousands of warnings; the next night warns the others. Nobody is
    warned while the clock may be wrong.
    """
    if not is_purge_paused(timezone.now()):
        unused.warn_unused_accounts(load_unused_limit())


@shared_task
def remind_by_night() -> None:
    """Remind the leads, once a year, of open cases in which nothing happens. They last until they are closed."""
    reminders.remind_leads()

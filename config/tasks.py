"""The task that runs all long work in turns. No kind of work thus delays another kind, and none delays a mail
(`config.broker`).
"""

from collections.abc import Callable
from time import monotonic

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import close_old_connections

from incidents.services.bulk import jobs
from incidents.services.papers import making as papers
from incidents.services.search import index
from incidents.services.transfer import reroute
from stats import services
from stats.reports import making

logger = structlog.get_logger(__name__)

# Other tasks of the same worker wait for at most this time.
LONGEST_SECONDS = 30


@shared_task
def work_in_turn() -> None:
    """Give each kind of long work a turn of a few seconds. Repeat this while any kind has more to do, for at most
    LONGEST_SECONDS.
    """
    deadline = monotonic() + LONGEST_SECONDS
    while any([*run_bounded_turns(), run_turn(make_papers)]) and monotonic() < deadline:
        pass


def run_bounded_turns() -> list[int]:
    """Give a turn to each kind of work whose turns are bounded in time. Return the amounts of work done, one for each
    kind.
    """
    turns = (
        reroute.reroute_cases,
        jobs.run_due_jobs,
        index_pending_cases,
        services.fold_new_events,
        making.make_due_reports,
    )
    return [run_turn(work) for work in turns]


def index_pending_cases() -> int:
    """Update the search documents of cases with new events, within a bounded time. Return the amount of work done."""
    return index.index_pending_events(seconds=index.PASS_TIME_LIMIT.total_seconds())


def make_papers() -> int:
    """Make the papers (PDF documents) that are due. Return how many were made.

    A paper of a thousand pages takes longer than a turn (`run_turn`). While it is made, the other kinds of work get
    their turns.
    """
    return papers.make_due_papers(do_other_work=run_bounded_turns)


def run_turn(work: Callable[[], int]) -> int:
    """Run one turn of `work` and return the amount of work done. An error is logged and counts as 0, because the next
    turn tries again. Raises SoftTimeLimitExceeded, which ends the task.
    """
    try:
        return work()
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001  (see above)
        logger.error("long work failed", work=work.__name__, error=type(error).__name__)  # noqa: TRY400  (a trace may hold what people wrote)
        close_old_connections()
        return 0

"""Long work, by turns: no kind of it holds up another, and none of it holds up a mail (`config.broker`)."""

from collections.abc import Callable
from time import monotonic

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import close_old_connections

from incidents.services import bulk, index, papers, reroute
from stats import services
from stats.reports import making

logger = structlog.get_logger(__name__)

# Then other tasks of the same worker have their turn.
LONGEST_SECONDS = 30


@shared_task
def work_in_turn() -> None:
    """Give each kind of long work a round of a few seconds, and again while one of them has something to do."""
    until = monotonic() + LONGEST_SECONDS
    while any([*work_on_cases(), take_turn(make_papers)]) and monotonic() < until:
        pass


def work_on_cases() -> list[int]:
    """Give a round to each kind whose rounds end by themselves. Return how much each of them did."""
    works = (reroute.reroute_cases, bulk.carry_on_bulk, index_cases, services.fold_events, making.make_due)
    return [take_turn(work) for work in works]


def index_cases() -> int:
    return index.index_all(seconds=index.LONGEST_ROUND)


def make_papers() -> int:
    """A paper of a thousand pages lasts longer than a round: the other kinds have their turns meanwhile."""
    return papers.make_due(meanwhile=work_on_cases)


def take_turn(work: Callable[[], int]) -> int:
    """Return how much was done. What fails is tried again at its next turn, and the others have theirs."""
    try:
        return work()
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001  (see above)
        logger.error("long work failed", work=work.__name__, error=type(error).__name__)  # noqa: TRY400  (a trace may hold what people wrote)
        close_old_connections()
        return 0

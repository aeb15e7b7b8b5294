"""Celery's doors to the figures."""

from celery import shared_task

from stats import services
from stats.disclosure import RELEASE_SECONDS
from stats.reports import making


@shared_task
def fold_events() -> None:
    services.fold_events()


@shared_task(time_limit=RELEASE_SECONDS, soft_time_limit=RELEASE_SECONDS - 30)
def publish_release() -> None:
    """Longer than a broker waits for a task: given again meanwhile, it finds itself at work and does nothing."""
    services.publish_tonight()


@shared_task
def make_reports() -> None:
    making.make_due()


@shared_task
def check_figures() -> None:
    services.check_tonight()

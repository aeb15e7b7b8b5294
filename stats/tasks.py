"""Celery's doors to the figures."""

from celery import shared_task

from stats import services
from stats.reports import making


@shared_task
def fold_events() -> None:
    services.fold_events()


@shared_task
def publish_releases() -> None:
    services.publish_due(most=services.MOST_A_NIGHT)


@shared_task
def make_reports() -> None:
    making.make_due()


@shared_task
def check_figures() -> None:
    services.check_tonight()

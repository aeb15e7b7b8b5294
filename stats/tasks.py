"""Celery's doors to the figures."""

from celery import shared_task

from stats import services


@shared_task
def fold_events() -> None:
    services.fold_events()


@shared_task
def publish_release() -> None:
    services.publish_release()


@shared_task
def check_figures() -> None:
    services.check_tonight()

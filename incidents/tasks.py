"""The doors of the queue. Each may run at any time, twice, or together with itself."""

from celery import shared_task

from incidents.services import papers


@shared_task
def make_papers() -> None:
    papers.make_due()

"""The door of the queue. It may run at any time, twice, or together with itself."""

from celery import shared_task

from accounts import dispatch


@shared_task
def send_mails() -> None:
    dispatch.send_due()

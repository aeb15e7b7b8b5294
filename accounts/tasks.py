"""The Celery task of this app. It may run at any time, twice, or several times at once."""

from celery import shared_task

from accounts import dispatch


@shared_task
def send_mails() -> None:
    """Send the mails about accounts that are due."""
    dispatch.send_due_mails()

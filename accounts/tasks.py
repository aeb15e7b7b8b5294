"""The Celery tasks of this app. Each may run at any time, twice, or several times at once."""

from celery import shared_task

from accounts import dispatch
from accounts.services.sessions import delete_expired_sessions


@shared_task
def send_mails() -> None:
    """Send the mails about accounts that are due."""
    dispatch.send_due_mails()


@shared_task
def delete_sessions() -> None:
    """Delete expired sessions, with what they say of their person."""
    delete_expired_sessions()

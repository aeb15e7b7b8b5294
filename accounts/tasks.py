"""The Celery tasks of this app. Each may run at any time, twice, or several times at once."""

from celery import shared_task

from accounts import dispatch
from accounts.services import break_glass
from accounts.services.links import answer_password_requests
from accounts.services.sessions import delete_former_sessions


@shared_task
def send_mails() -> None:
    """Queue the links that people asked for, and send the mails about accounts that are due."""
    answer_password_requests()
    dispatch.send_due_mails()


@shared_task
def delete_sessions() -> None:
    """Delete the sessions of the engine before ours. The purge deletes those that expired (`retention`)."""
    delete_former_sessions()


@shared_task
def report_ended_accesses() -> None:
    """Record the end of break-glass accesses that have ended since."""
    break_glass.record_ended_accesses()

"""The Celery tasks of this app. Each may run at any time, twice, or several times at once."""

from celery import shared_task
from django.utils import timezone

from accounts import dispatch
from accounts.security.retention import delete_old_events
from accounts.services.break_glass import record_ended_accesses
from accounts.services.links import answer_password_requests
from accounts.services.sessions import delete_expired_sessions


@shared_task
def send_mails() -> None:
    """Queue the links that people asked for, and send the mails about accounts that are due."""
    answer_password_requests()
    dispatch.send_due_mails()


@shared_task
def delete_sessions() -> None:
    """Delete expired sessions, with what they say of their person."""
    delete_expired_sessions()


@shared_task
def sweep_security_events() -> None:
    """Record the end of break-glass accesses, and delete the security events that are too old."""
    record_ended_accesses()
    delete_old_events(timezone.now())

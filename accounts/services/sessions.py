"""The sessions of people: deleting those that expired."""

from django.contrib.sessions.models import Session

from accounts.models import SessionStore


def delete_expired_sessions() -> None:
    """Delete the sessions that expired, and all those that Django's own engine stored before ours. Nothing reads the
    latter, but a former version of this program would open sessions by them that were ended since.
    """
    SessionStore.clear_expired()
    Session.objects.all().delete()

"""The deletion of old security events, the only one that PostgreSQL allows."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings

from accounts.models import SecurityEvent

logger = structlog.get_logger(__name__)

DELETED_AT_ONCE = 5_000


def delete_old_events(now: datetime) -> None:
    """Delete the events that are older than SECURITY_EVENT_DAYS, in slices, and log how many."""
    old = SecurityEvent.objects.filter(at__lt=now - timedelta(days=settings.SECURITY_EVENT_DAYS)).order_by("at")
    total = 0
    while keys := list(old.values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        total += SecurityEvent.objects.filter(pk__in=keys).delete()[0]
    if total:
        logger.info("security events deleted", number=total)

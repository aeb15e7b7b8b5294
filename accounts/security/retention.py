"""The deletion of old security events, the only one that PostgreSQL allows."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from accounts.models import SecurityEvent

logger = structlog.get_logger(__name__)

DELETED_AT_ONCE, DELETION_TIME_LIMIT = 5_000, timedelta(minutes=1)


def delete_old_events(now: datetime) -> None:
    """Delete the events that are older than SECURITY_EVENT_DAYS, in slices, and log how many. Stop when none is
    left, or after DELETION_TIME_LIMIT: the next run deletes the others.
    """
    old = SecurityEvent.objects.filter(at__lt=now - timedelta(days=settings.SECURITY_EVENT_DAYS)).order_by("at")
    deadline, total = timezone.now() + DELETION_TIME_LIMIT, 0
    while timezone.now() < deadline and (keys := list(old.values_list("pk", flat=True)[:DELETED_AT_ONCE])):
        total += SecurityEvent.objects.filter(pk__in=keys).delete()[0]
    if total:
        logger.info("security events deleted", number=total)

"""Health checks for load balancers and supervisors. They are public and reveal no version, host or error text."""

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from notifications import pulse
from notifications.queries import list_unannounced_events
from retention.guard import is_purge_stopped

logger = logging.getLogger(__name__)


@login_not_required
@require_safe
@never_cache
def report_alive(request: HttpRequest) -> JsonResponse:
    """Answer that the process runs. Nothing else is checked."""
    return JsonResponse({"alive": True})


@login_not_required
@require_safe
@never_cache
def report_health(request: HttpRequest) -> JsonResponse:
    """Answer 503 if something must be repaired. Meanwhile, declarations are accepted as long as PostgreSQL answers: do
    not take the site out of service for this answer (`report_alive`).

    `clock` is false if the clock or the worker of the mails stopped, `mails` if mails about cases do not leave,
    `events` if events older than five minutes were not announced, and `purge` if data whose time has come are not
    destroyed: the purge failed, has not run for a day, waits for the administrator, or paused because of a clock. No
    age and no number is published, since they would tell when somebody declared.
    """
    checks = {"database": is_database_up(), "broker": is_broker_up()}
    checks |= {
        "clock": checks["broker"] and pulse.is_clock_running(),
        "mails": checks["database"] and pulse.are_mails_leaving(timezone.now()),
        "events": checks["database"] and not list_unannounced_events(),
        "purge": checks["database"] and not is_purge_stopped(timezone.now()),
    }
    ready = all(checks.values())
    return JsonResponse({"alive": True, "ready": ready, **checks}, status=200 if ready else 503)


def is_database_up() -> bool:
    """Tell whether PostgreSQL answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("the database does not answer")
        return False
    return True


def is_broker_up() -> bool:
    """Tell whether the broker answers within two seconds."""
    try:
        with Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=2, socket_connect_timeout=2) as broker:
            return bool(broker.ping())
    except RedisError:
        logger.exception("the broker does not answer")
        return False

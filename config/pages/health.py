"""Health checks for load balancers and supervisors. They are public and reveal no version, host or error text."""

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from notifications.queries import list_unannounced_events

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
    """Answer 503 if PostgreSQL or the broker does not answer. Declarations are accepted without the broker.

    `events_left_behind` counts the events older than five minutes that were not announced. It reveals a worker that
    runs and yet receives no task.
    """
    checks = {"database": is_database_up(), "broker": is_broker_up()}
    ready = all(checks.values())
    left_behind = len(list_unannounced_events()) if checks["database"] else None
    answer = {"alive": True, "ready": ready, **checks, "events_left_behind": left_behind}
    return JsonResponse(answer, status=200 if ready else 503)


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

"""Events that were never announced. The check runs each minute and on the health page; its cost is bounded."""

from datetime import timedelta

import structlog
from django.utils import timezone

from incidents.enums import ActorKind, EventKind, Origin
from incidents.models import IncidentEvent, PendingEvent
from notifications.models import CONSUMER

logger = structlog.get_logger(__name__)

LATE_AFTER = timedelta(minutes=5)
LATEST_EVENTS = 1_000


def list_unannounced_events() -> set[int]:
    """Return the ids of the events that are older than five minutes and have not been announced.

    The pending rows are read, and also the latest events, in case a pending row was lost. Those of the purge, which
    nobody hears of, are left out, and then those of simulated cases.
    """
    limit = timezone.now() - LATE_AFTER
    waiting = PendingEvent.objects.filter(consumer=CONSUMER, event__at__lt=limit)
    heard = IncidentEvent.objects.exclude(kind=EventKind.ERASED, actor_kind=ActorKind.SYSTEM)
    latest = heard.order_by("-id").values("id")[:LATEST_EVENTS]
    unheard = IncidentEvent.objects.filter(id__in=latest, at__lt=limit, announcement=None)
    unheard = unheard.exclude(incident__origin=Origin.SIMULATION)
    return {*waiting.values_list("event", flat=True)[:LATEST_EVENTS], *unheard.values_list("id", flat=True)}


def report_unannounced_events() -> int:
    """Log an error if there are events without an announcement. Return their number."""
    silent = list_unannounced_events()
    if silent:
        logger.error("events without their announcement", count=len(silent), first=min(silent))
    return len(silent)

"""Recording of events. Only this module writes an event and queues it for the consumers."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from incidents.enums import ActorKind, EventKind
from incidents.models import Incident, IncidentEvent, PendingEvent

# A function that wakes the consumer of events with the given name. It may fail, because consumers also look for
# pending rows by themselves.
type WakeConsumer = Callable[[str], None]

_wakers: list[WakeConsumer] = []


def register_waker(wake: WakeConsumer) -> None:
    """Set the function that wakes the consumers of events. `config` calls this when it starts, because it knows the
    broker.
    """
    _wakers[:] = [wake]


def record_event(
    incident: Incident,
    kind: EventKind,
    *,
    at: datetime,
    actor: User | None,
    by: ActorKind | None = None,
    **data: Any,
) -> IncidentEvent:
    """Append an event to the history of `incident` and queue it for each consumer. Call it inside a transaction.

    `data` holds codes, ids and times only, never texts. `by` is required if `actor` is None.
    """
    event = IncidentEvent.objects.create(
        incident=incident, kind=kind, at=at, actor=actor, actor_kind=by or ActorKind.USER, data=data
    )
    PendingEvent.objects.bulk_create(
        PendingEvent(event=event, consumer=consumer) for consumer in settings.EVENT_CONSUMERS
    )
    transaction.on_commit(wake_consumers, robust=True)
    return event


def record_events_of_platform(
    incident_ids: Iterable[int], kind: EventKind, *, at: datetime, consumer: str, **data: Any
) -> None:
    """Append an event of the platform to the history of each of these cases, and queue it for this consumer alone.
    Call it inside a transaction.
    """
    events = IncidentEvent.objects.bulk_create(
        IncidentEvent(incident_id=pk, kind=kind, at=at, actor_kind=ActorKind.SYSTEM, data=data) for pk in incident_ids
    )
    PendingEvent.objects.bulk_create(PendingEvent(event=event, consumer=consumer) for event in events)


def wake_consumers() -> None:
    """Wake the consumers of events. Without this call, they look for pending rows from time to time only."""
    for wake in _wakers:
        for consumer in settings.EVENT_CONSUMERS:
            wake(consumer)

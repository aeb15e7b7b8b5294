"""One line of the queue: an incident in the words that a responder sorts by."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectivities.zones import PARIS, zone_of
from incidents.enums import Status
from incidents.models import Incident
from incidents.services.read import has_news
from incidents.triage import wording
from incidents.triage.refresh import is_late


@dataclass(frozen=True)
class Line:
    incident: Incident
    term: str
    services: str
    data: str
    received: str
    due: str
    waiting: timedelta
    late: timedelta | None
    awaited: str
    zone: str
    has_news: bool

    @property
    def is_free(self) -> bool:
        return self.incident.status == Status.DECLARED

    @property
    def is_closed(self) -> bool:
        return self.incident.status == Status.CLOSED

    @property
    def is_overseas(self) -> bool:
        return self.zone != PARIS

    @property
    def has_channel(self) -> bool:
        return bool(self.incident.csirt and self.incident.csirt.notification_email)


def lines_of(incidents: Iterable[Incident], now: datetime) -> list[Line]:
    """`incidents` come with their words, interruptions, leaks (`with_words`, prefetched) and `read_at`, my reading."""
    return [line_of(incident, zone_of(incident.collectivity), now) for incident in incidents]


def line_of(incident: Incident, zone: str, now: datetime) -> Line:
    return Line(
        incident=incident,
        term=wording.term(incident),
        services=wording.stopped(incident, list(incident.interruptions.all())),
        data=wording.data(incident, list(incident.leaks.all())),
        received=wording.short_moment(incident.received_at, now, zone),
        due=wording.short_moment(incident.due_at, now, zone),
        waiting=wording.waiting(incident, now),
        late=now - incident.due_at if is_late(incident, now) else None,
        awaited=wording.short_moment(incident.awaited_since, now, zone) if incident.awaited_since else "",
        zone=zone,
        has_news=has_news(incident, getattr(incident, "read_at", None)),
    )

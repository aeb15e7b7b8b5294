"""One line of the queue: an incident in the words that a responder sorts by."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.formats import number_format

from collectivities.models import Region
from collectivities.zones import PARIS, zone_in
from incidents.enums import DueFor, Nature, Severity, Status
from incidents.models import DataLeak, Incident, ServiceInterruption
from incidents.querysets import IncidentQuerySet
from incidents.services.read import has_news
from incidents.triage import wording
from incidents.triage.refresh import is_late


@dataclass(frozen=True)
class Line:
    incident: Incident
    body: str
    population: str
    term: str
    nature: str
    severity: str
    due_for: str
    received_at: str
    services: str
    data: str
    received: str
    due: str
    waiting: timedelta
    late: timedelta | None
    awaited: str
    # By when the declarant waits for an answer, where something else is due first.
    answer: str
    is_answer_late: bool
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


# All that a line shows: fifty rows of whole models would cost more than the rest of the page.
SHOWN = (
    *("burst", "reference", "status", "type", "nature", "severity", "verification", "received_at", "closing_reason"),
    *("due_at", "due_for", "is_taken", "awaited_since", "answer_by"),
    *("declarant_wrote_at", "service_stopped", "data_concerned", "is_to_call_back"),
    *("story__contact_phone", "story__contact_name", "csirt__notification_email"),
    *("collectivity__kind", "collectivity__name", "collectivity__population", "collectivity__departement__name"),
    *("assignee__display_name", "assignee__email"),
)


def with_lines(cases: IncidentQuerySet) -> IncidentQuerySet:
    """What `lines_of` reads of the cases themselves, and nothing else."""
    leaks = DataLeak.objects.filter(incident=OuterRef("pk")).order_by("pk")
    home = Coalesce(OuterRef("collectivity__region_correction"), OuterRef("collectivity__region"))
    shown: IncidentQuerySet = cases.select_related("story", "csirt", "collectivity__departement", "assignee")
    return shown.only(*SHOWN).annotate(
        leak_status=Subquery(leaks.values("status")[:1]),
        region_code=Subquery(Region.objects.filter(pk=home).values("code")[:1]),
    )


def lines_of(incidents: Iterable[Incident], now: datetime) -> list[Line]:
    """`incidents` come `with_lines`; of those with `read_at`, my last reading, it is told whether there is news. One
    query whatever their number.
    """
    rows: list[Any] = list(incidents)  # with what is annotated
    touched = read_touched_services(rows)
    return [line_of(row, touched.get(row.pk, []), zone_in(row.region_code), now) for row in rows]


def read_touched_services(incidents: list[Incident]) -> dict[int, list[tuple[str, bool]]]:
    """Return, by case, each service that it touched and whether it still does."""
    touched: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    rows = ServiceInterruption.objects.filter(incident__in=[row.pk for row in incidents]).order_by("pk")
    for incident, service, ended_at in rows.values_list("incident", "service", "ended_at"):
        touched[incident].append((service, ended_at is None))
    return touched


@lru_cache(maxsize=4096)
def format_population(number: int | None) -> str:
    """« 4 210 »; empty where it is not known. Grouping the thousands again for each row is dear."""
    return number_format(number, force_grouping=True) if number else ""


def is_awaited(incident: Incident) -> bool:
    """A question that stood when the case was closed waits for nobody."""
    return incident.awaited_since is not None and incident.status != Status.CLOSED


def answer_due(incident: Incident) -> datetime | None:
    """Return by when the declarant waits for an answer, unless the line says so by what is due, or in taking it."""
    if incident.status == Status.CLOSED or incident.due_for == DueFor.ANSWER:
        return None
    is_first_word = incident.status == Status.DECLARED and incident.declarant_wrote_at is None
    return None if is_first_word else incident.answer_by


def line_of(incident: Any, touched: list[tuple[str, bool]], zone: str, now: datetime) -> Line:
    stopped = [service for service, is_stopped in touched if is_stopped]
    answer_by = answer_due(incident)
    return Line(
        incident=incident,
        body=str(incident.collectivity),
        population=format_population(incident.collectivity.population),
        term=wording.term(incident),
        # Of the enumerations themselves: Django's get_…_display makes its dictionary anew for each row.
        nature=str(Nature(incident.nature).label),
        severity=str(Severity(incident.severity).label),
        due_for=str(DueFor(incident.due_for).label),
        received_at=incident.received_at.isoformat(),
        services=wording.still_stopped(incident, stopped, was_touched=bool(touched)),
        data=wording.of_data(incident, incident.leak_status),
        received=wording.short_moment(incident.received_at, now, zone),
        due=wording.short_moment(incident.due_at, now, zone),
        waiting=wording.waiting(incident, now),
        late=now - incident.due_at if is_late(incident, now) else None,
        awaited=wording.short_moment(incident.awaited_since, now, zone) if is_awaited(incident) else "",
        answer=wording.short_moment(answer_by, now, zone) if answer_by else "",
        is_answer_late=answer_by is not None and answer_by < now,
        zone=zone,
        has_news=has_news(incident, getattr(incident, "read_at", None)),
    )

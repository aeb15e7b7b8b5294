"""Cases in bulk, as raw rows with the pending events from which figures are counted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from collectivities.models import Collectivity, Region
from csirts.models import Csirt
from incidents.models import DataLeak, Incident, IncidentEvent, PendingEvent, ServiceInterruption

PARIS = ZoneInfo("Europe/Paris")
numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Case:
    body: Collectivity
    at: datetime
    verified: bool = True
    closing_reason: str = ""
    nature: str = "unqualified"
    type: str = "rancon"
    cause: str = ""
    hours: tuple[float | None, ...] = ()  # one interruption each; None: not ended
    services: tuple[str, ...] = ()  # one more interruption each, of two hours
    leaks: tuple[tuple[str, str], ...] = field(default=())  # (status, persons band)
    categories: tuple[str, ...] = ()  # of each leak
    csirt: Csirt | None = None


def paris_time(year: int, month: int, day: int, hour: int = 12) -> datetime:
    """Return the moment of this date and hour in Paris."""
    return datetime(year, month, day, hour, tzinfo=PARIS)


def bodies(region_code: str, number: int) -> list[Collectivity]:
    """Return bodies of the official list, in a fixed order."""
    region = Region.objects.get(code=region_code)
    matches = Collectivity.objects.filter(region=region, is_listed=True).with_territory().order_by("uid")[:number]
    assert len(matches) == number
    return list(matches)


def one_each(bodies: Iterable[Collectivity], at: datetime, **fields: Any) -> list[Case]:
    return [Case(body=body, at=at, **fields) for body in bodies]


def store(cases: Iterable[Case]) -> list[Incident]:
    cases = list(cases)
    incidents = Incident.objects.bulk_create(make_incident(case) for case in cases)
    pairs = list(zip(cases, incidents, strict=True))
    ServiceInterruption.objects.bulk_create(
        make_interruption(incident, hours, service)
        for case, incident in pairs
        for hours, service in (*((hours, "") for hours in case.hours), *((2, name) for name in case.services))
    )
    DataLeak.objects.bulk_create(
        DataLeak(incident=incident, status=status, persons_band=band, categories=list(case.categories))
        for case, incident in pairs
        for status, band in case.leaks
    )
    record_events(incidents)
    return incidents


def record_events(incidents: Iterable[Incident]) -> None:
    """Record an event of each case, pending for the figures."""
    events = IncidentEvent.objects.bulk_create(
        IncidentEvent(incident=incident, kind="verified", actor_kind="system") for incident in incidents
    )
    PendingEvent.objects.bulk_create(PendingEvent(event=event, consumer="stats") for event in events)


def change_cases(incidents: list[Incident], **values: Any) -> None:
    """Change raw rows as a service would, with an event of each case."""
    if values.get("status") == "closed":
        values |= {"due_for": "nothing", "due_at": values["closed_at"]}
    Incident.objects.filter(pk__in=[incident.pk for incident in incidents]).update(**values)
    record_events(incidents)


def make_incident(case: Case) -> Incident:
    number = next(numbers)
    closed = {"status": "closed", "closed_at": case.at, "closing_reason": case.closing_reason}
    return Incident(
        reference=f"T{number:07}",
        collectivity=case.body,
        region=case.body.home_region,
        csirt=case.csirt,
        route_reason="essai",
        origin="simulation",
        type=case.type,
        cause=case.cause,
        nature=case.nature,
        rsit_class="other",
        severity=2,
        severity_found=2,
        received_at=case.at,
        acknowledge_by=case.at + timedelta(hours=1),
        due_at=case.at + timedelta(hours=1),
        due_for="nothing" if case.closing_reason else "acknowledge",
        service_stopped="unknown",
        data_concerned="unknown",
        submission_key=f"stats-{number}",
        **({"verification": "call_back", "verified_at": case.at} if case.verified else {}),
        **(closed if case.closing_reason else {}),
    )


def make_interruption(incident: Incident, hours: float | None, service: str = "") -> ServiceInterruption:
    number = next(numbers)
    services = ("civil", "telephonie", "messagerie", "cantine", "paie", "finances", "social", "urbanisme", "eau")
    return ServiceInterruption(
        incident=incident,
        service=service or services[number % len(services)],
        extent="stopped",
        started_at=incident.received_at,
        ended_at=None if hours is None else incident.received_at + timedelta(hours=hours),
    )

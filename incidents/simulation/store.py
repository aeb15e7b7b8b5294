"""Writing invented cases in bulk: thousands a second, the same rows as a real declaration and its triage."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from collectivities.models import Collectivity
from csirts.models import Csirt
from incidents.declaration import Interruption, Leak
from incidents.due import ANSWER_WITHIN, next_due
from incidents.enums import (
    ActorKind,
    Answer,
    Certainty,
    ClosingReason,
    DocumentKind,
    EventKind,
    Origin,
    Status,
    Verification,
)
from incidents.models import DataLeak, Incident, IncidentEvent, PendingEvent, ServiceInterruption, Story
from incidents.reference import ALPHABET, LENGTH, with_check_character
from incidents.rsit import FIRST_CLASSIFICATION
from incidents.services.index import write_documents
from incidents.severity import ACKNOWLEDGE_WITHIN, Situation, assess
from incidents.simulation import priors
from incidents.simulation.draw import Case
from incidents.text import fold

BATCH = 2_000
# Only the figures hear of invented cases: nobody is told by mail of ten thousand of them.
CONSUMER = "stats"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a body's cases go, worked out once a body."""

    collectivity: Collectivity
    csirt: Csirt | None
    reason: str
    responder: User | None


@dataclass
class Rows:
    """All that one batch writes."""

    incidents: list[Incident] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    interruptions: list[ServiceInterruption] = field(default_factory=list)
    leaks: list[DataLeak] = field(default_factory=list)
    events: list[IncidentEvent] = field(default_factory=list)

    @transaction.atomic
    def save(self) -> None:
        Incident.objects.bulk_create(self.incidents)
        facts: tuple[Story | ServiceInterruption | DataLeak | IncidentEvent, ...]
        facts = (*self.stories, *self.interruptions, *self.leaks, *self.events)
        for row in facts:
            row.incident_id = row.incident.pk
        Story.objects.bulk_create(self.stories)
        ServiceInterruption.objects.bulk_create(self.interruptions)
        DataLeak.objects.bulk_create(self.leaks)
        IncidentEvent.objects.bulk_create(self.events)
        # One pending row a case is enough: the figures are recounted from the rows, not from the event.
        declared = (event for event in self.events if event.kind == EventKind.DECLARED)
        PendingEvent.objects.bulk_create(PendingEvent(event=event, consumer=CONSUMER) for event in declared)
        # The search too, in one statement: an invented case has no words but those of its declaration.
        write_documents([incident.pk for incident in self.incidents], DocumentKind.DECLARATION, again=True)


def store_cases(cases: Iterable[Case], homes: dict[int, Home], rng: random.Random, now: datetime) -> int:
    """Write the cases of which the body has a home; returns how many. `now` is aware."""
    written = 0
    for batch in batched(cases, BATCH):
        rows = Rows()
        for case in batch:
            add_case(rows, case, homes[case.body], rng, now)
        rows.save()
        written += len(rows.incidents)
    return written


def add_case(rows: Rows, case: Case, home: Home, rng: random.Random, now: datetime) -> None:
    incident = incident_of(case, home, rng)
    rows.incidents.append(incident)
    rows.stories.append(story_of(incident, case, rng))
    add_facts(rows, incident, case, now)
    rows.events.append(event_of(incident, EventKind.DECLARED, case.at, None, rng))
    if home.responder:
        add_triage(rows, incident, home.responder, rng, now)


def incident_of(case: Case, home: Home, rng: random.Random) -> Incident:
    rsit_class, rsit_type = FIRST_CLASSIFICATION[case.type]
    severity = assess(situation_of(case)).severity
    began = case.at - timedelta(hours=rng.expovariate(1 / 20))
    return Incident(
        reference=with_check_character("".join(rng.choices(ALPHABET, k=LENGTH - 1))),
        collectivity=home.collectivity,
        csirt=home.csirt,
        region=home.collectivity.home_region,
        route_reason=home.reason,
        origin=Origin.SIMULATION,
        type=case.type,
        rsit_class=rsit_class,
        rsit_type=rsit_type,
        severity=severity,
        severity_found=severity,
        received_at=case.at,
        detected_at=began,
        detected_certainty=Certainty.APPROXIMATE,
        acknowledge_by=case.at + ACKNOWLEDGE_WITHIN[severity],
        answer_by=case.at + ANSWER_WITHIN[severity],
        due_at=case.at + ACKNOWLEDGE_WITHIN[severity],
        service_stopped=Answer.YES if case.services else rng.choice((Answer.NO, Answer.NO, Answer.UNKNOWN)),
        data_concerned=Answer.YES if case.leak else rng.choice((Answer.NO, Answer.UNKNOWN)),
        supplier_key=fold(case.supplier),
        submission_key=f"{rng.getrandbits(256):064x}",
        submission_digest="",
    )


def situation_of(case: Case) -> Situation:
    return Situation(
        type=case.type,
        interruptions=[Interruption(service=service, extent=extent) for service, extent, _hours in case.services],
        leak=Leak(status=case.leak["status"], categories=tuple(case.leak["categories"])) if case.leak else None,
        on=case.at.date(),
    )


def story_of(incident: Incident, case: Case, rng: random.Random) -> Story:
    return Story(
        incident=incident,
        description=priors.STORIES.get(case.type, priors.OTHER_STORY),
        supplier=case.supplier,
        contact_name=rng.choice(priors.CALLERS),
        contact_role=rng.choice(priors.CALLER_ROLES),
        # The range 06 39 98 is kept by the regulator (Arcep) for works of fiction.
        contact_phone=f"06 39 98 {rng.randrange(100):02} {rng.randrange(100):02}",
        contact_email=f"mairie@{fold(incident.collectivity.name).replace(' ', '-')}.example",
    )


def add_facts(rows: Rows, incident: Incident, case: Case, now: datetime) -> None:
    started = incident.detected_at or incident.received_at
    for service, extent, hours in case.services:
        ended = started + timedelta(hours=hours) if hours is not None else None
        rows.interruptions.append(
            ServiceInterruption(
                incident=incident,
                service=service,
                extent=extent,
                started_at=started,
                ended_at=ended if ended and ended <= now else None,
            )
        )
    if case.leak:
        rows.leaks.append(DataLeak(incident=incident, **case.leak))


def add_triage(rows: Rows, incident: Incident, responder: User, rng: random.Random, now: datetime) -> None:
    """What the CSIRT did, as far as it would have come by now. The newest cases are still to be taken."""
    taken_at = incident.received_at + timedelta(hours=rng.expovariate(1 / 5) + 0.1)
    if taken_at > now or (now - incident.received_at < timedelta(days=3) and rng.random() < 0.5):
        return
    incident.status, incident.acknowledged_at, incident.acknowledged_by = Status.ACKNOWLEDGED, taken_at, responder
    incident.assignee, incident.worked_at = responder, taken_at
    incident.answer_by, incident.answered_at = None, taken_at  # on the telephone, as it was taken
    rows.events.append(event_of(incident, EventKind.ACKNOWLEDGED, taken_at, responder, rng))
    verified_at = taken_at + timedelta(hours=rng.expovariate(1 / 2))
    if verified_at <= now and rng.random() < 0.93:
        incident.verification, incident.verified_at = Verification.CALL_BACK, verified_at
        rows.events.append(event_of(incident, EventKind.VERIFIED, verified_at, responder, rng))
    closed_at = verified_at + timedelta(days=rng.lognormvariate(2.6, 0.9))
    if closed_at <= now:
        close(incident, closed_at, rng)
        rows.events.append(event_of(incident, EventKind.CLOSED, closed_at, responder, rng))
    incident.due_at, incident.due_for = next_due(incident, task_due=None)


def close(incident: Incident, at: datetime, rng: random.Random) -> None:
    reasons = (ClosingReason.RESOLVED, ClosingReason.NOT_AN_INCIDENT, ClosingReason.DUPLICATE)
    weights = (95, 3, 2) if incident.is_verified else (10, 70, 20)
    incident.status, incident.closed_at = Status.CLOSED, at
    incident.closing_reason = rng.choices(reasons, weights=weights)[0]


def event_of(
    incident: Incident, kind: EventKind, at: datetime, actor: User | None, rng: random.Random
) -> IncidentEvent:
    data: dict[str, str] = {}
    if kind == EventKind.DECLARED:
        data = {"origin": Origin.SIMULATION}
    elif kind == EventKind.CLOSED:
        data = {"reason": incident.closing_reason}
    return IncidentEvent(
        uid=UUID(int=rng.getrandbits(128), version=4),
        incident=incident,
        kind=kind,
        at=at,
        actor=actor,
        actor_kind=ActorKind.USER if actor else ActorKind.DECLARANT,
        data=data,
    )


def noon_today() -> datetime:
    """The end of the invented time: today at 12:00 UTC, so that one day and one seed give one set of cases."""
    now = timezone.now()
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return noon if noon <= now else noon - timedelta(days=1)

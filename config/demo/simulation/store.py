"""Storage of invented cases with COPY, in batches. The rows are the same as those of a real declaration and its
triage.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from collectivities.models import Collectivity
from config.demo.simulation import priors
from config.demo.simulation.draw import Case
from core.copying import copy_rows, reserve_keys
from core.text import fold_text
from csirts.models import Csirt
from incidents.catalogues.rsit import FIRST_CLASSIFICATION
from incidents.due import compute_first_deadlines, compute_next_due
from incidents.enums import (
    ActorKind,
    Answer,
    Certainty,
    ClosingReason,
    DocumentKind,
    EventKind,
    Nature,
    NoteKind,
    Origin,
    Status,
    Verification,
)
from incidents.facts.shapes import Interruption, make_leak
from incidents.models import DataLeak, Incident, IncidentEvent, PendingEvent, ServiceInterruption, Story
from incidents.reference import ALPHABET, REFERENCE_LENGTH, add_check_character
from incidents.services.search.index import write_documents
from incidents.severity import Situation, assess_situation

BATCH = 5_000
# Invented cases reach the figures only: nobody gets a mail about them.
CONSUMER = "stats"
# Multiplying by an odd number and folding the high half onto the low one, modulo 32**7, mixes the keys without giving
# one result to two keys.
MIXERS = (20_164_264_613, 12_345_678_907)
SYMBOLS = REFERENCE_LENGTH - 1


@dataclass(frozen=True, slots=True)
class RoutedBody:
    """A body with the CSIRT to which its cases are routed and a responder of this CSIRT. They are found once for all
    cases.
    """

    collectivity: Collectivity
    csirt: Csirt | None
    reason: str
    responder: User | None


@dataclass(frozen=True, slots=True)
class Simulation:
    """The parameters of a simulation. `now` is the present, as an aware moment.

    With `figures_only`, only rows from which figures are made have content: stories are empty rows, there are no
    search documents, and the history contains only the declaration. The row of the case shows its outcome as usual.
    """

    bodies: dict[int, RoutedBody]
    rng: random.Random
    now: datetime
    figures_only: bool = False


@dataclass
class Rows:
    """The rows of one batch of cases."""

    incidents: list[Incident] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    interruptions: list[ServiceInterruption] = field(default_factory=list)
    leaks: list[DataLeak] = field(default_factory=list)
    events: list[IncidentEvent] = field(default_factory=list)

    @transaction.atomic
    def save(self, *, with_documents: bool) -> None:
        """Copy the rows to the database in one transaction. `with_documents` tells whether search documents are
        written too.
        """
        for event, key in zip(self.events, reserve_keys(IncidentEvent, len(self.events)), strict=True):
            event.pk = key
        # One pending event a case is enough: the figures are counted from the rows and not from the event.
        declared = [event.pk for event in self.events if event.kind == EventKind.DECLARED]
        pending = [PendingEvent(event_id=key, consumer=CONSUMER) for key in declared]
        for rows in (self.incidents, self.stories, self.interruptions, self.leaks, self.events, pending):
            copy_rows(rows)
        if with_documents:
            # One statement is enough: an invented case has no text but that of its declaration.
            write_documents([incident.pk for incident in self.incidents], DocumentKind.DECLARATION, overwrite=True)


def store_cases(
    cases: Iterable[Case], simulation: Simulation, report_progress: Callable[[int], None] = lambda written: None
) -> int:
    """Store the cases and return their number. `report_progress` is called after each committed batch, with the number
    of cases stored so far.
    """
    count = 0
    for batch in batched(cases, BATCH):
        rows = Rows()
        for key, case in zip(reserve_keys(Incident, len(batch)), batch, strict=True):
            add_case(rows, key, case, simulation)
        rows.save(with_documents=not simulation.figures_only)
        count += len(batch)
        report_progress(count)
    return count


def add_case(rows: Rows, key: int, case: Case, simulation: Simulation) -> None:
    """Add the rows of a case to the batch. `key` is the primary key of the case."""
    routed_body = simulation.bodies[case.body]
    incident = make_incident(key, case, routed_body, simulation.rng)
    rows.incidents.append(incident)
    rows.stories.append(
        Story(incident_id=key) if simulation.figures_only else make_story(key, case, routed_body, simulation.rng)
    )
    add_facts(rows, incident, case, simulation.now)
    events = [(EventKind.DECLARED, case.at)]
    if routed_body.responder:
        events += triage_case(incident, case, routed_body.responder, simulation)
    for kind, at in events[:1] if simulation.figures_only else events:
        rows.events.append(make_event(incident, kind, at, routed_body.responder, simulation.rng))


def make_incident(key: int, case: Case, routed_body: RoutedBody, rng: random.Random) -> Incident:
    rsit_class, rsit_type = FIRST_CLASSIFICATION[case.type]
    severity = assess_situation(make_situation(case)).severity
    region = routed_body.collectivity.home_region
    began = None
    if rng.random() >= priors.DISCOVERY_NOT_KNOWN:
        began = case.at - draw_delay(rng, priors.HOURS_UNTIL_DECLARED)
    return Incident(
        pk=key,
        reference=make_invented_reference(key),
        collectivity_id=routed_body.collectivity.pk,
        csirt_id=routed_body.csirt.pk if routed_body.csirt else None,
        region_id=region.pk if region else None,
        route_reason=routed_body.reason,
        origin=Origin.SIMULATION,
        type=case.type,
        rsit_class=rsit_class,
        rsit_type=rsit_type,
        severity=severity,
        severity_found=severity,
        received_at=case.at,
        detected_at=began,
        detected_certainty=Certainty.APPROXIMATE if began else Certainty.UNKNOWN,
        service_stopped=Answer.YES if case.services else rng.choice((Answer.NO, Answer.NO, Answer.UNKNOWN)),
        data_concerned=Answer.YES if case.leak else rng.choice((Answer.NO, Answer.UNKNOWN)),
        supplier_key=fold_text(case.supplier),
        submission_key=f"{rng.getrandbits(128):032x}",
        submission_digest="",
        **compute_first_deadlines(severity, case.at),
    )


def make_invented_reference(key: int) -> str:
    """Return the reference of a case, derived from the key of its row. Random references would collide a thousand
    times among ten million.
    """
    number, modulus = key, len(ALPHABET) ** SYMBOLS
    for mixer in MIXERS:
        number = number * mixer % modulus
        number ^= number >> 17
    symbols = []
    for _ in range(SYMBOLS):
        number, at = divmod(number, len(ALPHABET))
        symbols.append(ALPHABET[at])
    return add_check_character("".join(symbols))


def draw_delay(rng: random.Random, prior: tuple[float, float]) -> timedelta:
    """Return a log-normal delay. `prior` is its median in hours and its spread."""
    median, spread = prior
    return timedelta(hours=median * rng.lognormvariate(0, spread))


def make_situation(case: Case) -> Situation:
    """Return the facts of the case from which its severity is assessed."""
    return Situation(
        type=case.type,
        interruptions=[Interruption(service=service, extent=extent) for service, extent, _hours in case.services],
        leak=make_leak(case.leak) if case.leak else None,
        on=case.at.date(),
    )


def make_story(key: int, case: Case, routed_body: RoutedBody, rng: random.Random) -> Story:
    """Return the row with what the caller wrote, and with the name and the addresses of the caller."""
    return Story(
        incident_id=key,
        description=priors.STORIES.get(case.type, priors.OTHER_STORY),
        supplier=case.supplier,
        contact_name=rng.choice(priors.CALLERS),
        contact_role=rng.choice(priors.CALLER_ROLES),
        # Arcep, the regulator, reserves the numbers 06 39 98 for works of fiction.
        contact_phone=f"06 39 98 {rng.randrange(100):02} {rng.randrange(100):02}",
        contact_email=f"mairie@{fold_text(routed_body.collectivity.name).replace(' ', '-')}.example",
    )


def add_facts(rows: Rows, incident: Incident, case: Case, now: datetime) -> None:
    """Add the rows of interrupted services and of the leak of the case to the batch."""
    started = incident.detected_at or incident.received_at
    for service, extent, hours in case.services:
        ended = started + timedelta(hours=hours) if hours is not None else None
        rows.interruptions.append(
            ServiceInterruption(
                incident_id=incident.pk,
                service=service,
                extent=extent,
                started_at=started,
                ended_at=ended if ended and ended <= now else None,
            )
        )
    if case.leak:
        rows.leaks.append(DataLeak(incident_id=incident.pk, **case.leak))


def triage_case(
    incident: Incident, case: Case, responder: User, simulation: Simulation
) -> list[tuple[EventKind, datetime]]:
    """Set on the case what its CSIRT has done until now. Return the kinds and the moments of the events. A recent case
    may still be unacknowledged, and then has no such event.
    """
    rng, now = simulation.rng, simulation.now
    taken_at = incident.received_at + draw_delay(rng, priors.HOURS_UNTIL_TAKEN)
    verified_at = taken_at + draw_delay(rng, priors.HOURS_UNTIL_VERIFIED)
    if case.verified:
        taken_at, verified_at = min(taken_at, now), min(verified_at, now)
    elif taken_at > now or (now - incident.received_at < timedelta(days=3) and rng.random() < 0.5):
        return []
    events = [(EventKind.ACKNOWLEDGED, taken_at), (EventKind.NOTED, taken_at)]
    incident.status, incident.acknowledged_at, incident.worked_at = Status.ACKNOWLEDGED, taken_at, taken_at
    incident.first_acknowledged_at = taken_at
    incident.acknowledged_by_id = incident.assignee_id = responder.pk
    incident.answer_by, incident.answered_at = None, taken_at  # by the call that the history shows
    is_verified = rng.random() < priors.VERIFIED_SHARE if case.verified is None else case.verified
    if verified_at <= now and is_verified:
        incident.verification, incident.verified_at = Verification.CALL_BACK, verified_at
        qualify_case(incident, case, rng)
        events.append((EventKind.VERIFIED, verified_at))
    closed_at = verified_at + 24 * draw_delay(rng, priors.DAYS_UNTIL_CLOSED)
    if closed_at <= now:
        close_invented_case(incident, case, closed_at, rng)
        events.append((EventKind.CLOSED, closed_at))
    incident.due_at, incident.due_for = compute_next_due(incident, task_due=None)
    return events


def qualify_case(incident: Incident, case: Case, rng: random.Random) -> None:
    """Set the nature and the cause that the call-back found. A few cases stay unqualified, and count as incidents
    meanwhile.
    """
    if case.verified or case.nature == Nature.REPORT or rng.random() >= priors.UNQUALIFIED:
        incident.nature, incident.cause = case.nature, case.cause


def close_invented_case(incident: Incident, case: Case, at: datetime, rng: random.Random) -> None:
    """Close the case at this moment, with a plausible reason."""
    reasons = (ClosingReason.RESOLVED, ClosingReason.NOT_AN_INCIDENT, ClosingReason.DUPLICATE)
    weights = (95, 3, 2) if incident.is_verified else (10, 70, 20)
    incident.status, incident.closed_at = Status.CLOSED, at
    incident.closing_reason = ClosingReason.RESOLVED if case.verified else rng.choices(reasons, weights=weights)[0]


def make_event(
    incident: Incident, kind: EventKind, at: datetime, responder: User | None, rng: random.Random
) -> IncidentEvent:
    """Return the row of one event of a case."""
    data: dict[str, str | bool] = {}
    if kind == EventKind.DECLARED:
        data, responder = {"origin": Origin.SIMULATION}, None
    elif kind == EventKind.NOTED:
        data = {"nature": NoteKind.CALL_OUT, "spoke": True}
    elif kind == EventKind.CLOSED:
        data = {"reason": incident.closing_reason}
    return IncidentEvent(
        uid=UUID(int=rng.getrandbits(128), version=4),
        incident_id=incident.pk,
        kind=kind,
        at=at,
        actor_id=responder.pk if responder else None,
        actor_kind=ActorKind.USER if responder else ActorKind.DECLARANT,
        data=data,
    )


def find_simulation_end() -> datetime:
    """Return the end of the simulated period, which is the last noon in UTC. One seed thus gives the same cases until
    the next noon.
    """
    now = timezone.now()
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return noon if noon <= now else noon - timedelta(days=1)

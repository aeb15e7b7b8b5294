"""Drawing invented cases, one after another, from one seeded random generator."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from config.demo.simulation import priors
from incidents.enums import Cause, IncidentType, InterruptionExtent, LeakStatus, Nature, PersonsBand, PublicService

type Services = tuple[tuple[PublicService, InterruptionExtent, float | None], ...]


@dataclass(frozen=True, slots=True)
class DrawnBody:
    """A body, with the facts by which its cases are drawn. `is_served` tells whether a CSIRT covers it and verifies
    its cases.
    """

    pk: int
    population: int | None
    kind: str = ""
    is_served: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """An invented case of the body with the id `body`. `nature` and `cause` are those that the CSIRT will find. If
    `verified` is None, chance decides whether the case is verified.
    """

    body: int
    type: IncidentType
    at: datetime
    supplier: str = ""
    services: Services = ()
    leak: dict[str, Any] | None = None
    nature: Nature = Nature.INCIDENT
    cause: str = ""
    verified: bool | None = None


class WeightedTable[T]:
    """A table of values and their weights, from which a value can be drawn quickly."""

    def __init__(self, table: dict[T, float]) -> None:
        self.values = list(table)
        self.cumulated = list(accumulate(table.values()))

    def draw(self, rng: random.Random) -> T:
        """Return a random value, with a probability in proportion to its weight."""
        return rng.choices(self.values, cum_weights=self.cumulated)[0]


TYPES, REPORT_TYPES = WeightedTable(priors.TYPES), WeightedTable(priors.REPORT_TYPES)
SERVICES, CATEGORIES, CAUSES = (
    WeightedTable(priors.SERVICES),
    WeightedTable(priors.CATEGORIES),
    WeightedTable(priors.CAUSES),
)


def draw_cases(
    rng: random.Random,
    bodies: list[DrawnBody],
    *,
    count: int,
    since: datetime,
    until: datetime,
    reports: float = priors.REPORTS,
) -> Iterator[Case]:
    """Yield `count` cases between the aware moments `since` and `until`. Some cases come together, from one attack on
    several bodies. `reports` is the share of reports (signalements).
    """
    chances = make_weights(bodies)
    done = 0
    while done < count:
        at = draw_moment(rng, since, until)
        if rng.random() < reports:
            yield draw_report(rng, chances.draw(rng).pk, at)
            done += 1
            continue
        size = min(rng.randint(*priors.BURST_SIZES), count - done) if rng.random() < priors.BURST_CHANCE else 1
        yield from draw_attack(rng, chances, size=size, at=at, until=until)
        done += size


def draw_campaign(rng: random.Random, bodies: list[DrawnBody], *, size: int, until: datetime) -> Iterator[Case]:
    """Yield the cases of `size` bodies that share a supplier, which was attacked the day before `until`."""
    chances = make_weights(bodies)
    at = until - timedelta(hours=20)
    supplier = rng.choice(priors.SUPPLIERS)
    for case in draw_attack(rng, chances, size=size, at=at, until=until):
        yield replace(case, type=IncidentType.SUPPLIER, supplier=supplier, cause=Cause.SUPPLIER)


def make_weights(bodies: list[DrawnBody]) -> WeightedTable[DrawnBody]:
    """Return the table from which bodies are drawn. Larger bodies declare more often, but far less than in proportion
    to their population.
    """
    return WeightedTable({body: ((body.population or 0) + 200) ** 0.6 for body in bodies})


def draw_report(rng: random.Random, body: int, at: datetime) -> Case:
    """Return a report (signalement): a danger that has had no effect yet. `body` is an id."""
    return Case(body, REPORT_TYPES.draw(rng), at, nature=Nature.REPORT)


def draw_attack(
    rng: random.Random, chances: WeightedTable[DrawnBody], *, size: int, at: datetime, until: datetime
) -> Iterator[Case]:
    """Yield the cases of one attack or breakdown, which touches `size` bodies."""
    if size == 1:
        kind = TYPES.draw(rng)
        supplier = rng.choice(priors.SUPPLIERS) if rng.random() < 0.08 else ""
    else:
        kind = rng.choice((IncidentType.DDOS, IncidentType.SUPPLIER))
        supplier = rng.choice(priors.SUPPLIERS) if kind == IncidentType.SUPPLIER else ""
    for _ in range(size):
        when = min(at + timedelta(hours=rng.expovariate(1 / 6) if size > 1 else 0), until)
        services, leak, cause = draw_services(rng, kind), draw_leak(rng, kind), draw_cause(rng, kind)
        yield Case(chances.draw(rng).pk, kind, when, supplier, services, leak, cause=cause)


def draw_cause(rng: random.Random, kind: IncidentType) -> str:
    """Return the cause of an incident, or "" while the cause is unknown."""
    if cause := priors.CAUSE_OF_TYPE.get(kind):
        return cause
    if rng.random() >= priors.CAUSE_NOT_KNOWN:
        return CAUSES.draw(rng)
    return Cause.NOT_FOUND if rng.random() < priors.CAUSE_NEVER_FOUND else ""


def draw_moment(rng: random.Random, since: datetime, until: datetime) -> datetime:
    """Return a moment in UTC, more often on working days and in office hours."""
    while True:
        day = until - rng.random() * (until - since)
        if rng.random() * max(priors.WEEKDAYS) < priors.WEEKDAYS[day.weekday()]:
            break
    hour = min(23.9, max(0.0, rng.gauss(10, 3)))
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)
    return max(since, min(moment, until))


def draw_services(rng: random.Random, kind: IncidentType) -> Services:
    """Return the services that an incident interrupts, with their extent and the hours until they work again. The
    hours are None for a service that does not work yet.
    """
    if rng.random() >= priors.INTERRUPTS.get(kind, 0.08):
        return ()
    if kind in {IncidentType.DDOS, IncidentType.DEFACEMENT}:
        chosen = {PublicService.WEBSITE}
    else:
        chosen = {SERVICES.draw(rng) for _ in range(rng.choice((1, 1, 2, 3, 5)))}
    median = priors.MEDIAN_HOURS.get(kind, 24)
    return tuple(
        (
            service,
            rng.choice((InterruptionExtent.STOPPED, InterruptionExtent.STOPPED, InterruptionExtent.DEGRADED)),
            None if rng.random() < 0.03 else round(median * rng.lognormvariate(0, 0.9), 2),
        )
        for service in sorted(chosen)
    )


def draw_leak(rng: random.Random, kind: IncidentType) -> dict[str, Any] | None:
    """Return the fields of the leak of an incident, or None if no data leaked."""
    if rng.random() >= priors.LEAKS.get(kind, 0.02):
        return None
    persons = int(rng.lognormvariate(5, 2)) if rng.random() < 0.6 else None
    status = rng.choices(list(LeakStatus), weights=(20, 25, 25, 30))[0]
    return {
        "status": status,
        "categories": sorted({CATEGORIES.draw(rng) for _ in range(rng.randint(1, 3))}),
        "persons": persons,
        "persons_band": choose_persons_band(persons),
    }


def choose_persons_band(persons: int | None) -> PersonsBand:
    """Return the band of the CNIL that contains this number of persons, or UNKNOWN if `persons` is None."""
    if persons is None:
        return PersonsBand.UNKNOWN
    limits = ((5, PersonsBand.UP_TO_5), (50, PersonsBand.UP_TO_50), (300, PersonsBand.UP_TO_300))
    for limit, band in (*limits, (5_000, PersonsBand.UP_TO_5000)):
        if persons <= limit:
            return band
    return PersonsBand.OVER_5000

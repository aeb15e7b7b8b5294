"""One invented case after another, all from one seeded source of chance."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from incidents.enums import Cause, IncidentType, InterruptionExtent, LeakStatus, Nature, PersonsBand, PublicService
from incidents.simulation import priors

type Services = tuple[tuple[PublicService, InterruptionExtent, float | None], ...]


@dataclass(frozen=True, slots=True)
class Body:
    """What the draw needs to know of a collectivité. `is_served`: a CSIRT answers for it, and verifies."""

    pk: int
    population: int | None
    kind: str = ""
    is_served: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """`nature` and `cause`: what the CSIRT will find. `verified`: whether it verifies; None: as chance has it."""

    body: int
    type: IncidentType
    at: datetime
    supplier: str = ""
    services: Services = ()
    leak: dict[str, Any] | None = None
    nature: Nature = Nature.INCIDENT
    cause: str = ""
    verified: bool | None = None


class Weighted[T]:
    """Draws from a table of weights, quickly."""

    def __init__(self, table: dict[T, float]) -> None:
        self.values = list(table)
        self.cumulated = list(accumulate(table.values()))

    def draw(self, rng: random.Random) -> T:
        return rng.choices(self.values, cum_weights=self.cumulated)[0]


TYPES, REPORT_TYPES = Weighted(priors.TYPES), Weighted(priors.REPORT_TYPES)
SERVICES, CATEGORIES, CAUSES = Weighted(priors.SERVICES), Weighted(priors.CATEGORIES), Weighted(priors.CAUSES)


def draw_cases(
    rng: random.Random,
    bodies: list[Body],
    *,
    count: int,
    since: datetime,
    until: datetime,
    reports: float = priors.REPORTS,
) -> Iterator[Case]:
    """`count` cases between two aware moments, bursts included; `reports`: the share of signalements."""
    chances = chances_of(bodies)
    drawn = 0
    while drawn < count:
        at = draw_moment(rng, since, until)
        if rng.random() < reports:
            yield draw_report(rng, chances.draw(rng).pk, at)
            drawn += 1
            continue
        size = min(rng.randint(*priors.BURST_SIZES), count - drawn) if rng.random() < priors.BURST_CHANCE else 1
        yield from draw_struck(rng, chances, size=size, at=at, until=until)
        drawn += size


def draw_campaign(rng: random.Random, bodies: list[Body], *, size: int, until: datetime) -> Iterator[Case]:
    """One supplier attacked the day before `until`, and the bodies that it serves."""
    chances = chances_of(bodies)
    at = until - timedelta(hours=20)
    supplier = rng.choice(priors.SUPPLIERS)
    for case in draw_struck(rng, chances, size=size, at=at, until=until):
        yield replace(case, type=IncidentType.SUPPLIER, supplier=supplier, cause=Cause.SUPPLIER)


def chances_of(bodies: list[Body]) -> Weighted[Body]:
    """Bigger bodies declare more often, far less than in proportion to their people."""
    return Weighted({body: ((body.population or 0) + 200) ** 0.6 for body in bodies})


def draw_report(rng: random.Random, body: int, at: datetime) -> Case:
    """A signalement: something that looks dangerous, and did nothing yet."""
    return Case(body, REPORT_TYPES.draw(rng), at, nature=Nature.REPORT)


def draw_struck(
    rng: random.Random, chances: Weighted[Body], *, size: int, at: datetime, until: datetime
) -> Iterator[Case]:
    """One attacker or one breakdown and the bodies that it strikes: usually one."""
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
    """How it came about; empty where nobody knows yet."""
    if cause := priors.CAUSE_OF_TYPE.get(kind):
        return cause
    if rng.random() >= priors.CAUSE_NOT_KNOWN:
        return CAUSES.draw(rng)
    return Cause.NOT_FOUND if rng.random() < priors.CAUSE_NEVER_FOUND else ""


def draw_moment(rng: random.Random, since: datetime, until: datetime) -> datetime:
    """A moment with the rhythm of the week and of office hours, UTC."""
    while True:
        day = until - rng.random() * (until - since)
        if rng.random() * max(priors.WEEKDAYS) < priors.WEEKDAYS[day.weekday()]:
            break
    hour = min(23.9, max(0.0, rng.gauss(10, 3)))
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)
    return max(since, min(moment, until))


def draw_services(rng: random.Random, kind: IncidentType) -> Services:
    """Services touched, with the hours until each is back (None: it has not come back yet)."""
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
    if rng.random() >= priors.LEAKS.get(kind, 0.02):
        return None
    persons = int(rng.lognormvariate(5, 2)) if rng.random() < 0.6 else None
    status = rng.choices(list(LeakStatus), weights=(20, 25, 25, 30))[0]
    return {
        "status": status,
        "categories": sorted({CATEGORIES.draw(rng) for _ in range(rng.randint(1, 3))}),
        "persons": persons,
        "persons_band": band_of(persons),
    }


def band_of(persons: int | None) -> PersonsBand:
    """The CNIL's band of a number of persons."""
    if persons is None:
        return PersonsBand.UNKNOWN
    limits = ((5, PersonsBand.UP_TO_5), (50, PersonsBand.UP_TO_50), (300, PersonsBand.UP_TO_300))
    for limit, band in (*limits, (5_000, PersonsBand.UP_TO_5000)):
        if persons <= limit:
            return band
    return PersonsBand.OVER_5000

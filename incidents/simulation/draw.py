"""One invented case after another, all from one seeded source of chance."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from incidents.enums import IncidentType, InterruptionExtent, LeakStatus, PersonsBand, PublicService
from incidents.simulation import priors


@dataclass(frozen=True, slots=True)
class Body:
    """What the draw needs to know of a collectivité."""

    pk: int
    population: int


@dataclass(frozen=True, slots=True)
class Case:
    body: int
    type: IncidentType
    at: datetime
    supplier: str
    services: tuple[tuple[PublicService, InterruptionExtent, float | None], ...]
    leak: dict[str, Any] | None


class Weighted[T]:
    """Draws from a table of weights, quickly."""

    def __init__(self, table: dict[T, float]) -> None:
        self.values = list(table)
        self.cumulated = list(accumulate(table.values()))

    def draw(self, rng: random.Random) -> T:
        return rng.choices(self.values, cum_weights=self.cumulated)[0]


TYPES, SERVICES, CATEGORIES = Weighted(priors.TYPES), Weighted(priors.SERVICES), Weighted(priors.CATEGORIES)


def draw_cases(rng: random.Random, bodies: list[Body], *, count: int, months: int, until: datetime) -> Iterator[Case]:
    """`count` cases over the `months` (of 30.44 days) before `until`, bursts included."""
    chances = chances_of(bodies)
    drawn = 0
    while drawn < count:
        is_burst = rng.random() < priors.BURST_CHANCE
        size = min(rng.randint(*priors.BURST_SIZES), count - drawn) if is_burst else 1
        yield from draw_cause(rng, chances, size=size, at=draw_moment(rng, months, until), until=until)
        drawn += size


def draw_campaign(rng: random.Random, bodies: list[Body], *, size: int, until: datetime) -> Iterator[Case]:
    """One supplier attacked the day before `until`, and the bodies that it serves."""
    chances = chances_of(bodies)
    at = until - timedelta(hours=20)
    supplier = rng.choice(priors.SUPPLIERS)
    for case in draw_cause(rng, chances, size=size, at=at, until=until):
        yield replace(case, type=IncidentType.SUPPLIER, supplier=supplier)


def chances_of(bodies: list[Body]) -> Weighted[Body]:
    """Bigger bodies declare more often, far less than in proportion to their people."""
    return Weighted({body: (body.population + 200) ** 0.6 for body in bodies})


def draw_cause(
    rng: random.Random, chances: Weighted[Body], *, size: int, at: datetime, until: datetime
) -> Iterator[Case]:
    """One cause and the bodies that it strikes: usually one."""
    if size == 1:
        kind = TYPES.draw(rng)
        supplier = rng.choice(priors.SUPPLIERS) if rng.random() < 0.08 else ""
    else:
        kind = rng.choice((IncidentType.DDOS, IncidentType.SUPPLIER))
        supplier = rng.choice(priors.SUPPLIERS) if kind == IncidentType.SUPPLIER else ""
    for _ in range(size):
        when = min(at + timedelta(hours=rng.expovariate(1 / 6) if size > 1 else 0), until)
        yield Case(chances.draw(rng).pk, kind, when, supplier, draw_services(rng, kind), draw_leak(rng, kind))


def draw_moment(rng: random.Random, months: int, until: datetime) -> datetime:
    """A moment with the rhythm of the week and of office hours, UTC."""
    while True:
        day = until - timedelta(days=rng.random() * months * 30.44)
        if rng.random() * max(priors.WEEKDAYS) < priors.WEEKDAYS[day.weekday()]:
            break
    hour = min(23.9, max(0.0, rng.gauss(10, 3)))
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)
    return min(moment, until)


def draw_services(
    rng: random.Random, kind: IncidentType
) -> tuple[tuple[PublicService, InterruptionExtent, float | None], ...]:
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

"""Invented cases of a whole country, for a given number of cases a year or a given share of bodies with an
incident.
"""

import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from collectivities.enums import GROUPINGS, TERRITORIAL, Kind
from config.demo.simulation import priors
from config.demo.simulation.draw import (
    TYPES,
    Case,
    DrawnBody,
    draw_cases,
    draw_leak,
    draw_moment,
    draw_report,
    draw_services,
)
from incidents.enums import LeakStatus, Nature, PersonsBand

# The limits of the population strata whose rates are published (by `stats`, which this app does not import).
POPULATION_LIMITS = (500, 2_000, 10_000)
# The share of the bodies without a counted incident that get a case which must not count.
UNCOUNTED_SHARE = 0.05
# The share of the bodies with a counted incident that get a second case, which must not count, in the same year.
REPEATED_SHARE = 0.1
UNFOUNDED: dict[str, Any] = {
    "status": LeakStatus.UNFOUNDED,
    "categories": [],
    "persons": None,
    "persons_band": PersonsBand.UNKNOWN,
}


class TooFewBodies(Exception):
    """A group has too few bodies with a CSIRT for the number of bodies that must have an incident."""


def draw_cases_of_years(rng: random.Random, bodies: list[DrawnBody], *, per_year: int, years: range) -> Iterator[Case]:
    """Yield `per_year` cases in each of these years (UTC). The share of reports (signalements) is that of 2024."""
    for year in years:
        since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, 23, 59, tzinfo=UTC)
        share = priors.REPORTS_OF_2024
        yield from draw_cases(rng, bodies, count=per_year, since=since, until=until, reports=share)


def draw_cases_at_rate(rng: random.Random, bodies: list[DrawnBody], *, percent: float, year: int) -> Iterator[Case]:
    """Yield cases of one year. In each group, `percent` of the bodies have an incident that counts: it is verified,
    and touched a service or data.

    Each date is far enough inside the year to be in this year in every time zone. Raises TooFewBodies if a group has
    too few bodies with a CSIRT for that rate.
    """
    since, until = datetime(year, 1, 3, tzinfo=UTC), datetime(year, 12, 29, tzinfo=UTC)
    for group in group_bodies(bodies):
        served, number = [body for body in group if body.is_served], round(len(group) * percent / 100)
        if number > len(served):
            raise TooFewBodies
        hit = set(rng.sample(served, number))
        for body in group:
            if body in hit:
                yield draw_counted_case(rng, body.pk, draw_moment(rng, since, until))
            if rng.random() < (REPEATED_SHARE if body in hit else UNCOUNTED_SHARE):
                yield draw_uncounted_case(rng, body.pk, draw_moment(rng, since, until))


def group_bodies(bodies: list[DrawnBody]) -> list[list[DrawnBody]]:
    """Group the communes by population, and the other bodies by nature. Bodies of strata without a published rate are
    left out.
    """
    groups: dict[int, list[DrawnBody]] = defaultdict(list)
    for body in bodies:
        if body.kind in GROUPINGS:
            groups[-1].append(body)
        elif body.kind in TERRITORIAL:
            groups[-2].append(body)
        elif body.kind == Kind.COMMUNE and body.population is not None:
            groups[bisect(POPULATION_LIMITS, body.population)].append(body)
    return [groups[key] for key in sorted(groups)]


def draw_counted_case(rng: random.Random, body: int, at: datetime) -> Case:
    """Return a case that the figures count: a verified incident that touched a service, or in which data leaked or may
    have leaked. `body` is an id.
    """
    while True:
        kind = TYPES.draw(rng)
        services, leak = draw_services(rng, kind), draw_leak(rng, kind)
        if services or (leak and leak["status"] != LeakStatus.UNFOUNDED):
            return Case(body, kind, at, services=services, leak=leak, verified=True)


def draw_uncounted_case(rng: random.Random, body: int, at: datetime) -> Case:
    """Return a case that the figures must not count: an unverified case, a report (signalement), or an incident that
    touched neither a service nor data. `body` is an id.
    """
    case = draw_counted_case(rng, body, at)
    match rng.randrange(4):
        case 0:
            return replace(case, verified=False)
        case 1:
            return replace(case, nature=Nature.REPORT)
        case 2:
            return replace(case, services=(), leak=UNFOUNDED)
        case _:
            return draw_report(rng, body, at + timedelta(hours=1))

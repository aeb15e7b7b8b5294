"""How long, exactly: the middle and nine in ten, of the cases of one scope and year, from their own clock.

They are no sums, so they are computed from the rows, and only while a scope's year has few cases (`AT_MOST`): the page
then costs the same whatever the table holds. Where there are more, the bands say as much.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from incidents.models import ServiceInterruption
from stats.counting.facts import IS_INCIDENT
from stats.enums import Measure
from stats.models import CaseFact

# Incidents of one scope and year: more than France declares in one.
AT_MOST = 1000

type Ends = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class Halves:
    """Of `number` known ones: half took no longer than `half`, nine in ten no longer than `nine_in_ten`."""

    number: int
    half: timedelta
    nine_in_ten: timedelta


def compute_halves(limit: Q, year: int) -> dict[str, Halves]:
    """By measure, of the incidents counted in that year; a measure of which nothing is known is left out.

    `limit`: on facts. Two queries; the caller has seen that there are few.
    """
    facts = CaseFact.objects.filter(IS_INCIDENT, limit, month__range=(date(year, 1, 1), date(year, 12, 31)))
    rows = facts.values_list(*(f"incident__{name}_at" for name in ("detected", "received", "acknowledged", "closed")))
    moments = list(rows)
    stops = ServiceInterruption.objects.filter(incident__in=facts.values("pk")).values_list("started_at", "ended_at")
    lasted = {
        Measure.DISCOVERY: halves((detected, received) for detected, received, _taken, _closed in moments),
        Measure.HELP: halves((received, taken) for _detected, received, taken, _closed in moments),
        Measure.CLOSING: halves((received, closed) for _detected, received, _taken, closed in moments),
        Measure.INTERRUPTIONS: halves(stops),
    }
    return {measure: found for measure, found in lasted.items() if found}


def halves(ends: Iterable[Ends]) -> Halves | None:
    """Of those whose two ends are known and in their order."""
    lasted = sorted(until - since for since, until in ends if since and until and since <= until)
    return Halves(len(lasted), quantile(lasted, 0.5), quantile(lasted, 0.9)) if lasted else None


def quantile(lasted: list[timedelta], share: float) -> timedelta:
    """Between the two that stand next to it, as PostgreSQL's percentile_cont."""
    place = share * (len(lasted) - 1)
    below = int(place)
    above = min(below + 1, len(lasted) - 1)
    return lasted[below] + (lasted[above] - lasted[below]) * (place - below)

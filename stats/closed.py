"""What is counted in the closed periods, read at one instant and taken year by year.

Columns of thirty bytes a case hold all years; only the year at hand is spelled out, at some two kilobytes a case.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from sys import intern
from typing import Any, NamedTuple

from stats.enums import ALL_BANDS, Measure
from stats.facts import bands_by_measure, is_hit, is_incident
from stats.models import CaseFact
from stats.partition import Unit
from stats.strata import heirs_of_merged, listed_strata

BATCH = 2000
SAID = (
    *("type", "nature", "cause", "discovery_delay", "help_delay", "closing_delay"),
    *("interruption_hours", "interruption_services", "leak_statuses", "leak_persons", "leak_categories"),
)

# measure → units, in one fixed order
type Units = dict[Measure, list[Unit]]


class Brings(NamedTuple):
    """What a case brings, wherever and whoever it is: few of the many cases differ in that."""

    units: list[tuple[Measure, str, int]]
    is_incident: bool
    is_hit: bool


class Columns:
    """The cases of one year, an entry each. Region 0: not known."""

    def __init__(self) -> None:
        self.facts, self.bodies, self.regions = array("q"), array("q"), array("q")
        self.months, self.brings = array("b"), array("l")

    def add(self, fact: int, body: int, region: int | None, month: int, brings: int) -> None:
        self.facts.append(fact)
        self.bodies.append(body)
        self.regions.append(region or 0)
        self.months.append(month)
        self.brings.append(brings)


class ClosedYears:
    """The verified cases of the periods closed by `until`: what one statement reads is of one instant."""

    def __init__(self, until: date) -> None:
        self.columns: dict[int, Columns] = defaultdict(Columns)
        self.brings: list[Brings] = []
        self.strata = listed_strata()
        self.heirs = heirs_of_merged()
        numbers: dict[tuple[Any, ...], int] = {}
        rows = CaseFact.objects.filter(is_counted=True, is_verified=True, quarter__lte=until).order_by("pk")
        for fact, body, region, month, *said in rows.values_list(
            "pk", "collectivity_id", "region_id", "month", *SAID
        ).iterator(BATCH):
            key = tuple(tuple(one) if isinstance(one, list) else one for one in said)
            if key not in numbers:
                numbers[key] = len(numbers)
                self.brings.append(brought_by(dict(zip(SAID, said, strict=True))))
            self.columns[month.year].add(fact, body, region, month.month, numbers[key])

    @property
    def years(self) -> set[int]:
        return set(self.columns)

    def facts(self, year: int) -> Iterable[int]:
        return self.columns[year].facts if year in self.columns else ()

    def units(self, year: int) -> Units:
        units: Units = defaultdict(list)
        columns = self.columns.get(year, Columns())
        # Of each body with an incident, and with one that had an effect, the region of the first.
        bodies: dict[int, int] = {}
        hit: dict[int, int] = {}
        for fact, body, region, number, brought in zip(
            columns.facts, columns.bodies, columns.regions, columns.months, columns.brings, strict=True
        ):
            month, brings, heir = same_day(year, number), self.brings[brought], self.heirs.get(body)
            for measure, band, many in brings.units:
                units[measure].append(Unit(fact, body, region or None, month, band, many, heir))
            if brings.is_incident and body in self.strata:
                bodies.setdefault(body, region)
            if brings.is_hit and body in self.strata:
                hit.setdefault(body, region)
        units[Measure.BODIES], units[Measure.STRATA] = self.units_of_bodies(bodies, year)
        units[Measure.BODIES_HIT], units[Measure.STRATA_HIT] = self.units_of_bodies(hit, year)
        return units

    def units_of_bodies(self, regions: Mapping[int, int], year: int) -> tuple[list[Unit], list[Unit]]:
        """One unit a body, whatever the number of its cases: by region alone, and by stratum."""
        first = same_day(year, 1)
        alone = [
            Unit(None, body, region or None, first, ALL_BANDS, 1, self.heirs.get(body))
            for body, region in regions.items()
        ]
        return alone, [replace(unit, band=self.strata[unit.body]) for unit in alone]


def brought_by(said: dict[str, Any]) -> Brings:
    """Bands are the same few objects in all units: there are ten times as many units as cases."""
    fact = CaseFact(is_counted=True, is_verified=True, **said)
    units = [
        (Measure(measure), intern(band), number)
        for measure, bands in bands_by_measure(fact).items()
        for band, number in sorted(bands.items())
    ]
    if is_incident(fact):
        units.append((Measure.QUARTERS, ALL_BANDS, 1))
    return Brings(units, is_incident(fact), is_hit(fact))


@cache
def same_day(year: int, month: int) -> date:
    return date(year, month, 1)

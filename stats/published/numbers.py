"""Published numbers, and what a reader may say of one place, period and band: a figure, zero, grouped, or not yet."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

SEVERAL = 0  # the region of a number that puts several together
ANY_PERSONS = "*"  # in the place of the first part of a leak's band: « */confirmed »


class Number(NamedTuple):
    """One block, as published; or several of the same scope, added. `since`: the release in which it came first."""

    measure: str
    region: int
    starts_on: date
    ends_on: date
    band: str
    value: int
    since: int = 0


class State(StrEnum):
    SHOWN = "shown"
    ZERO = "zero"  # no published number covers it
    WITHHELD = "withheld"  # counted in a wider number
    WAITING = "waiting"  # the year is not over: it may still come
    ABSENT = "absent"  # that table is not published: nobody knows that it is zero
    NOBODY = "nobody"  # of a rate: no body exists there


class Fit(StrEnum):
    INSIDE = "inside"
    WIDER = "wider"
    APART = "apart"


@dataclass(frozen=True)
class Cell:
    """`value` is None unless the cell is shown or zero."""

    value: int | None
    state: State

    @property
    def is_withheld(self) -> bool:
        return self.state is State.WITHHELD


class Period(NamedTuple):
    """Both days included. `label` for a row, `short` for an axis."""

    starts_on: date
    ends_on: date
    label: str = ""
    short: str = ""

    def holds(self, number: Number) -> bool:
        return self.starts_on <= number.starts_on and number.ends_on <= self.ends_on

    def meets(self, number: Number) -> bool:
        return number.starts_on <= self.ends_on and self.starts_on <= number.ends_on


@dataclass(frozen=True)
class Place:
    """What is asked about. `region` None: the nation. `is_over`: nothing more of it can come."""

    region: int | None
    period: Period
    is_over: bool


def summed(numbers: Iterable[Number]) -> int | None:
    """None where there is nothing to add."""
    values = [number.value for number in numbers]
    return sum(values) if values else None


def within(numbers: Iterable[Number], period: Period) -> list[Number]:
    return [number for number in numbers if period.holds(number)]


def of_region(numbers: Iterable[Number], region: int | None) -> list[Number]:
    """Those of one region; all of them for the nation (None)."""
    return [number for number in numbers if region is None or number.region == region]


def added(numbers: Iterable[Number], *, by_region: bool = False, by_band: bool = True) -> list[Number]:
    """The same numbers, added over regions, over bands or over both: fewer of them for what needs no finer ones."""
    sums: Counter[tuple[str, int, date, date, str, int]] = Counter()
    for number in numbers:
        region, band = (number.region if by_region else SEVERAL), (number.band if by_band else "")
        sums[number.measure, region, number.starts_on, number.ends_on, band, number.since] += number.value
    return [Number(*scope[:5], value, scope[5]) for scope, value in sums.items()]


def fit(asked: str, band: str) -> Fit:
    """Where a number's band stands to the one that is asked for."""
    persons, _, status = asked.partition("/")
    if persons == ANY_PERSONS:
        parts = band.split("/")
        if len(parts) < 2:
            return Fit.WIDER
        return Fit.INSIDE if parts[1] == status else Fit.APART
    if asked in ("", band) or band.startswith(f"{asked}/"):
        return Fit.INSIDE
    return Fit.WIDER if band == "" or asked.startswith(f"{band}/") else Fit.APART


def cell(numbers: Iterable[Number], place: Place, band: str = "") -> Cell:
    """What may be said of one place and band of one measure."""
    value, is_covered = None, False
    for number in numbers:
        where = fit(band, number.band)
        is_there = place.region is None or number.region == place.region
        if where is Fit.APART or not place.period.meets(number) or not (is_there or number.region == SEVERAL):
            continue
        if where is Fit.INSIDE and place.period.holds(number) and is_there:
            value = (value or 0) + number.value
        else:
            is_covered = True
    if value is not None:
        return Cell(value, State.SHOWN)
    if is_covered:
        return Cell(None, State.WITHHELD)
    return Cell(0, State.ZERO) if place.is_over else Cell(None, State.WAITING)

"""The finest cells of the tables, the unknowns of an audit (`stats/proof.py`), and which of them lie in a scope."""

from datetime import date
from functools import cache
from itertools import product
from typing import NamedTuple

from stats.enums import FINEST, Measure
from stats.family import BY_MEASURE
from stats.partition import Grain, Scope


class Atom(NamedTuple):
    """The finest cell of one table in one release. `region` 0: not known where."""

    measure: str
    release: int
    region: int
    first: date
    band: str


type Atoms = frozenset[Atom]


def forget_cells() -> None:
    """What the audits of one year share is given back: other years follow, and the worker lives on."""
    atom_at.cache_clear()
    cells.cache_clear()


@cache
def atom_at(measure: str, release: int, region: int, month: date, band: str) -> Atom:
    return Atom(measure, release, region, grain_of(measure).first(month), band)


@cache
def cells(measure: str, release: int, regions: frozenset[int], days: tuple[date, date], band: str) -> Atoms:
    """The atoms of one table and release in these regions, between these days, under this band."""
    bands = [finest for finest in FINEST[measure] if is_under(finest, band)]
    firsts = [first for first in firsts_of(days[0].year, grain_of(measure)) if days[0] <= first <= days[1]]
    return frozenset(Atom(measure, release, *where) for where in product(sorted(regions), firsts, bands))


@cache
def grain_of(measure: str) -> Grain:
    return BY_MEASURE[Measure(measure)].shapes[0].grain


@cache
def firsts_of(year: int, grain: Grain) -> list[date]:
    return sorted({grain.first(date(year, month, 1)) for month in range(1, 13)})


def is_under(band: str, parent: str) -> bool:
    return not parent or band == parent or band.startswith(f"{parent}/")


@cache
def prefixes_of(band: str) -> list[str]:
    """ "a/b" → "", "a", "a/b" """
    parts = band.split("/") if band else []
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]


@cache
def scope_of(first: date, grain: Grain, band: str) -> Scope:
    firsts = [date(first.year, month, 1) for month in range(1, 13)]
    return Scope(None, first, max(month for month in firsts if grain.first(month) == first), band)


def size_of(scope: Scope, regions: frozenset[int], measure: str) -> int:
    """How many finest cells it covers, in days for its period: enough to put nested scopes in order."""
    places = len(regions) if scope.region is None else 1
    bands = sum(is_under(band, scope.band) for band in FINEST[measure])
    return places * bands * (scope.ends_on - scope.starts_on).days

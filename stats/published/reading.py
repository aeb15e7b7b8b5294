"""What is read of a release, in few queries whatever its size: the rows that one page needs, and nothing else."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.db.models import Exists, OuterRef, Q, Subquery, Sum

from collectivities.models import Region
from stats.enums import Measure
from stats.models import Block, Denominator, Release, ReleaseBlock
from stats.periods import last_day_of_quarter, quarters_of
from stats.published.numbers import SEVERAL, Cell, Number, Period, Place, State, cell
from stats.published.zeros import are_all_in

# Of the year before, what the chosen one is compared with; and the last rate known.
COMPARED = (Measure.INCIDENTS, Measure.QUARTERS, Measure.BODIES, Measure.BODIES_HIT)
EVERYWHERE = (Measure.INCIDENTS, Measure.BODIES)  # of the other regions, for the map


class UnknownSelectionError(Exception):
    """No such release, region, year or quarter, or nothing of it is published."""


@dataclass(frozen=True)
class Asked:
    """The arguments of the page as they were typed; "" for what was not."""

    region: str = ""
    year: str = ""
    quarter: str = ""
    release: str = ""


@dataclass(frozen=True)
class Source:
    """What was chosen, and the numbers that may be said of it."""

    releases: list[Release]
    release: Release | None
    regions: list[Region]
    region: Region | None
    years: list[int] = field(default_factory=list)
    year: int = 0
    quarter: int = 0
    numbers: list[Number] = field(default_factory=list)
    # year, region (0: all), stratum → bodies
    bodies: dict[tuple[int, int, str], int] = field(default_factory=dict)
    # The tables that the release holds of the year, of whatever region; those that were read are not repeated.
    tables: frozenset[str] = frozenset()

    @property
    def key(self) -> int | None:
        """The key of the region, None for the nation."""
        return self.region.pk if self.region else None

    @property
    def place(self) -> Place:
        return Place(self.key, self.period, self.is_over)

    @property
    def until(self) -> date:
        return self.release.covers_until if self.release else date.min

    @property
    def period(self) -> Period:
        if self.quarter:
            first = quarters_of(self.year)[self.quarter - 1]
            return Period(first, last_day_of_quarter(first))
        return Period(date(self.year, 1, 1), date(self.year, 12, 31))

    @property
    def is_over(self) -> bool:
        """Whether all of the year is covered."""
        return bool(self.year) and self.until >= date(self.year, 12, 31)

    def of(self, measure: str, year: int = 0) -> list[Number]:
        """The numbers of one measure and year (the chosen one)."""
        return self._sorted[measure, year or self.year]

    def cell(self, measure: str) -> Cell:
        """What may be said of the chosen place and period. A table that was left out says no zero."""
        one = cell(self.of(measure), self.place)
        if one.state is not State.ZERO:
            return one
        if measure not in self.tables and not self.of(measure):
            return Cell(None, State.ABSENT)
        return self.sure(one) if measure == Measure.INCIDENTS else one

    def sure(self, one: Cell) -> Cell:
        """Of incidents of a region: no zero while the nation's own table counts some that no region's may hold."""
        return one if self._are_all_by_region or one.state is not State.ZERO else Cell(None, State.WITHHELD)

    @cached_property
    def _are_all_by_region(self) -> bool:
        return are_all_in(self.of(Measure.INCIDENTS), self.of(Measure.QUARTERS), self.period)

    @cached_property
    def _sorted(self) -> dict[tuple[str, int], list[Number]]:
        found: dict[tuple[str, int], list[Number]] = defaultdict(list)
        for number in self.numbers:
            found[number.measure, number.starts_on.year].append(number)
        return found


def read(asked: Asked) -> Source:
    """At most eight queries. Raises UnknownSelectionError."""
    regions, releases = list(Region.objects.all()), releases_told()
    region = chosen(asked.region, {one.code: one for one in regions})
    release = chosen(asked.release, {str(one.number): one for one in releases}) or next(iter(releases), None)
    if release is None:
        if asked.year or asked.quarter:
            raise UnknownSelectionError
        return Source(releases, None, regions, region)
    years = years_of(release)
    year = chosen(asked.year, {str(one): one for one in years}) or best_year(release, region, years)
    quarter = chosen(asked.quarter, {str(number): number for number in (1, 2, 3, 4)}) or 0
    numbers, bodies = numbers_of(release, year, region, releases), bodies_of(release, year)
    tables = tables_of(release, year) if region else frozenset()
    return Source(releases, release, regions, region, years, year, quarter, numbers, bodies, tables)


def releases_told() -> list[Release]:
    """The last one first. `last_block`: the newest number of each, by key."""
    newest = ReleaseBlock.objects.filter(release=OuterRef("pk")).order_by("-block").values("block")
    return list(Release.objects.annotate(last_block=Subquery(newest[:1])).order_by("-number"))


def chosen[T](code: str, known: dict[str, T]) -> T | None:
    if not code:
        return None
    if code not in known:
        raise UnknownSelectionError(code)
    return known[code]


def years_of(release: Release) -> list[int]:
    """The years that a release shows, the last one first. One number of each is looked for, not all of all of them."""
    first = Block.objects.order_by("starts_on").values_list("starts_on", flat=True).first() or release.covers_until
    last = max(release.covers_until.year, first.year)
    years = range(last, first.year - 1, -1)
    there = [Exists(Block.objects.filter(releases=release, starts_on__year=year)) for year in years]
    found = Release.objects.filter(pk=release.pk).values_list(*there).get()
    return [year for year, is_there in zip(years, found, strict=True) if is_there]


def best_year(release: Release, region: Region | None, years: list[int]) -> int:
    """The last year; the one before while the last is open and says too little: nothing alone, or not by region."""
    if not years:
        return 0
    last, *before = years
    if release.covers_until >= date(last, 12, 31) or not before:
        return last
    blocks = Block.objects.filter(releases=release, starts_on__year=last, measure__in=COMPARED[:2])
    rows = blocks.filter(region=region) if region else blocks
    sums = dict(rows.order_by().values_list("measure").annotate(Sum("value")))
    by_region = sums.get(Measure.INCIDENTS, 0)
    return last if by_region and by_region * 2 >= sums.get(Measure.QUARTERS, 0) else before[0]


def numbers_of(release: Release, year: int, region: Region | None, releases: Sequence[Release]) -> list[Number]:
    """Those of the year, and what it is compared with. Of a region: its own, those of several, and the map's."""
    wanted = Q(starts_on__year=year) | Q(starts_on__year=year - 1, measure__in=COMPARED)
    if region:
        wanted &= Q(region=region) | Q(region=None) | Q(starts_on__year=year, measure__in=EVERYWHERE)
    rows = Block.objects.filter(wanted, releases=release).order_by("pk")
    fields = ("pk", "measure", "region", "starts_on", "ends_on", "band", "value")
    # Numbers stay, and new ones have higher keys: each came first in the first release that goes as far.
    told = sorted((one.last_block or 0, one.number) for one in releases)  # type: ignore[attr-defined]
    return [
        Number(measure, of or SEVERAL, first, last, band, value, told[bisect_left(told, (key, 0))][1])
        for key, measure, of, first, last, band, value in rows.values_list(*fields)
    ]


def tables_of(release: Release, year: int) -> frozenset[str]:
    """A region's page reads few numbers of the others: that there are some tells a zero from a table left out."""
    rows = Block.objects.filter(releases=release, starts_on__year=year).order_by()
    return frozenset(rows.values_list("measure", flat=True).distinct())


def bodies_of(release: Release, year: int) -> dict[tuple[int, int, str], int]:
    rows = Denominator.objects.filter(release=release, year__in=(year, year - 1))
    return {
        (of_year, region or 0, stratum): bodies
        for of_year, region, stratum, bodies in rows.values_list("year", "region", "stratum", "bodies")
    }

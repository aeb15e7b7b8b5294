"""What may be told to everyone: the only way from cases to public figures.

For each measure, one partition of the verified cases of closed periods into blocks, published whole. Every public
figure is a sum of blocks, so no combination of figures, of one release or of several, isolates less than a block.

A block is safe if at least K bodies stand behind it and none of them makes more than MOST of it. The finest block is
one region, one quarter, one band. What is unsafe is put together along a fixed chain: all bands, then the year, then
the other regions of that year; a remainder that is still unsafe absorbs its smallest safe neighbour. What stays unsafe
for the whole nation and year is not published.

A later release keeps the blocks of the earlier one as they are. Late cases make blocks of their own; a block is made
again only when K bodies or more have changed in it, so that comparing two releases tells nothing of fewer.

It hides neither that a number put together with others was small, nor what newspapers say.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from stats.enums import ALL_BANDS, PUBLISHED
from stats.facts import bands_by_measure
from stats.models import Block, BlockCase, CaseFact, Release, ReleaseBlock
from stats.periods import last_closed_day, last_day_of_quarter

K = 5
MOST_PERCENT = 85
BATCH = 2000


@dataclass(frozen=True)
class Unit:
    """What one case of one body brings to one band."""

    fact: int
    body: int
    region: int | None
    quarter: date
    band: str
    number: int


@dataclass(frozen=True)
class Scope:
    """What a block covers."""

    region: int | None
    starts_on: date
    ends_on: date
    band: str


@dataclass(frozen=True)
class Cell:
    scope: Scope
    units: tuple[Unit, ...]

    @property
    def value(self) -> int:
        return sum(unit.number for unit in self.units)


@dataclass(frozen=True)
class Settled:
    """A part of the tree: all of it in safe cells, or all of it still to be put with others."""

    cells: tuple[Cell, ...]
    rest: tuple[Unit, ...]

    @property
    def units(self) -> tuple[Unit, ...]:
        return self.rest or tuple(chain.from_iterable(cell.units for cell in self.cells))

    @property
    def rank(self) -> tuple[int, str]:
        """The smallest first, then one fixed order."""
        return sum(unit.number for unit in self.units), repr(self.cells[0].scope)


def is_safe(units: Iterable[Unit]) -> bool:
    """K bodies or more, none of them above the dominance share."""
    by_body: Counter[int] = Counter()
    for unit in units:
        by_body[unit.body] += unit.number
    return len(by_body) >= K and max(by_body.values()) * 100 <= MOST_PERCENT * by_body.total()


def settle(parts: Iterable[Settled], scope: Scope) -> Settled:
    """Put together under `scope` what the parts left over; while that is unsafe, it absorbs the smallest safe part."""
    parts = list(parts)
    safe = sorted((part for part in parts if part.cells), key=lambda part: part.rank, reverse=True)
    rest = tuple(chain.from_iterable(part.rest for part in parts))
    while rest and safe and not is_safe(rest):
        rest += safe.pop().units
    cells = tuple(chain.from_iterable(part.cells for part in reversed(safe)))
    if not rest:
        return Settled(cells, ())
    if is_safe(rest):
        return Settled((*cells, Cell(scope, rest)), ())
    return Settled((), rest)


def partition(units: Iterable[Unit], until: date) -> list[Cell]:
    """The safe cells of one measure, for the quarters and the years closed by `until`."""
    cells: list[Cell] = []
    for year, of_year in groups(units, lambda unit: unit.quarter.year):
        regions = [settle_region(region, year, mine, until) for region, mine in groups(of_year, region_of)]
        if date(year, 12, 31) <= until:
            regions = [settle(regions, Scope(None, date(year, 1, 1), date(year, 12, 31), ALL_BANDS))]
        cells += chain.from_iterable(part.cells for part in regions)
    return cells


def settle_region(region: int, year: int, units: list[Unit], until: date) -> Settled:
    """One region's year. While the year is not closed, a quarter that is unsafe waits for it."""
    quarters = [settle_bands(ALL_BANDS, mine) for _, mine in groups(units, lambda unit: unit.quarter)]
    if date(year, 12, 31) <= until:
        return settle(quarters, Scope(region or None, date(year, 1, 1), date(year, 12, 31), ALL_BANDS))
    return Settled(tuple(chain.from_iterable(quarter.cells for quarter in quarters)), ())


def settle_bands(band: str, units: list[Unit]) -> Settled:
    """One region's quarter, band by band, for bands of one part or of two."""
    first = units[0]
    scope = Scope(first.region, first.quarter, last_day_of_quarter(first.quarter), band)
    if all(unit.band == band for unit in units):
        return settle([Settled((), tuple(units))], scope)
    below = groups(units, lambda unit: band_below(band, unit.band))
    return settle([settle_bands(finer, mine) for finer, mine in below], scope)


def band_below(band: str, finest: str) -> str:
    """The band one step from `band` towards `finest`: "" → "6-50" → "6-50/confirmed"."""
    depth = len(band.split("/")) if band else 0
    return "/".join(finest.split("/")[: depth + 1])


def region_of(unit: Unit) -> int:
    return unit.region or 0


def groups[T: (int, str, date)](units: Iterable[Unit], key: Callable[[Unit], T]) -> list[tuple[T, list[Unit]]]:
    found: dict[T, list[Unit]] = defaultdict(list)
    for unit in units:
        found[key(unit)].append(unit)
    return sorted(found.items(), key=lambda item: item[0])


# From one release to the next


def make_release(*, now: datetime) -> Release | None:
    """The next release, for the periods closed at `now`; None if none closed since the last one, or nothing may be
    shown. Call it under the lock of the figures, in a transaction."""
    until = last_closed_day(now)
    last = Release.objects.order_by("number").last()
    if last and last.covers_until >= until:
        return None
    current = units_until(until)
    kept: list[int] = []
    fresh: list[tuple[str, Cell]] = []
    for measure in PUBLISHED:
        blocks, units = carry_over(last, measure, current[measure])
        kept += blocks
        fresh += [(measure, cell) for cell in partition(units, until)]
    if not kept and not fresh:
        return None
    return save_release(
        Release(number=last.number + 1 if last else 1, published_at=now, covers_until=until), kept, fresh
    )


def units_until(until: date) -> dict[str, list[Unit]]:
    """The units of the verified cases of closed periods, by measure, in one fixed order."""
    units: dict[str, list[Unit]] = defaultdict(list)
    facts = CaseFact.objects.filter(is_counted=True, is_verified=True, quarter__lte=until)
    for fact in facts.order_by("pk").iterator(BATCH):
        for measure, bands in bands_by_measure(fact).items():
            units[measure] += [
                Unit(fact.pk, fact.collectivity_id, fact.region_id, fact.quarter, band, number)
                for band, number in sorted(bands.items())
            ]
    return units


def carry_over(last: Release | None, measure: str, current: list[Unit]) -> tuple[list[int], list[Unit]]:
    """The earlier blocks that stay as they are, and the units that are to be put in new ones.

    A case that stands in a block which stays brings nothing new, whatever it has become.
    """
    if last is None:
        return [], current
    members = list(
        BlockCase.objects.filter(block__releases=last, block__measure=measure)
        .order_by("pk")
        .values_list("block_id", "fact_id", "band", "units", "fact__collectivity_id")
    )
    changed = changed_facts(((fact, band, number) for _, fact, band, number, _ in members), current)
    changed_bodies: dict[int, set[int]] = {block: set() for block, *_ in members}
    for block, fact, _, _, body in members:
        if fact in changed:
            changed_bodies[block].add(body)
    kept = {block for block, bodies in changed_bodies.items() if len(bodies) < K}
    return sorted(kept), units_left([(block in kept, fact, band) for block, fact, band, *_ in members], current)


def changed_facts(published: Iterable[tuple[int, str, int]], current: Iterable[Unit]) -> set[int]:
    """The published cases that no longer bring what they brought."""
    before: dict[int, dict[str, int]] = defaultdict(dict)
    for fact, band, number in published:
        before[fact][band] = number
    now: dict[int, dict[str, int]] = defaultdict(dict)
    for unit in current:
        now[unit.fact][unit.band] = unit.number
    return {fact for fact, bands in before.items() if bands != now.get(fact)}


def units_left(members: Iterable[tuple[bool, int, str]], current: Iterable[Unit]) -> list[Unit]:
    """What no kept block holds: late cases, and cases whose block is made again."""
    held: set[tuple[int, str]] = set()
    frozen, freed = set(), set()
    for is_kept, fact, band in members:
        if is_kept:
            frozen.add(fact)
            held.add((fact, band))
        else:
            freed.add(fact)
    free = freed | ({unit.fact for unit in current} - frozen)
    return [unit for unit in current if unit.fact in free and (unit.fact, unit.band) not in held]


def save_release(release: Release, kept: list[int], fresh: list[tuple[str, Cell]]) -> Release:
    release.save(force_insert=True)
    blocks = Block.objects.bulk_create((block_of(measure, cell) for measure, cell in fresh), batch_size=BATCH)
    BlockCase.objects.bulk_create(
        (
            BlockCase(block=block, fact_id=unit.fact, band=unit.band, units=unit.number)
            for block, (_, cell) in zip(blocks, fresh, strict=True)
            for unit in cell.units
        ),
        batch_size=BATCH,
    )
    ids = [*kept, *(block.pk for block in blocks)]
    ReleaseBlock.objects.bulk_create((ReleaseBlock(release=release, block_id=pk) for pk in ids), batch_size=BATCH)
    return release


def block_of(measure: str, cell: Cell) -> Block:
    scope = cell.scope
    return Block(
        measure=measure,
        region_id=scope.region,
        starts_on=scope.starts_on,
        ends_on=scope.ends_on,
        band=scope.band,
        value=cell.value,
    )

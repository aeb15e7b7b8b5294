"""From one release to the next: which blocks stay as they are, and what is to be put in new ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import intern

from stats.closed import ClosedYears, same_day
from stats.enums import Measure
from stats.models import Block, BlockMember, Release, ReleaseBlock
from stats.partition import K, Scope, Unit
from stats.proof import Shown

# `Unit.key`
type Key = tuple[int, int, int]
# block → what it was made of
type Members = dict[int, list[Unit]]


@dataclass
class Gone:
    """Of one table, the cases that stand in a block of a year in which they are no longer, as one that stays says, or
    as one did that is made again.
    """

    frozen: set[Key] = field(default_factory=set)
    freed: set[Key] = field(default_factory=set)


@dataclass(frozen=True)
class Carried:
    """`kept`: blocks that stay; `free`: the units that are to be put in new ones; `became`: those that wait."""

    kept: list[int]
    free: list[Unit]
    became: list[Unit]


def carry_over(members: Members, current: Iterable[Unit], gone: Gone) -> Carried:
    """One table in one year.

    A case that stands in a block which stays brings nothing new: what it has become waits until that block is made
    again.
    """
    current = list(current)
    kept = blocks_that_stay(members, current)
    held = {(unit.key, unit.place) for block in kept for unit in members[block]}
    frozen = {key for key, _place in held} | gone.frozen
    freed = {unit.key for block, units in members.items() if block not in kept for unit in units} | gone.freed
    free: list[Unit] = []
    became: list[Unit] = []
    for unit in current:
        if (unit.key, unit.place) not in held:
            (free if unit.key in freed or unit.key not in frozen else became).append(unit)
    return Carried(sorted(kept), free, became)


def blocks_that_stay(members: Members, current: Iterable[Unit]) -> set[int]:
    """Those in which fewer than K bodies changed."""
    now = {(unit.key, unit.place): unit.number for unit in current}
    # Of the units of that very block: a case may have changed in another one alone.
    changed = {
        block: {unit.body for unit in units if now.get((unit.key, unit.place)) != unit.number}
        for block, units in members.items()
    }
    return {block for block, bodies in changed.items() if len(bodies) < K}


def gone_by_table(last: Release | None, closed: ClosedYears) -> dict[Measure, Gone]:
    """A case may have moved to another year: what becomes of it there depends on the block that it left."""
    gone: dict[Measure, Gone] = defaultdict(Gone)
    for year in years_of(last):
        units = closed.units(year)
        for measure, members in members_of(last, year).items():
            there = {unit.key for unit in units[measure]}
            kept = blocks_that_stay(members, units[measure])
            for block, some in members.items():
                waits = gone[measure].frozen if block in kept else gone[measure].freed
                waits |= {unit.key for unit in some} - there
    return gone


def years_of(release: Release | None) -> set[int]:
    blocks = Block.objects.filter(releases=release) if release else Block.objects.none()
    return set(blocks.values_list("starts_on__year", flat=True).distinct())


def members_of(release: Release | None, year: int) -> dict[Measure, Members]:
    """What each block of one year of that release was made of, by table."""
    members: dict[Measure, Members] = defaultdict(lambda: defaultdict(list))
    rows = BlockMember.objects.filter(block__releases=release, block__starts_on__year=year).order_by("pk")
    named = ("block__measure", "block_id", "fact_id", "collectivity_id", "region_id", "month", "band", "units")
    for measure, block, fact, body, region, month, band, number in rows.values_list(*named).iterator():
        unit = Unit(fact, body, region, same_day(month.year, month.month), intern(band), number)
        members[Measure(measure)][block].append(unit)
    return members


def shown_of(members: Mapping[int, list[Unit]]) -> list[Shown]:
    """Kept blocks, each with the number of the release in which it came first."""
    blocks = Block.objects.in_bulk(list(members))
    firsts = dict(
        ReleaseBlock.objects.filter(block__in=members)
        .order_by("block", "-release__number")
        .values_list("block", "release__number")
    )  # the last one of a block wins: its lowest number
    return [
        Shown(
            Measure(blocks[pk].measure),
            firsts[pk],
            Scope(blocks[pk].region_id, blocks[pk].starts_on, blocks[pk].ends_on, blocks[pk].band),
            tuple(units),
            pk,
        )
        for pk, units in members.items()
    ]

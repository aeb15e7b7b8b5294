"""From one release to the next: all blocks stay as they are; what stands in none is to be put in new ones."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from sys import intern

from stats.closed import ClosedYears, same_day
from stats.enums import Measure
from stats.models import Block, BlockMember, Denominator, Release, ReleaseBlock
from stats.partition import Scope, Unit
from stats.question import Shown
from stats.strata import Bodies, existing_bodies

# `Unit.key`
type Key = tuple[int, int, int]
# block → what it was made of
type Members = dict[int, list[Unit]]

# An incident that turns out to be a signalement, a leak that is unfounded: no number takes back that it was counted,
# so that it would be counted twice.
OTHERWISE = {Measure.REPORTS: (Measure.INCIDENTS, Measure.QUARTERS), Measure.UNFOUNDED: (Measure.LEAKS,)}


@dataclass(frozen=True)
class Carried:
    """`free`: the units that are to be put in new blocks; `became`: what has become of cases that stand in one."""

    free: list[Unit]
    became: list[Unit]


def carry_over(members: Members, current: Iterable[Unit], elsewhere: Set[Key]) -> Carried:
    """One table in one year; `elsewhere`: the cases that stand in a block of another year or of another table.

    All blocks stay, for readers have them: a number made again would tell, beside the one that it was, what became of
    fewer than it holds. So a case that stands in one brings nothing new.
    """
    held = {(unit.key, unit.place): unit.number for units in members.values() for unit in units}
    standing = {key for key, _place in held} | elsewhere
    free: list[Unit] = []
    became: list[Unit] = []
    for unit in current:
        if unit.key not in standing:
            free.append(unit)
        elif held.get((unit.key, unit.place)) != unit.number:
            became.append(unit)
    return Carried(free, became)


def standing_elsewhere(last: Release | None, closed: ClosedYears) -> dict[Measure, set[Key]]:
    """By table, the cases that stand in a block of a year in which they are no more: they may be in another one."""
    found: dict[Measure, set[Key]] = defaultdict(set)
    for year in years_of(last):
        there = set(closed.facts(year))
        rows = BlockMember.objects.filter(block__releases=last, block__starts_on__year=year).exclude(fact=None)
        for measure, fact in rows.values_list("block__measure", "fact_id").iterator():
            if fact not in there:
                found[Measure(measure)].add((fact, 0, 0))
    return found


def standing_otherwise(members: Mapping[Measure, Members], measure: Measure) -> set[Key]:
    """The cases that stand as what they were taken for, where `measure` counts what they turned out to be."""
    others = (members.get(one, {}) for one in OTHERWISE.get(measure, ()))
    return {unit.key for blocks in others for units in blocks.values() for unit in units}


def years_of(release: Release | None) -> set[int]:
    blocks = Block.objects.filter(releases=release) if release else Block.objects.none()
    return set(blocks.values_list("starts_on__year", flat=True).distinct())


def bodies_known(release: Release | None, year: int) -> Bodies:
    """How many bodies exist, as readers were told; as the list says now of a year of which they were not.

    The list goes on changing, and a rate made again would be another one of the same year.
    """
    rows = Denominator.objects.filter(release=release, year=year).values_list("region", "stratum", "bodies")
    told = Counter({(region or 0, stratum): number for region, stratum, number in rows}) if release else Counter()
    return told or existing_bodies(year)


def members_of(release: Release | None, year: int, heirs: Mapping[int, int]) -> dict[Measure, Members]:
    """What each block of one year of that release was made of, by table."""
    members: dict[Measure, Members] = defaultdict(lambda: defaultdict(list))
    rows = BlockMember.objects.filter(block__releases=release, block__starts_on__year=year).order_by("pk")
    named = ("block__measure", "block_id", "fact_id", "collectivity_id", "region_id", "month", "band", "units")
    for measure, block, fact, body, region, month, band, number in rows.values_list(*named).iterator():
        unit = Unit(fact, body, region, same_day(month.year, month.month), intern(band), number, heirs.get(body))
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

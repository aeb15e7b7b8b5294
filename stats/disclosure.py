"""What may be told to everyone: the only way from cases to public figures.

Each table of the family (`stats/family.py`) is cut into safe cells (`stats/partition.py`), and the tables are
accepted one after the other, as long as all of them together, and what earlier releases said, pass the audit
(`stats/proof.py`, `stats/audit.py`). What fails is cut more coarsely and audited again; what fails in its coarsest
shape stays out.

A later release keeps the blocks of the earlier one as they are. Late cases make blocks of their own; a block is made
again only when K bodies or more have changed in it, so that comparing two releases tells nothing of fewer.

It hides neither that a number put together with others was small, nor what newspapers say.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from sys import intern
from time import monotonic

from django.db import transaction

from incidents.copying import copy_in
from stats.enums import ALL_BANDS, Measure
from stats.facts import bands_by_measure, is_hit, is_incident
from stats.family import FAMILY, Table
from stats.models import Block, BlockMember, CaseFact, Denominator, Release, ReleaseBlock
from stats.partition import Cell, K, Scope, Unit, partition
from stats.periods import last_closed_day
from stats.proof import COUNTS_BODIES, Draft, Shown, forget_cells, is_proved, ties_of
from stats.seal import seal_of
from stats.strata import Bodies, existing_bodies, listed_strata

BATCH = 2000
# A release is made at night; an audit that takes longer than this publishes nothing.
AUDIT_SECONDS = 1800
# What reading, cutting and saving may take besides.
RELEASE_SECONDS = AUDIT_SECONDS + 600


class NothingNewError(Exception):
    """No period has closed since the last release."""


class NothingSafeError(Exception):
    """No figure may be shown."""


@dataclass(frozen=True)
class Closed:
    """What stands at one instant in the periods that are closed: of each table, what was published and stays, the
    units that are to be put in blocks, and what has become of cases that stand in blocks as they were.
    """

    number: int
    until: date
    tables: dict[Measure, tuple[list[Shown], list[Unit], list[Unit]]]
    bodies: dict[int, Bodies]


def read_closed(*, now: datetime) -> Closed:
    """Call it under the lock of the figures. Raises NothingNewError."""
    until, last = last_closed_day(now), Release.objects.order_by("number").last()
    if last and last.covers_until >= until:
        raise NothingNewError
    units = units_until(until)
    return Closed(
        number=last.number + 1 if last else 1,
        until=until,
        tables={table.measure: carry_over(last, table.measure, units[table.measure]) for table in FAMILY},
        bodies={year: existing_bodies(year) for year in years_of(units)},
    )


def cut(closed: Closed, *, seconds: float) -> Draft:
    """The blocks of the next release: the whole family as finely as it passes the audit. Writes nothing.

    Raises NothingSafeError, `audit.AuditTimeout` and `audit.AuditError`.
    """
    try:
        draft = audited(closed, monotonic() + seconds)
    finally:
        forget_cells()
    if not draft.kept and not draft.fresh:
        raise NothingSafeError
    return draft


def audited(closed: Closed, deadline: float) -> Draft:
    """Colluding bodies are looked for once, in the end. Where they find something, table by table."""
    draft = draft_of(closed, deadline)
    loose = [tables for tables in ties_of(draft) if not holds(draft, min(tables), deadline, with_coalitions=True)]
    return draft_of(closed, deadline, suspected=frozenset().union(*loose)) if loose else draft


def draft_of(closed: Closed, deadline: float, *, suspected: frozenset[Measure] = frozenset()) -> Draft:
    """`suspected`: the tables in which colluding bodies are looked for each time."""
    draft = Draft(number=closed.number, until=closed.until, bodies=closed.bodies)
    # What stays is shown whatever comes: the first table is held against it too.
    for measure, (kept, units, became) in closed.tables.items():
        draft.kept += [one.block for one in kept if one.block is not None]
        draft.shown += kept
        draft.unshown[measure], draft.became[measure] = units, became
    for table in FAMILY:
        with_coalitions = table.measure in suspected
        accept(draft, table, closed.tables[table.measure][1], deadline, with_coalitions=with_coalitions)
    return draft


def accept(draft: Draft, table: Table, units: list[Unit], deadline: float, *, with_coalitions: bool) -> None:
    """Add the table in the finest shape in which the whole family passes; else only what was published before."""
    measure, earlier, before = table.measure, draft.shown, draft.unshown
    for number, shape in enumerate(table.shapes):
        cells = partition(units, draft.until, shape)
        draft.shown = [*earlier, *(Shown(measure, draft.number, cell.scope, cell.units) for cell in cells)]
        draft.unshown = before | {measure: left_out(units, cells)}
        if holds(draft, measure, deadline, with_coalitions=with_coalitions):
            draft.fresh += [(measure, cell) for cell in cells]
            draft.coarsened |= {measure: number} if number else {}
            return
    draft.shown, draft.unshown = earlier, before
    draft.coarsened[measure] = None


def holds(draft: Draft, measure: Measure, deadline: float, *, with_coalitions: bool) -> bool:
    return is_proved(draft, measure, deadline - monotonic(), with_coalitions=with_coalitions)


def years_of(units: dict[str, list[Unit]]) -> set[int]:
    return {unit.month.year for some in units.values() for unit in some}


def left_out(units: list[Unit], cells: list[Cell]) -> list[Unit]:
    held = {(unit.key, unit.place) for cell in cells for unit in cell.units}
    return [unit for unit in units if (unit.key, unit.place) not in held]


def units_until(until: date) -> dict[str, list[Unit]]:
    """The units of the verified cases of closed periods, by measure, in one fixed order."""
    units: dict[str, list[Unit]] = defaultdict(list)
    strata = listed_strata()
    bodies: dict[str, dict[tuple[int, int, int | None], None]] = defaultdict(dict)
    facts = CaseFact.objects.filter(is_counted=True, is_verified=True, quarter__lte=until)
    for fact in facts.order_by("pk").iterator(BATCH):
        for measure, bands in bands_by_measure(fact).items():
            units[measure] += [unit_of(fact, band, number) for band, number in sorted(bands.items())]
        if is_incident(fact):
            units[Measure.QUARTERS].append(unit_of(fact, ALL_BANDS, 1))
        if is_incident(fact) and fact.collectivity_id in strata:
            there = (fact.collectivity_id, fact.month.year, fact.region_id)
            bodies[Measure.BODIES][there] = None
            if is_hit(fact):
                bodies[Measure.BODIES_HIT][there] = None
    add_bodies(units, bodies, strata)
    return units


def unit_of(fact: CaseFact, band: str, number: int) -> Unit:
    """Bands and months are the same few objects in all units: there may be ten times as many units as cases."""
    return Unit(fact.pk, fact.collectivity_id, fact.region_id, same_day(fact.month), intern(band), number)


@cache
def same_day(day: date) -> date:
    return day


def add_bodies(
    units: dict[str, list[Unit]],
    bodies: dict[str, dict[tuple[int, int, int | None], None]],
    strata: Mapping[int, str],
) -> None:
    """One unit a body and a year, in the first region that its cases had, whatever the number of its cases."""
    for measure, by_stratum in ((Measure.BODIES, Measure.STRATA), (Measure.BODIES_HIT, Measure.STRATA_HIT)):
        seen: set[tuple[int, int]] = set()
        for body, year, region in bodies[measure]:
            if (body, year) not in seen:
                seen.add((body, year))
                month = date(year, 1, 1)
                units[measure].append(Unit(None, body, region, month, ALL_BANDS, 1))
                units[by_stratum].append(Unit(None, body, region, month, strata[body], 1))


# From one release to the next


def carry_over(last: Release | None, measure: str, current: list[Unit]) -> tuple[list[Shown], list[Unit], list[Unit]]:
    """The earlier blocks that stay as they are, the units that are to be put in new ones, and those that wait.

    A case that stands in a block which stays brings nothing new: what it has become waits until that block is made
    again.
    """
    if last is None:
        return [], current, []
    members = members_of(last, measure)
    now = {(unit.key, unit.place): unit.number for unit in current}
    # Of the units of that very block: a case may have changed in another one alone.
    changed = {
        block: {unit.body for unit in units if now.get((unit.key, unit.place)) != unit.number}
        for block, units in members.items()
    }
    kept = {block for block, bodies in changed.items() if len(bodies) < K}
    held = {(unit.key, unit.place) for block in kept for unit in members[block]}
    frozen = {key for key, _place in held}
    freed = {unit.key for block, units in members.items() if block not in kept for unit in units}
    free: list[Unit] = []
    became: list[Unit] = []
    for unit in current:
        if (unit.key, unit.place) not in held:
            (free if unit.key in freed or unit.key not in frozen else became).append(unit)
    return shown_of(measure, {block: members[block] for block in sorted(kept)}), free, became


def members_of(release: Release, measure: str) -> dict[int, list[Unit]]:
    """What each block of that release was made of."""
    rows = BlockMember.objects.filter(block__releases=release, block__measure=measure).order_by("pk")
    members: dict[int, list[Unit]] = defaultdict(list)
    named = ("block_id", "fact_id", "collectivity_id", "region_id", "month", "band", "units")
    for block, fact, body, region, month, band, number in rows.values_list(*named):
        members[block].append(Unit(fact, body, region, same_day(month), intern(band), number))
    return members


def shown_of(measure: str, members: dict[int, list[Unit]]) -> list[Shown]:
    """Kept blocks, each with the number of the release in which it came first."""
    blocks = Block.objects.in_bulk(list(members))
    firsts = dict(
        ReleaseBlock.objects.filter(block__in=members)
        .order_by("block", "-release__number")
        .values_list("block", "release__number")
    )  # the last one of a block wins: its lowest number
    return [
        Shown(
            Measure(measure),
            firsts[pk],
            Scope(blocks[pk].region_id, blocks[pk].starts_on, blocks[pk].ends_on, blocks[pk].band),
            tuple(units),
            pk,
        )
        for pk, units in members.items()
    ]


@transaction.atomic
def save_release(draft: Draft, *, published_at: datetime) -> Release:
    """All of it or nothing; the number of a release is unique, whoever else publishes."""
    release = Release(number=draft.number, published_at=published_at, covers_until=draft.until)
    kept = Block.objects.filter(pk__in=draft.kept).select_related("region")
    blocks = [block_of(measure, cell) for measure, cell in draft.fresh]
    denominators = denominators_of(release, [*kept, *blocks])
    release.digest, release.signature, release.verify_key = seal_of(release, [*kept, *blocks], denominators)
    release.save(force_insert=True)
    Block.objects.bulk_create(blocks, batch_size=BATCH)
    # Ten times as many as cases: they go one by one, never all in memory.
    copy_in(
        BlockMember(
            block_id=block.pk,
            collectivity_id=unit.body,
            fact_id=unit.fact,
            month=unit.month,
            region_id=unit.region,
            band=unit.band,
            units=unit.number,
        )
        for block, (_, cell) in zip(blocks, draft.fresh, strict=True)
        for unit in cell.units
    )
    ids = [*draft.kept, *(block.pk for block in blocks)]
    ReleaseBlock.objects.bulk_create((ReleaseBlock(release=release, block_id=pk) for pk in ids), batch_size=BATCH)
    Denominator.objects.bulk_create(denominators, batch_size=BATCH)
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


def denominators_of(release: Release, blocks: Iterable[Block]) -> list[Denominator]:
    """How many bodies existed at the end of each year of which a rate is shown."""
    years = sorted({block.starts_on.year for block in blocks if block.measure in COUNTS_BODIES})
    return [
        Denominator(release=release, year=year, region_id=region or None, stratum=stratum, bodies=number)
        for year in years
        for (region, stratum), number in sorted(existing_bodies(year).items())
    ]

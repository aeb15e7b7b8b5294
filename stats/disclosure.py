"""What may be told to everyone: the only way from cases to public figures.

Year by year, each table of the family (`stats/family.py`) is cut into safe cells (`stats/partition.py`), and the
tables are accepted one after the other, as long as all of them together, and what earlier releases said, pass the
audit (`stats/proof.py`, `stats/audit.py`). What fails is cut more coarsely and audited again; what fails however it
is cut stays out (`stats/cutting.py`).

A later release keeps all blocks of the earlier one as they are, and audits them with the new ones. Late cases make
blocks of their own; what becomes of a case that stands in a block is told by no other (`stats/carrying.py`).

It hides neither that a number put together with others was small, nor what newspapers say.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import date, datetime
from time import monotonic

from django.db import connection, transaction

from incidents.copying import copy_in
from stats import cutting
from stats.carrying import (
    Key,
    bodies_known,
    carry_over,
    members_of,
    shown_of,
    standing_elsewhere,
    standing_otherwise,
    years_of,
)
from stats.closed import ClosedYears
from stats.enums import Measure
from stats.family import COUNTS_BODIES, FAMILY
from stats.models import Block, BlockMember, Denominator, Release, ReleaseBlock
from stats.partition import Cell
from stats.periods import last_closed_day
from stats.proof import Draft
from stats.seal import seal_of
from stats.strata import Bodies

BATCH = 2000
# A release is made at night, its first one of all past years; one that takes longer to prove publishes nothing.
AUDIT_SECONDS = 7200
# What reading, cutting and saving may take besides.
RELEASE_SECONDS = AUDIT_SECONDS + 600

# The code of a table → the years in which it is not as fine as it is declared → its shape; None: left out.
type Coarsened = dict[str, dict[int, int | None]]


class NothingNewError(Exception):
    """No period has closed since the last release."""


class NothingSafeError(Exception):
    """No figure may be shown."""


@transaction.atomic
def make_release(*, now: datetime, seconds: float) -> tuple[Release, Coarsened]:
    """The whole family as finely as it passes the audit, one year in memory at a time; saved whole or not at all.

    What it counts is what stood when it began to read. Raises NothingNewError, NothingSafeError, `audit.AuditTimeout`
    when all has taken more than `seconds`, and `audit.AuditError`.
    """
    check_at_once()
    until, last = last_closed_day(now), Release.objects.order_by("number").last()
    if last and last.covers_until >= until:
        raise NothingNewError
    number, deadline = last.number + 1 if last else 1, monotonic() + seconds
    kept = list(last.blocks.select_related("region")) if last else []
    fresh: list[Block] = []
    coarsened: Coarsened = defaultdict(dict)
    bodies: dict[int, Bodies] = {}
    for draft in drafts(last, number=number, until=until):
        cutting.cut(draft, deadline)
        fresh += save_blocks(draft.fresh)
        bodies[draft.year] = draft.bodies
        for measure, shape in cutting.coarsened(draft):
            coarsened[measure][draft.year] = shape
        del draft  # the next year is spelled out before this name is given to it
    if not kept and not fresh:
        raise NothingSafeError
    release = Release(number=number, published_at=now, covers_until=until)
    save_release(release, [*kept, *fresh], bodies)
    return release, coarsened


def check_at_once() -> None:
    """Foreign keys are checked as each statement ends.

    Kept for the end of the transaction, the checks of millions of members would be gone through again for each row
    that fires a trigger, since pgtrigger's function opens a subtransaction: 25 ms for each block of a release.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def drafts(last: Release | None, *, number: int, until: date) -> Iterator[Draft]:
    """Year after year, what was published and stays, and what is still to be cut."""
    closed = ClosedYears(until)
    elsewhere = standing_elsewhere(last, closed)
    for year in sorted(closed.years | years_of(last)):
        yield draft_of(year, last, closed, elsewhere, number, until)


def draft_of(
    year: int,
    last: Release | None,
    closed: ClosedYears,
    elsewhere: Mapping[Measure, Set[Key]],
    number: int,
    until: date,
) -> Draft:
    draft = Draft(number, year, until, bodies_known(last, year))
    units, members = closed.units(year), members_of(last, year, closed.heirs)
    for table in FAMILY:
        measure = table.measure
        told = standing_otherwise(members, measure).union(elsewhere.get(measure, ()))
        carried = carry_over(members[measure], units[measure], told)
        # What stays is shown whatever comes: the first table is held against it too.
        draft.shown += shown_of(members[measure])
        draft.units[measure] = draft.unshown[measure] = carried.free
        draft.became[measure] = carried.became
    return draft


def save_blocks(fresh: list[tuple[Measure, Cell]]) -> list[Block]:
    """They belong to no release yet, so that nobody is shown them."""
    blocks = Block.objects.bulk_create((block_of(measure, cell) for measure, cell in fresh), batch_size=BATCH)
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
        for block, (_, cell) in zip(blocks, fresh, strict=True)
        for unit in cell.units
    )
    return blocks


def save_release(release: Release, blocks: list[Block], bodies: Mapping[int, Bodies]) -> None:
    """The number of a release is unique, whoever else publishes. `bodies`: those that the audit knew, by year."""
    denominators = denominators_of(release, blocks, bodies)
    release.digest, release.signature, release.verify_key = seal_of(release, blocks, denominators)
    release.save(force_insert=True)
    ReleaseBlock.objects.bulk_create((ReleaseBlock(release=release, block=one) for one in blocks), batch_size=BATCH)
    Denominator.objects.bulk_create(denominators, batch_size=BATCH)


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


def denominators_of(release: Release, blocks: Iterable[Block], bodies: Mapping[int, Bodies]) -> list[Denominator]:
    """How many bodies existed at the end of each year of which a rate is shown."""
    years = sorted({block.starts_on.year for block in blocks if block.measure in COUNTS_BODIES})
    return [
        Denominator(release=release, year=year, region_id=region or None, stratum=stratum, bodies=number)
        for year in years
        for (region, stratum), number in sorted(bodies[year].items())
    ]

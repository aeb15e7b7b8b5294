"""Leaks made on purpose: they go through the same tables as all that is published, so that they are really served."""

from collections import defaultdict
from datetime import date

from django.db import transaction

from collectivities.models import Region
from stats.models import Block, BlockMember, Release, ReleaseBlock
from stats.periods import last_day_of_quarter
from tests.stats.judge import NOWHERE, K, Truth, Unit


@transaction.atomic  # a release is filled by the transaction that made it
def publish_beside(units: list[Unit]) -> Release:
    """One raw sum of a region's quarter, in a new release beside all that the last one holds."""
    last = Release.objects.latest("number")
    release = Release.objects.create(number=last.number + 1, covers_until=last.covers_until)
    regions = {region.code: region for region in Region.objects.all()}
    first = quarter_of(units[0])
    raw = Block.objects.create(
        measure=units[0].measure,
        region=regions[units[0].region],
        starts_on=first,
        ends_on=last_day_of_quarter(first),
        value=sum(unit.number for unit in units),
    )
    BlockMember.objects.bulk_create(
        BlockMember(
            block=raw,
            collectivity_id=unit.body,
            fact_id=unit.case,
            month=unit.month,
            region=raw.region,
            band=unit.band,
            units=unit.number,
        )
        for unit in units
    )
    ReleaseBlock.objects.bulk_create(ReleaseBlock(release=release, block=one) for one in [*last.blocks.all(), raw])
    return release


@transaction.atomic
def publish_without(fact: int) -> Release:
    """Of the last release the numbers of incidents; that in which this case stands is made again without it."""
    last = Release.objects.latest("number")
    release = Release.objects.create(number=last.number + 1, covers_until=last.covers_until)
    old = last.blocks.get(measure="incidents", members__fact=fact)
    others = list(old.members.exclude(fact=fact))
    kept = list(last.blocks.filter(measure=old.measure).exclude(pk=old.pk))
    old.pk, old.value = None, len(others)
    old.save(force_insert=True)
    for member in others:
        member.pk, member.block = None, old
    BlockMember.objects.bulk_create(others)
    ReleaseBlock.objects.bulk_create(ReleaseBlock(release=release, block=one) for one in [*kept, old])
    return release


def small_sum(truth: Truth) -> list[Unit]:
    """Of one region and quarter, what fewer than K bodies bring to one measure: all, or what is in no number."""
    for units in (truth.units, [unit for unit in truth.units if not unit.first]):
        sums: dict[tuple, list[Unit]] = defaultdict(list)
        for unit in units:
            if unit.case and unit.region != NOWHERE:
                sums[unit.measure != "incidents", unit.measure, unit.region, quarter_of(unit)].append(unit)
        for _where, some in sorted(sums.items()):
            if len({unit.body for unit in some}) < K:
                return some
    raise AssertionError("Every sum is of many.")


def quarter_of(unit: Unit) -> date:
    return unit.month.replace(month=(unit.month.month - 1) // 3 * 3 + 1)

"""What everybody knows of a year beside the numbers: how the tables hang together, and how many bodies exist.

Tables that count the same cases otherwise are linked, region by region and period by period (`stats/family.py`).
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise, product

from stats.atoms import Atoms, firsts_of, grain_of, scope_of
from stats.audit import Cap, Floor, Link
from stats.enums import ALL_BANDS, FINEST, DelayBand, Measure
from stats.family import (
    AT_MOST,
    BEHIND,
    BY_BAND,
    BY_MEASURE,
    COUNTS_BODIES,
    HIT_BY,
    IN_ORDER,
    LATE_AT_MOST,
    ONE_LEAK,
)
from stats.partition import Grain, K
from stats.question import UNPUBLISHED, Question, Releases


def links_of(asked: Question) -> Iterator[Link]:
    """Equal where the truth is; where it was corrected since a block was published, as unequal as it is."""
    for measure in asked.tables:
        other = BY_MEASURE[measure].same_units_as
        if other in asked.tables:
            for of in alike(asked, measure, other):
                yield from links_between(asked, (measure,), (other,), at_most=False, of=of)
    at_most = [((measure,), others) for measure, others in (*AT_MOST, *HIT_BY)]
    for some, others in (*at_most, ONE_LEAK):
        if {*some, *others} <= set(asked.tables):
            yield from links_between(asked, some, others, at_most=True)
    yield from links_of_late(asked)
    yield from links_of_bands(asked)


def links_of_late(asked: Question) -> Iterator[Link]:
    for measure, others in LATE_AT_MOST:
        if {measure, *others} <= set(asked.tables):
            releases = set().union(*(asked.releases.get(one, ()) for one in (measure, *others)))
            for at in filter(None, asked.releases.get(measure, ())):
                late = frozenset(one for one in releases if one > at or one == UNPUBLISHED)
                yield from links_between(asked, (measure,), others, at_most=True, of=late)


def links_of_bands(asked: Question) -> Iterator[Link]:
    for measure, other, is_same_band in BY_BAND:
        if {measure, other} <= set(asked.tables):
            yield from links_by_band(asked, measure, other, is_same_band=is_same_band)
    if set(IN_ORDER) <= set(asked.tables):
        yield from links_in_order(asked, *IN_ORDER)


def links_by_band(asked: Question, measure: Measure, other: Measure, *, is_same_band: bool) -> Iterator[Link]:
    """Of each band at most the same one of the other table, or at most all that it has."""
    for region, band in product(sorted(asked.regions), FINEST[measure]):
        there = frozenset([region])
        left, right = (
            asked.atoms_of(one, scope_of(date(asked.year, 1, 1), Grain.YEAR, of_band), there)
            for one, of_band in ((measure, band), (other, band if is_same_band else ALL_BANDS))
        )
        if left and asked.total(left) <= asked.total(right):
            yield Link(left, right, at_most=True)


def links_in_order(asked: Question, later: Measure, earlier: Measure) -> Iterator[Link]:
    """Of the two delays of each case the first is not the longer one; of the late cases too."""
    *bands, unknown = DelayBand.values
    whole = scope_of(date(asked.year, 1, 1), Grain.YEAR, ALL_BANDS)
    ranges = between(asked, later, earlier)
    for region, number, of in product(sorted(asked.regions), range(1, len(bands)), ranges):
        left, right = (
            frozenset(atom for atom in asked.atoms_of(one, whole, frozenset([region]), of) if atom.band in within)
            for one, within in ((later, bands[:number]), (earlier, [*bands[:number], unknown]))
        )
        if left and asked.total(left) <= asked.total(right):
            yield Link(left, right, at_most=True)


def links_between(
    asked: Question,
    some: tuple[Measure, ...],
    others: tuple[Measure, ...],
    *,
    at_most: bool,
    of: Releases | None = None,
) -> Iterator[Link]:
    grain = max((grain_of(one) for one in (*some, *others)), key=list(Grain).index)
    for region, first in product(sorted(asked.regions), firsts_of(asked.year, grain)):
        left, right = (
            frozenset().union(*(cells_of(asked, one, region, first, grain, of) for one in tables))
            for tables in (some, others)
        )
        here, there = asked.total(left), asked.total(right)
        # What one of them says nothing of is empty there, and so in the other one.
        if (left or right) and (here <= there or not at_most):
            yield Link(*((left, right) if here <= there else (right, left)), at_most or here != there)


def alike(asked: Question, measure: Measure, other: Measure) -> list[Releases | None]:
    """All releases, and those up to each by which both tables had counted as many cases: everybody takes these for
    the same, and those that came later as well.
    """
    whole = scope_of(date(asked.year, 1, 1), Grain.YEAR, ALL_BANDS)
    releases = sorted({*asked.releases.get(measure, ()), *asked.releases.get(other, ())})
    # Up to the last one, where all is published, is all.
    earlier = releases[1:] if UNPUBLISHED in releases else releases[:-1]
    first = [frozenset(range(UNPUBLISHED + 1, at + 1)) for at in earlier]
    totals = [[asked.total(asked.atoms_of(one, whole, of=of)) for one in (measure, other)] for of in first]
    return [None, *(of for of, (here, there) in zip(first, totals, strict=True) if 0 < here == there)]


def between(asked: Question, measure: Measure, other: Measure) -> list[Releases | None]:
    """All releases, and those from each by which both tables had counted the same cases to the next."""
    moments = [frozenset[int](), *(of for of in alike(asked, measure, other) if of)]
    everything = frozenset({*asked.releases.get(measure, ()), *asked.releases.get(other, ())})
    return [None, *(after - before for before, after in pairwise([*moments, everything]) if len(moments) > 1)]


def cells_of(asked: Question, measure: Measure, region: int, first: date, grain: Grain, of: Releases | None) -> Atoms:
    return asked.atoms_of(measure, scope_of(first, grain, ALL_BANDS), frozenset([region]), of)


def floors_of(asked: Question) -> Iterator[Floor]:
    """Behind each number stand K bodies at least, each with a case of its own where that number is."""
    whole = scope_of(date(asked.year, 1, 1), Grain.YEAR, ALL_BANDS)
    others = {measure: other for measure, other in BEHIND if {measure, other} <= set(asked.tables)}
    for one, covered in asked.parts() if others else ():
        if other := others.get(one.measure):
            grain = grain_of(one.measure)
            places = {(atom.region, atom.first) for atom in covered}
            there = asked.atoms_of(other, whole, frozenset(region for region, _first in places))
            cells = frozenset(atom for atom in there if (atom.region, grain.first(atom.first)) in places)
            if asked.total(cells) >= K:
                yield Floor(cells, K)


def caps_of(asked: Question) -> Iterator[Cap]:
    """The bodies that exist, where a table counts bodies: that all of them were hit must not be told either.

    Of those that declared some may have gone, or changed region, before the end of the year.
    """
    for measure in (measure for measure in COUNTS_BODIES if measure in asked.tables):
        for (region, stratum), number in sorted(asked.bodies.items()):
            whole = scope_of(date(asked.year, 1, 1), Grain.YEAR, stratum)
            mine = asked.atoms_of(measure, whole, frozenset([region]) if region else None)
            if mine and (stratum or region):
                yield Cap(f"{measure} {region} {stratum}", mine, max(number, asked.total(mine)))

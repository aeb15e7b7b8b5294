"""Which tables are published, in which order, and how finely: the declared family.

The first table, the main tree, is safe by construction (`stats/partition.py`). Each later one crosses it with another
dimension, so it is accepted only if all of them together pass the audit (`stats/disclosure.py`); if they do not, it
is tried again in its next shape, which is coarser, and after its last shape it is left out of that release.
"""

from dataclasses import dataclass

from stats.enums import Measure
from stats.partition import Grain, Shape


@dataclass(frozen=True)
class Table:
    """`same_units_as`: the table of which it counts the same units otherwise, so that their totals must agree."""

    measure: Measure
    shapes: tuple[Shape, ...]
    same_units_as: Measure | None = None


TREE = (Shape(Grain.MONTH), Shape(Grain.QUARTER), Shape(Grain.YEAR, by_band=False))
BY_QUARTER = (Shape(Grain.QUARTER), Shape(Grain.YEAR), Shape(Grain.YEAR, by_band=False))
# Of the kinds of service, of data, of cause: the nation by kind says more than a region without it.
COARSE = (Shape(bands_first=True), Shape(bands_first=True, by_region=False), Shape(by_region=False, by_band=False))
OF_REGIONS = (Shape(), Shape(by_region=False))
OF_THE_NATION = (Shape(by_region=False), Shape(by_region=False, by_band=False))
QUARTERS_OF_THE_NATION = (Shape(Grain.QUARTER, by_region=False), Shape(Grain.YEAR, by_region=False))

FAMILY = (
    Table(Measure.INCIDENTS, TREE),
    Table(Measure.REPORTS, BY_QUARTER),
    Table(Measure.INTERRUPTIONS, BY_QUARTER),
    Table(Measure.LEAKS, BY_QUARTER),
    Table(Measure.UNFOUNDED, OF_REGIONS),
    Table(Measure.QUARTERS, QUARTERS_OF_THE_NATION, same_units_as=Measure.INCIDENTS),
    Table(Measure.BODIES, OF_REGIONS),
    Table(Measure.BODIES_HIT, OF_REGIONS),
    Table(Measure.STRATA, OF_THE_NATION, same_units_as=Measure.BODIES),
    Table(Measure.STRATA_HIT, OF_THE_NATION, same_units_as=Measure.BODIES_HIT),
    Table(Measure.SERVICES, COARSE, same_units_as=Measure.INTERRUPTIONS),
    Table(Measure.CATEGORIES, COARSE),
    Table(Measure.CAUSES, COARSE, same_units_as=Measure.INCIDENTS),
    Table(Measure.HELP, COARSE, same_units_as=Measure.INCIDENTS),
    Table(Measure.DISCOVERY, COARSE, same_units_as=Measure.INCIDENTS),
    Table(Measure.CLOSING, COARSE, same_units_as=Measure.INCIDENTS),
)
# Distinct bodies, of which it is known how many exist.
COUNTS_BODIES = (Measure.BODIES, Measure.BODIES_HIT, Measure.STRATA, Measure.STRATA_HIT)
# The same bodies, by kind.
BY_KIND = {Measure.BODIES: Measure.STRATA, Measure.BODIES_HIT: Measure.STRATA_HIT}
BY_MEASURE = {table.measure: table for table in FAMILY}

# What a body was hit by.
HITS = (Measure.INTERRUPTIONS, Measure.LEAKS)

# What is counted of the first is at most what is counted of the others together, in one region and year.
AT_MOST = (
    (Measure.BODIES, (Measure.INCIDENTS,)),
    (Measure.STRATA, (Measure.INCIDENTS,)),
    (Measure.BODIES_HIT, (Measure.BODIES,)),
    (Measure.BODIES_HIT, (Measure.INCIDENTS,)),
    (Measure.STRATA_HIT, (Measure.BODIES,)),
    (Measure.STRATA_HIT, (Measure.INCIDENTS,)),
)
# The same of what came after any release: a body that is counted late has a late incident, and one that is hit late
# has a late interruption or leak.
LATE_AT_MOST = (
    (Measure.BODIES, (Measure.INCIDENTS,)),
    (Measure.STRATA, (Measure.INCIDENTS,)),
    (Measure.BODIES_HIT, HITS),
    (Measure.STRATA_HIT, HITS),
)
# The same, band by band: a body is hit in its own stratum; a leak is counted once at most in each category.
BY_BAND = ((Measure.STRATA_HIT, Measure.STRATA, True), (Measure.CATEGORIES, Measure.LEAKS, False))
# A body that was hit had an interruption or a leak; and no form nor page lets an incident have two leaks, nor one and
# another that is unfounded: these together are at most the incidents (`ONE_LEAK`).
HIT_BY = (
    (Measure.LEAKS, (Measure.INCIDENTS,)),
    (Measure.UNFOUNDED, (Measure.INCIDENTS,)),
    (Measure.BODIES_HIT, HITS),
    (Measure.STRATA_HIT, HITS),
)
# Those that bound others even where nothing is in them, which nobody knows.
BOUNDING = frozenset(other for _measure, others in (*AT_MOST, *HIT_BY) for other in others)
ONE_LEAK = ((Measure.LEAKS, Measure.UNFOUNDED), (Measure.INCIDENTS,))
# Behind each number of the first stand K bodies or more, so there are as many cases of the second.
BEHIND = (
    (Measure.INTERRUPTIONS, Measure.INCIDENTS),
    (Measure.SERVICES, Measure.INCIDENTS),
    (Measure.CATEGORIES, Measure.LEAKS),
)
# What was closed within some time had been taken charge of within it, or never was (`DelayBand.UNKNOWN`).
IN_ORDER = (Measure.CLOSING, Measure.HELP)


def tried_before(measure: Measure) -> list[Measure]:
    """The tables that a release has accepted, or left out, when it comes to that one."""
    return [*BY_MEASURE][: [*BY_MEASURE].index(measure)]


def tied_to(measure: Measure, there: set[Measure], *, with_hits: bool = True) -> set[Measure]:
    """The tables among `there` that some chain of links ties to `measure`, itself included; `HIT_BY` and `BEHIND` too,
    unless those are wanted that count the same cases.
    """
    pairs = [(table.measure, table.same_units_as) for table in FAMILY if table.same_units_as]
    pairs += [(measure, other) for measure, others in (*AT_MOST, *HIT_BY * with_hits) for other in others]
    pairs += [(measure, other) for measure, other, _is_same_band in BY_BAND]
    pairs += BEHIND * with_hits
    found, ahead = set(), {measure}
    while ahead:
        found |= ahead
        near = {b for a, b in pairs if a in ahead} | {a for a, b in pairs if b in ahead}
        ahead = (near & there) - found
    return found

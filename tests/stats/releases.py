"""Two releases with something in every file, sealed and saved by the real code, from cells cut by hand.

What is cut, and that it is safe, other tests say; an audit for each of these would only be slow.
"""

from datetime import date
from itertools import cycle, islice

from django.db import transaction

from collectivities.models import Collectivity, Region
from stats.disclosure import save_blocks, save_release
from stats.enums import Measure
from stats.models import Block, Release
from stats.partition import Cell, Scope, Unit
from stats.strata import existing_bodies
from tests.stats.cases import on

WINTER = date(2025, 1, 1), date(2025, 3, 31)
FEBRUARY = date(2025, 2, 1), date(2025, 2, 28)
SPRING = date(2025, 4, 1), date(2025, 6, 30)
YEAR = date(2025, 1, 1), date(2025, 12, 31)
NEXT_WINTER = date(2026, 1, 1), date(2026, 3, 31)
RANSOM = "information-content-security/rancon"


def first_release() -> Release:
    cells = [
        (Measure.INCIDENTS, "53", FEBRUARY, RANSOM, 12),
        (Measure.INCIDENTS, "53", SPRING, "information-content-security", 6),
        (Measure.INCIDENTS, "94", YEAR, "", 6),
        (Measure.INCIDENTS, "", YEAR, "", 6),
        (Measure.INTERRUPTIONS, "53", WINTER, "0-4h", 12),
        (Measure.LEAKS, "53", SPRING, "6-50/confirmed", 6),
        (Measure.BODIES, "53", YEAR, "", 18),
        (Measure.BODIES, "", YEAR, "", 9),
        (Measure.STRATA, "", YEAR, "commune/0-499", 20),
        (Measure.STRATA, "", YEAR, "commune", 7),
    ]
    return save(1, on(2026, 1, 30), date(2025, 12, 31), cells)


def second_release() -> Release:
    """A new quarter, and late cases in numbers of their own."""
    cells = [
        (Measure.INCIDENTS, "53", NEXT_WINTER, "", 12),
        (Measure.INCIDENTS, "53", FEBRUARY, RANSOM, 5),
        (Measure.LEAKS, "53", SPRING, "6-50/confirmed", 9),
    ]
    return save(2, on(2026, 4, 30), date(2026, 3, 31), cells, kept=Block.objects.all())


@transaction.atomic  # a release is filled by the transaction that made it
def save(number, at, until, cells, kept=()):
    release = Release(number=number, published_at=at, covers_until=until)
    kept = list(kept)
    fresh = save_blocks([(measure, cell(*said)) for measure, *said in cells])
    save_release(release, [*kept, *fresh], {year: existing_bodies(year) for year in (2025, 2026)})
    return release


def cell(code, days, band, value):
    region = Region.objects.get(code=code).pk if code else None
    bodies = islice(cycle(Collectivity.objects.order_by("pk").values_list("pk", flat=True)[:value]), value)
    units = tuple(Unit(None, body, region, days[0], band, 1) for body in bodies)
    return Cell(Scope(region, *days, band), units)

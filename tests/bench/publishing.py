"""A year of a country counted and published: how long that takes, what may be told at its volume. A child process.

BENCH_PER_YEAR: how many declarations that year holds.
"""

import os
from collections import Counter
from time import monotonic

import django

django.setup()

from django.db.models import Sum  # noqa: E402

from stats.enums import Measure  # noqa: E402
from stats.family import FAMILY  # noqa: E402
from stats.models import Attempt, Block, Rollup  # noqa: E402
from stats.rollups import fold_all  # noqa: E402
from stats.services import publish_release  # noqa: E402
from tests.bench.figures import Figure, absolute, hand_over  # noqa: E402

AUDIT_SECONDS = 1800
LEVELS = ["region × month × type", "region × month", "region × quarter", "region × year", "nation × year", "not shown"]
DAYS_OF_A_MONTH, DAYS_OF_A_QUARTER = 31, 92


def main():
    year = f"{os.environ['BENCH_PER_YEAR']} declarations a year"
    hand_over([*counted(year), *published(year), *shares(year), *tables(year)])


def counted(year):
    began = monotonic()
    facts = fold_all()
    yield absolute(f"{year}: facts counted", facts / max(monotonic() - began, 0.001), "facts/s")


def published(year):
    publish_release(seconds=AUDIT_SECONDS)
    attempt = Attempt.objects.latest("pk")
    name = f"{year}: a release made and audited ({attempt.outcome})"
    yield Figure(name, round(attempt.seconds, 1), "s", "published", attempt.outcome == "published")


def shares(year):
    """Of the verified incidents of the closed year, how many are shown at each level of detail."""
    shown = Counter()
    for block in Block.objects.filter(measure=Measure.INCIDENTS):
        shown[level(block)] += block.value
    exact = Rollup.objects.filter(measure=Measure.INCIDENTS).aggregate(all=Sum("value"))["all"] or 0
    shown["not shown"] = exact - shown.total()
    for one in LEVELS:
        yield absolute(f"{year}: incidents shown by {one}", 100 * shown[one] / max(exact, 1), "%")


def level(block):
    if block.region_id is None:
        return "nation × year"
    days = (block.ends_on - block.starts_on).days
    if days > DAYS_OF_A_QUARTER:
        return "region × year"
    if days > DAYS_OF_A_MONTH:
        return "region × quarter"
    return "region × month × type" if "/" in block.band else "region × month"


def tables(year):
    coarsened = Attempt.objects.latest("pk").coarsened
    for table in FAMILY:
        blocks = Block.objects.filter(measure=table.measure).count()
        shapes = coarsened.get(table.measure, {}).values()
        said = f"shapes {', '.join(map(shape_of, shapes))} of {len(table.shapes) - 1}" if shapes else "as declared"
        yield absolute(f"{year}: {table.measure}, {said}", blocks, "blocks")


def shape_of(number):
    return "none" if number is None else str(number)


if __name__ == "__main__":
    main()

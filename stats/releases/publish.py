"""Publishing: which periods are due, and making one release of each in one transaction.

A year is published once, on a fixed day of the next one (`STATS_YEAR_PUBLISHED_ON`), when few cases are still to be
verified. Each quarter is published once, `SETTLED_AFTER` its end. A period without cases is published too, so that the
date of a release reveals nothing about cases.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import takewhile

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Min

from stats.counting.periods import PARIS, SETTLED_AFTER, find_month_end
from stats.counting.strata import count_existing_bodies
from stats.disclosure.draw import Drawn, draw_release
from stats.disclosure.tables import Period
from stats.enums import Stratum
from stats.models import CaseFact
from stats.releases import seal
from stats.releases.rows import Denominator, Figure, Release
from stats.releases.tally import count_cells, freeze_cases, save_cases


def list_due_periods(now: datetime) -> list[Period]:
    """Return the periods to publish at `now`, the earliest first.

    They begin with the period of the first declaration and come after the last published one: what is declared later
    about an earlier period is a line of a later year. A period waits for those before it.
    """
    today = now.astimezone(PARIS).date()
    first = CaseFact.objects.aggregate(first=Min("quarter"))["first"]
    if first is None:
        return []
    last = max((rank(Period(*row)) for row in Release.objects.values_list("year", "quarter")), default=(0, 0))
    later = (period for period in list_periods(first, today) if rank(period) > last)
    return list(takewhile(lambda period: due_on(period) <= today, later))


def first_due_on(now: datetime) -> date:
    """Return the date from which the current quarter is published, whatever was declared in it."""
    today = now.astimezone(PARIS).date()
    return due_on(Period(today.year, (today.month + 2) // 3))


def rank(period: Period) -> tuple[int, int]:
    """Return the order of publication: a year comes after its quarters."""
    return period.year, period.quarter or 5


def list_periods(first: date, today: date) -> Iterator[Period]:
    """Yield the quarters of each year and then the year, from the quarter of `first` on."""
    for year in range(first.year, today.year + 1):
        for quarter in (1, 2, 3, 4):
            if Period(year, quarter).starts_on >= first:
                yield Period(year, quarter)
        yield Period(year)


def due_on(period: Period) -> date:
    """Return the date, in Paris, from which a period is published. A year is never published before its
    last quarter is due.
    """
    quarter_is_due = find_month_end(period.last_month) + SETTLED_AFTER
    if period.quarter:
        return quarter_is_due
    return max(date(period.year + 1, *settings.STATS_YEAR_PUBLISHED_ON), quarter_is_due)


@transaction.atomic
def make_release(period: Period, *, now: datetime) -> tuple[Release, Drawn]:
    """Freeze, count, draw, audit, seal and save one release. Raise UnsafeReleaseError, and then save nothing.

    The caller holds the lock of publishing. The database refuses a second release of a period.
    """
    check_foreign_keys_at_once()
    key = seal.rounding_key()
    release = Release(
        number=(Release.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        year=period.year,
        quarter=period.quarter,
        published_at=now,
        rounding_key=seal.fingerprint(key),
    )
    freeze_cases(period)
    existing = Counter[tuple[int, str]]() if period.quarter else count_existing_bodies(period.year)
    earlier = [seal.load_printed(one) for one in seal.list_earlier(period)]
    drawn = draw_release(count_cells(period, existing), period=period, earlier=earlier, key=key)
    save_release(release, drawn, {stratum.value: existing[0, stratum] for stratum in Stratum if existing})
    save_cases(release)
    return release, drawn


def check_foreign_keys_at_once() -> None:
    """Make PostgreSQL check foreign keys at the end of each statement.

    Deferred to the end of the transaction, the checks of some hundred thousand cases would be walked again for each
    row that fires a trigger, since pgtrigger's function opens a subtransaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def save_release(release: Release, drawn: Drawn, bodies: dict[str, int]) -> None:
    denominators = [Denominator(release=release, stratum=one, bodies=number) for one, number in bodies.items()]
    printed = seal.describe_release(release, drawn.tables, denominators, seal.list_earlier(release.period))
    release.printed = seal.encode(printed)
    release.digest, release.signature, release.verify_key = seal.seal(release.printed)
    release.save(force_insert=True)
    Denominator.objects.bulk_create(denominators)
    Figure.objects.bulk_create(
        Figure(release=release, table=table["code"], first=first, second=second, value=value)
        for table in drawn.tables
        for cell, value in table["cells"]
        for first, second in [(*cell, "", "")[:2]]
    )

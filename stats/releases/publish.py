"""The publication of the figures: which periods are due, and how the release of one period is made.

A year is published once, on a fixed day of the next year (`STATS_YEAR_PUBLISHED_ON`), when few cases are still to be
verified. Each quarter is published once, when `SETTLED_AFTER` has passed since its end. A period without cases is
published too, so that the date of a release reveals nothing about cases.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import takewhile

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Min

from stats.counting.strata import count_existing_bodies
from stats.disclosure.draw import DrawResult, draw_release
from stats.disclosure.tables import Period
from stats.enums import Stratum
from stats.models import CaseFact
from stats.periods import PARIS, SETTLED_AFTER, find_month_end
from stats.releases import seal
from stats.releases.rows import Denominator, Figure, Release
from stats.releases.tally import count_cells, freeze_cases, save_cases

YEAR_RANK = 5  # the rank of a year, after its quarters


def list_due_periods(now: datetime) -> list[Period]:
    """Return the periods to publish at `now`, the earliest first.

    They begin after the last published period, or with the period of the first declaration. A period waits for all
    periods before it, because a later year counts the cases that an earlier period did not count.
    """
    today = now.astimezone(PARIS).date()
    first_quarter = CaseFact.objects.aggregate(first=Min("quarter"))["first"]
    if first_quarter is None:
        return []
    last_rank = find_last_rank()
    later = (period for period in list_periods(first_quarter, today) if rank_period(period) > last_rank)
    return list(takewhile(lambda period: find_due_day(period) <= today, later))


def find_current_quarter_due_day(now: datetime) -> date:
    """Return the date from which the current quarter will be published. It does not depend on the declarations."""
    today = now.astimezone(PARIS).date()
    return find_due_day(Period(today.year, (today.month + 2) // 3))


def rank_period(period: Period) -> tuple[int, int]:
    """Return a sort key for the order of publication. A year comes after its quarters."""
    return period.year, period.quarter or YEAR_RANK


def find_last_rank() -> tuple[int, int]:
    """Return the rank of the last published period, or (0, 0) if there is none. Runs one query."""
    periods = Release.objects.values_list("year", "quarter")
    return max((rank_period(Period(*row)) for row in periods), default=(0, 0))


def list_periods(first_day: date, today: date) -> Iterator[Period]:
    """Yield the periods in the order of publication, from the first quarter that starts on `first_day` or later to the
    year of `today`.
    """
    for year in range(first_day.year, today.year + 1):
        for quarter in (1, 2, 3, 4):
            if Period(year, quarter).starts_on >= first_day:
                yield Period(year, quarter)
        yield Period(year)


def find_due_day(period: Period) -> date:
    """Return the date, in Paris, from which a period is published. A year always waits until its last quarter is
    due.
    """
    quarter_is_due = find_month_end(period.last_month) + SETTLED_AFTER
    if period.quarter:
        return quarter_is_due
    return max(date(period.year + 1, *settings.STATS_YEAR_PUBLISHED_ON), quarter_is_due)


@transaction.atomic
def make_release(period: Period, *, now: datetime) -> tuple[Release, DrawResult]:
    """Freeze the cases of a period, count them, draw the figures, audit them, then sign and save the release.

    The caller holds `Lock.PUBLISH`. The database refuses a second release of a period. Raises UnsafeRelease and saves
    nothing if no draw is safe.
    """
    check_foreign_keys_at_once()
    key = seal.derive_rounding_key()
    release = Release(
        number=(Release.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        year=period.year,
        quarter=period.quarter,
        published_at=now,
        rounding_key=seal.compute_fingerprint(key),
    )
    freeze_cases(period)
    existing = Counter[tuple[int, str]]() if period.quarter else count_existing_bodies(period.year)
    earlier = [seal.load_printed(signed) for signed in seal.list_quarterly_releases(period)]
    draw = draw_release(count_cells(period, existing), period=period, earlier=earlier, key=key)
    save_release(release, draw, {stratum.value: existing[0, stratum] for stratum in Stratum if existing})
    save_cases(release)
    return release, draw


def check_foreign_keys_at_once() -> None:
    """Make PostgreSQL check foreign keys at the end of each statement instead of at the end of the transaction.

    Otherwise some hundred thousand checks would wait for the end. PostgreSQL would go through all of them for each row
    that fires a trigger, because pgtrigger's function opens a subtransaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def save_release(release: Release, draw: DrawResult, bodies: dict[str, int]) -> None:
    """Sign and save a release with its figures and denominators. `bodies` maps each stratum to its number of
    bodies.
    """
    denominators = [Denominator(release=release, stratum=stratum, bodies=number) for stratum, number in bodies.items()]
    printed = seal.make_signed_document(
        release, draw.tables, denominators, seal.list_quarterly_releases(release.period)
    )
    release.printed = seal.encode_document(printed)
    release.digest, release.signature, release.verify_key = seal.sign_document(release.printed)
    release.save(force_insert=True)
    Denominator.objects.bulk_create(denominators)
    Figure.objects.bulk_create(
        Figure(release=release, table=table["code"], first=first, second=second, value=value)
        for table in draw.tables
        for cell, value in table["cells"]
        for first, second in [(*cell, "", "")[:2]]
    )

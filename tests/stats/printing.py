"""Releases as rows, with any printed numbers, without cases and without a draw, for tests of the pages about them."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from zoneinfo import ZoneInfo

from django.db import transaction

from stats.disclosure.draw import Values, format_table
from stats.disclosure.figures import OPENS_FROM
from stats.disclosure.tables import CATEGORIES, SHORT_LIST_OF, Period, Table, list_tables
from stats.enums import Stratum
from stats.releases import seal
from stats.releases.rows import Denominator, Figure, Release

PARIS = ZoneInfo("Europe/Paris")
PUBLISHED_AT = datetime(2026, 4, 1, 6, tzinfo=PARIS)
BODIES = dict(zip(Stratum.values, (18_700, 9_800, 5_300, 1_050, 1_250, 120), strict=True))


@transaction.atomic
def print_release(period: Period, tables: Mapping[str, Values], *, at: datetime = PUBLISHED_AT) -> Release:
    """Save a release with these figures. `tables`: code → cell → value, None for a dash."""
    release = Release(
        number=Release.objects.count() + 1,
        year=period.year,
        quarter=period.quarter,
        published_at=at,
        rounding_key="0" * 16,
        digest="d1" * 32,
        signature="51" * 64,
        verify_key="7e" * 32,
    )
    existing = {} if period.quarter else BODIES
    bodies = [Denominator(release=release, stratum=stratum, bodies=number) for stratum, number in existing.items()]
    described = [format_table(table, tables.get(table.code, {})) for table in list_tables(period)]
    release.printed = seal.encode_document(
        seal.make_signed_document(release, described, bodies, seal.list_quarterly_releases(period))
    )
    release.save()
    Denominator.objects.bulk_create(bodies)
    Figure.objects.bulk_create(
        Figure(release=release, table=code, first=first, second=second, value=value)
        for code, cells in tables.items()
        for cell, value in cells.items()
        for first, second in [(*cell, "", "")[:2]]
    )
    return release


def print_year(year: int, incidents: int, **changed: Values) -> Release:
    """Save the five releases of a year with `incidents` incidents, spread evenly over its quarters. Return the release
    of the year.

    `changed` are tables of the year to print otherwise.
    """
    for quarter in (1, 2, 3, 4):
        period = Period(year, quarter)
        print_release(period, spread_tables(period, incidents // 4))
    return print_release(Period(year), spread_tables(Period(year), incidents) | changed)


def spread_tables(period: Period, incidents: int) -> dict[str, Values]:
    """Return the tables of a period with `incidents` incidents, opened by the publication rule."""
    tables: dict[str, Values] = {}
    for table in list_tables(period):
        cells = dict(spread_table(table, period, incidents, tables))
        if cells:
            tables[table.code] = cells
    for long, short in SHORT_LIST_OF.items():
        if long in tables:
            tables.pop(short, None)
    return tables


TOTALS = {"incidents": 1, "reports": 0.6, "interruptions": 0.5, "leaks": 0.3, "unfounded": 0.1, "late": 0.05}


def spread_table(
    table: Table, period: Period, incidents: int, tables: Mapping[str, Values]
) -> Iterator[tuple[tuple[str, ...], int | None]]:
    if not table.by:
        yield (), round_to_print(incidents * TOTALS[table.code])
        return
    weights = make_shares(period.months if table.by == ("month",) else CATEGORIES[table.by[-1]])
    for within in [(code,) for code in CATEGORIES["region"]] if len(table.by) > 1 else [()]:
        total = tables.get(table.opened_by, {}).get(within)
        if total is not None and total >= table.opens_from:
            for category, weight in weights.items():
                rarity = tables.get(table.categories_opened_by, {}).get((category,)) or 0
                if not table.categories_opened_by or rarity >= OPENS_FROM:
                    yield (*within, category), round_to_print(total * weight)


def make_shares(categories: Collection[str]) -> dict[str, float]:
    """Return a share for each category. Each share is four fifths of the one before, and they add up to one."""
    shares = list(accumulate(categories, lambda share, _code: share * 0.8, initial=1.0))[1:]
    return {code: share / sum(shares) for code, share in zip(categories, shares, strict=True)}


def round_to_print(value: float) -> int | None:
    """Return the nearest multiple of five, or a dash."""
    return round(value / 5) * 5 if value >= 5 else None

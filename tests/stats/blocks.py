"""Published numbers by hand: pages are then told exactly what they read, without cases and without an audit."""

from datetime import UTC, date, datetime

from django.db import transaction

from collectivities.models import Region
from stats.models import Block, Denominator, Release, ReleaseBlock
from stats.periods import last_day_of_month, last_day_of_quarter
from stats.published.numbers import SEVERAL, Number
from stats.published.page import page_of
from stats.published.reading import Source

PLACES = {
    "53": "Bretagne",
    "94": "Corse",
    "01": "Guadeloupe",
    "11": "Île-de-France",
    "975": "Saint-Pierre-et-Miquelon",
}
REGIONS = {code: Region(pk=key, code=code, name=name) for key, (code, name) in enumerate(PLACES.items(), 1)}


def year(number):
    return date(number, 1, 1), date(number, 12, 31)


def quarter(of_year, number):
    first = date(of_year, 3 * number - 2, 1)
    return first, last_day_of_quarter(first)


def month(of_year, number):
    first = date(of_year, number, 1)
    return first, last_day_of_month(first)


def block(measure, period, value, *, region="", band=""):
    """`region` "": several together."""
    return measure, region, *period, band, value


def a_page(*blocks, of_year=2025, region="", quarter_number=0, until=None, years=(2025, 2024), bodies=None, late=()):
    """The page that these blocks make, without a database. `bodies`: (year, region code, stratum) → number.

    `late`: blocks that came first in a later release.
    """
    numbers = [
        Number(measure, REGIONS[code].pk if code else SEVERAL, *rest, since)
        for since, some in ((1, blocks), (2, late))
        for measure, code, *rest in some
    ]
    release = Release(
        number=3, covers_until=until or date(of_year, 12, 31), published_at=datetime(2026, 1, 30, tzinfo=UTC)
    )
    return page_of(
        Source(
            releases=[release],
            release=release,
            regions=list(REGIONS.values()),
            region=REGIONS.get(region),
            years=list(years),
            year=of_year,
            quarter=quarter_number,
            numbers=numbers,
            bodies={
                (of, REGIONS[code].pk if code else SEVERAL, stratum): number
                for (of, code, stratum), number in (bodies or {}).items()
            },
        )
    )


@transaction.atomic
def a_release(*blocks, until, bodies=None):
    """The same in the database, as the next release."""
    last = Release.objects.order_by("-number").first()
    release = Release.objects.create(
        number=last.number + 1 if last else 1,
        covers_until=until,
        published_at=datetime(until.year + until.month // 12, until.month % 12 + 1, 30, tzinfo=UTC),
    )
    regions = {"": None} | {one.code: one for one in Region.objects.all()}
    rows = [
        Block(measure=measure, region=regions[code], starts_on=first, ends_on=last_day, band=band, value=value)
        for measure, code, first, last_day, band, value in blocks
    ]
    Block.objects.bulk_create(rows)
    ReleaseBlock.objects.bulk_create(ReleaseBlock(release=release, block=row) for row in rows)
    Denominator.objects.bulk_create(
        Denominator(release=release, year=of, region=regions[code], stratum=stratum, bodies=number)
        for (of, code, stratum), number in (bodies or {}).items()
    )
    return release


STRATA = ("commune/0-499", "commune/500-1999", "commune/2000-9999", "commune/10000+", "grouping", "large")
DELAYS = ("0-1h", "1-4h", "4-24h", "1-3d", "3-7d", "7-30d", "30d+", "unknown")


def everything(of_year):
    """Each section that a page can have: numbers alone, merged, of several regions, late."""
    whole = year(of_year)
    yield from (
        block("incidents", month(of_year, n), 9 + n, region="53", band="intrusions/boite") for n in range(1, 7)
    )
    yield from (block("incidents", month(of_year, n), 5, region="53", band="fraud") for n in range(1, 7))
    yield block("incidents", month(of_year, 2), 5, region="53")
    yield block("incidents", quarter(of_year, 3), 24, region="53")
    yield block("incidents", whole, 12, region="53")
    yield from (block("incidents", whole, value, region=code) for code, value in (("11", 60), ("84", 150), ("94", 6)))
    yield block("incidents", whole, 14)
    yield from (block("quarters", quarter(of_year, number), 60 + number) for number in (1, 2))
    yield block("quarters", whole, 170)
    yield from (block("reports", quarter(of_year, n), 20, region="53") for n in (1, 2, 3, 4))
    yield from (block("interruptions", whole, 9, region="53", band=band) for band in ("0-4h", "1-3d", "unknown"))
    yield from (block("services", whole, 8, region=code, band="messagerie") for code in ("53", ""))
    yield from (block("services", whole, 6, region="53", band=band) for band in ("civil", "site"))
    yield block("services", whole, 9)
    yield from (block("leaks", whole, 7, region="53", band=f"6-50/{one}") for one in ("confirmed", "claimed"))
    yield from (block("categories", whole, 9, region="53", band=band) for band in ("etat_civil", "nir", "sante"))
    yield from (block("causes", whole, 40, region="53", band=band) for band in ("phishing", "flaw", "not_said"))
    for measure in ("discovery", "help", "closing"):
        yield from (block(measure, whole, 30 - 3 * n, region="53", band=band) for n, band in enumerate(DELAYS[:7]))
    yield from (block("bodies", whole, value, region=code) for code, value in (("53", 90), ("11", 50), ("", 60)))
    yield block("bodies_hit", whole, 30, region="53")
    yield from (block("strata", whole, 30, band=band) for band in STRATA)
    yield from (block("strata_hit", whole, 9, band=band) for band in STRATA[1:])


def bodies_of(of_year):
    alone = {(of_year, "53", ""): 1267, (of_year, "11", ""): 1330, (of_year, "", ""): 36_348}
    return alone | {(of_year, "", band): 200 * 3**number for number, band in enumerate(reversed(STRATA))}

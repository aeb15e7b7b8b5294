"""What the public page says: figures read from the blocks of the last release, and from nothing else.

Each figure is a sum of whole blocks. What no block shows alone is None: it was put together with others, or is zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from collectivities.models import Region
from csirts.wording import at
from incidents.enums import PersonsBand
from stats.enums import ALL_BANDS, LEAK_STATUSES, HoursBand, Measure
from stats.models import Block, Release
from stats.periods import last_day_of_quarter, quarter_of, quarters_of


class UnknownSelectionError(Exception):
    """No such region, or no figure of that year is published."""


@dataclass(frozen=True)
class Number:
    """One block, as published. `region` 0: several together."""

    measure: str
    region: int
    starts_on: date
    ends_on: date
    band: str
    value: int

    @property
    def quarter(self) -> date | None:
        """The quarter that it covers, or of which it covers a month; None if it covers the year."""
        first = quarter_of(self.starts_on)
        return first if self.ends_on <= last_day_of_quarter(first) else None


@dataclass(frozen=True)
class Line:
    """One line of a table. `share` is the length of its bar, in percent of the longest."""

    label: str
    incidents: int | None = None
    interruptions: int | None = None
    leaks: int | None = None
    code: str = ""
    is_rest: bool = False
    share: int = 0

    @property
    def value(self) -> int | None:
        """The first figure that the line has: tables of one measure fill one column."""
        return next((n for n in (self.incidents, self.interruptions, self.leaks) if n is not None), None)


@dataclass(frozen=True)
class Page:
    release: Release | None
    regions: list[Region]
    region: Region | None
    years: list[int]
    year: int
    total: Line
    by_quarter: list[Line]
    by_region: list[Line]
    by_hours: list[Line]
    by_persons: list[Line]
    by_status: list[Line]

    @property
    def where(self) -> str:
        return at(self.region) if self.region else _("en France")

    @property
    def regions_not_alone(self) -> list[Line]:
        return [line for line in self.by_region if line.value is None]

    @property
    def status_says_something(self) -> bool:
        """Whether at least half of the leaks are told apart by status; below, the table would say nothing."""
        rest = sum(line.value or 0 for line in self.by_status if line.is_rest)
        return rest * 2 <= (self.total.leaks or 0)

    @property
    def is_whole_year(self) -> bool:
        return self.release is not None and self.release.covers_until >= date(self.year, 12, 31)


def read_page(*, region_code: str, year: str) -> Page:
    """The figures of a region ("" for the nation) and a year ("" for the last one), in at most four queries.

    Raises UnknownSelectionError.
    """
    regions = list(Region.objects.all())
    region = chosen(region_code, {one.code: one for one in regions})
    release = Release.objects.order_by("number").last()
    years = years_of(release)
    shown = chosen(year, {str(one): one for one in years}) or max(years, default=0)
    numbers = numbers_of(release, shown, region)
    return Page(
        release=release,
        regions=regions,
        region=region,
        years=years,
        year=shown,
        total=line("", numbers),
        by_quarter=quarter_lines(numbers, shown, release),
        by_region=[] if region else region_lines(numbers, regions),
        by_hours=band_lines(numbers, Measure.INTERRUPTIONS, HoursBand),
        by_persons=band_lines(numbers, Measure.LEAKS, PersonsBand),
        by_status=status_lines(numbers),
    )


def chosen[T](code: str, known: dict[str, T]) -> T | None:
    if not code:
        return None
    if code not in known:
        raise UnknownSelectionError(code)
    return known[code]


def years_of(release: Release | None) -> list[int]:
    """The years that a release shows, the last one first."""
    days = Block.objects.filter(releases=release).dates("starts_on", "year") if release else []
    return sorted((day.year for day in days), reverse=True)


def numbers_of(release: Release | None, year: int, region: Region | None) -> list[Number]:
    if release is None:
        return []
    blocks = Block.objects.filter(releases=release, starts_on__year=year)
    if region:
        blocks = blocks.filter(region=region)
    rows = blocks.order_by("pk").values_list("measure", "region", "starts_on", "ends_on", "band", "value")
    return [Number(measure, of or 0, starts, ends, band, value) for measure, of, starts, ends, band, value in rows]


# Sums of whole blocks


def summed(numbers: Iterable[Number], measure: str) -> int | None:
    values = [number.value for number in numbers if number.measure == measure]
    return sum(values) if values else None


def line(label: str, numbers: list[Number], *, code: str = "") -> Line:
    return Line(
        label,
        incidents=summed(numbers, Measure.INCIDENTS),
        interruptions=summed(numbers, Measure.INTERRUPTIONS),
        leaks=summed(numbers, Measure.LEAKS),
        code=code,
    )


def quarter_lines(numbers: list[Number], year: int, release: Release | None) -> list[Line]:
    closed = [first for first in quarters_of(year) if release and first <= release.covers_until] if year else []
    lines = [line(name_of_quarter(first), [n for n in numbers if n.quarter == first]) for first in closed]
    return with_bars(lines, line(_("Non ventilé par trimestre"), [n for n in numbers if n.quarter is None]))


def region_lines(numbers: list[Number], regions: list[Region]) -> list[Line]:
    lines = [line(one.name, [n for n in numbers if n.region == one.pk], code=one.code) for one in regions]
    lines.sort(key=lambda one: -(one.value or 0))
    return with_bars(lines, line(_("Régions regroupées"), [n for n in numbers if n.region == 0]))


def band_lines(numbers: list[Number], measure: str, bands: Iterable[HoursBand | PersonsBand]) -> list[Line]:
    mine = [number for number in numbers if number.measure == measure]
    lines = [line(str(band.label), [n for n in mine if n.band.split("/")[0] == band]) for band in bands]
    return with_bars(lines, line(_("Non ventilé"), [n for n in mine if n.band == ALL_BANDS]))


def status_lines(numbers: list[Number]) -> list[Line]:
    mine = [number for number in numbers if number.measure == Measure.LEAKS]
    lines = [line(str(status.label), [n for n in mine if n.band.endswith(f"/{status}")]) for status in LEAK_STATUSES]
    return with_bars(lines, line(_("Non ventilé"), [n for n in mine if "/" not in n.band]))


def with_bars(lines: list[Line], rest: Line) -> list[Line]:
    """With the remainder last if there is one, and the length of each bar."""
    every = [*lines, replace(rest, is_rest=True)] if rest.value is not None else lines
    longest = max((one.value or 0 for one in every), default=0)
    return [replace(one, share=round(100 * (one.value or 0) / longest) if longest else 0) for one in every]


def name_of_quarter(first: date) -> str:
    names = (_("1er trimestre"), _("2e trimestre"), _("3e trimestre"), _("4e trimestre"))
    return names[first.month // 3]


def highest(lines: Iterable[Line]) -> str:
    """The label that comes first whatever the remainder holds; "" if none surely does."""
    lines = list(lines)
    rest = sum(one.value or 0 for one in lines if one.is_rest)
    ranked = sorted((one for one in lines if not one.is_rest), key=lambda one: -(one.value or 0))
    if len(ranked) < 2 or not ranked[0].value or ranked[0].value <= (ranked[1].value or 0) + rest:
        return ""
    return ranked[0].label

"""The two tables that follow time: incidents along a year beside the year before, and types by period."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from incidents.enums import TYPE_TERMS, IncidentType
from incidents.rsit import RsitClass
from stats.enums import ALL_BANDS, type_band
from stats.periods import last_day_of_month, last_day_of_quarter, quarters_of
from stats.published.numbers import (
    SEVERAL,
    Cell,
    Fit,
    Number,
    Period,
    Place,
    State,
    added,
    cell,
    fit,
    of_region,
    summed,
    within,
)
from stats.published.spans import Row, Span, joined, merge, row_of
from stats.published.zeros import unsure, without_unsure

LEVELS = 5
MONTHS = (
    *(("Janvier", "janv."), ("Février", "févr."), ("Mars", "mars"), ("Avril", "avr."), ("Mai", "mai")),
    *(("Juin", "juin"), ("Juillet", "juil."), ("Août", "août"), ("Septembre", "sept."), ("Octobre", "oct.")),
    *(("Novembre", "nov."), ("Décembre", "déc.")),
)
QUARTERS = (("1er trimestre", "T1"), ("2e trimestre", "T2"), ("3e trimestre", "T3"), ("4e trimestre", "T4"))


@dataclass(frozen=True)
class Scale:
    """Levels 1 to 5 of equal width, for the grounds of cells that also say their number."""

    step: int

    def level(self, value: float) -> int:
        return min(LEVELS, max(1, ceil(value / self.step)))

    def steps(self, used: Iterable[int]) -> list[tuple[int, int, int | None]]:
        """(level, first, last) of those used; no last: and more."""
        return [
            (level, (level - 1) * self.step + 1, level * self.step if level < LEVELS else None)
            for level in sorted(set(used))
        ]


def scale_for(values: Iterable[float]) -> Scale:
    return Scale(round_up(max(values, default=1) / LEVELS))


def round_up(value: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50…: what people count by."""
    ten = 1
    while True:
        for digit in (1, 2, 5):
            if digit * ten >= value:
                return digit * ten
        ten *= 10


@dataclass(frozen=True)
class Trend:
    """Incidents of `year` along `periods`, with the year before if it has numbers of its own for the same periods.

    `apart`: incidents of another table of the same ones beyond that total.
    """

    year: int
    periods: list[Period]
    now: Row
    before: Row | None
    by_month: bool
    apart: int = 0

    @property
    def alone(self) -> int:
        """What stands in periods of its own."""
        return sum(span.value or 0 for span in self.now.spans if not span.is_merged)

    def lines(self) -> Iterator[tuple[Period, Span | None, Span | None]]:
        before = dict(self.before.lines()) if self.before else {}
        for (index, span), period in zip(self.now.lines(), self.periods, strict=True):
            yield period, span, before.get(index)


def trend(
    numbers: Sequence[Number],
    region: int | None,
    year: int,
    until: date,
    *,
    by_month: bool,
    others: Sequence[Number] = (),
) -> Trend | None:
    """None where no number of the year stands for less than the year. `others`: of the same incidents."""
    is_one_cut = region is not None or all(number.region == SEVERAL for number in numbers)
    numbers = added(numbers, by_region=region is not None, by_band=False)
    now, before = (
        along(numbers, region, named(one, by_month=by_month), until, is_one_cut=is_one_cut, others=others)
        for one in (year, year - 1)
    )
    if not any(span.is_shown and not is_over_all(span, now) for span in now.spans):
        return None
    periods = named(year, by_month=by_month)
    return Trend(year, periods, now, before if any(span.is_shown for span in before.spans) else None, by_month)


def along(
    numbers: Sequence[Number],
    region: int | None,
    periods: list[Period],
    until: date,
    *,
    is_one_cut: bool,
    others: Sequence[Number],
) -> Row:
    """The row of a year, to its end: what is not closed waits."""
    first, last = periods[0].starts_on, periods[-1].ends_on
    of_year = within(numbers, Period(first, last))
    closed = [period for period in periods if last_day_of_quarter(period.starts_on) <= until]
    place = Place(region, periods[0], is_over=last <= until)
    row = row_of(str(first.year), of_year, of_year, closed, place, is_one_cut=is_one_cut)
    row = without_unsure(row, closed, unsure(of_year, others, closed))
    waiting = (Span(index, 1, Cell(None, State.WAITING)) for index in range(len(closed), len(periods)))
    return replace(row, spans=(*row.spans, *waiting))


def is_over_all(span: Span, row: Row) -> bool:
    return span.is_merged and len(row.spans) == 1


def named(year: int, *, by_month: bool) -> list[Period]:
    if by_month:
        firsts = [date(year, month, 1) for month in range(1, 13)]
        return [Period(first, last_day_of_month(first), *MONTHS[first.month - 1]) for first in firsts]
    return [Period(first, last_day_of_quarter(first), *QUARTERS[n]) for n, first in enumerate(quarters_of(year))]


# Types by period


@dataclass(frozen=True)
class Heat:
    """`rows`: types and classes that have figures; `grouped`: those without; `total`: all of this table.

    `apart`: incidents of the nation's own table beyond that total, of whatever type.
    """

    periods: list[Period]
    rows: list[Row]
    grouped: Row
    total: Row
    scale: Scale
    by_month: bool
    apart: int = 0

    @property
    def incidents(self) -> int:
        return (self.total.total or 0) + self.apart

    @property
    def of_no_type(self) -> int | None:
        """The total of what is grouped; None where there is none in this table, and some beyond it."""
        return self.grouped.total or (None if self.apart else 0)

    @property
    def named(self) -> int:
        return sum(row.total or 0 for row in self.rows)

    @property
    def says_something(self) -> bool:
        """At least two types, and half of the cases told apart by type; or one that all of them are of."""
        return self.named * 2 >= self.incidents if len(self.rows) > 1 else 0 < self.incidents == self.named

    @property
    def has_loose(self) -> bool:
        return any(row.loose for row in (*self.rows, self.grouped))

    @property
    def alone(self) -> int:
        """What stands in a type and a period of its own."""
        return sum(span.value or 0 for row in self.rows for span in row.spans if not span.is_merged)

    @property
    def spans(self) -> list[Span]:
        return [span for row in (*self.rows, self.grouped) for span in row.spans]

    @property
    def steps(self) -> list[tuple[int, int, int | None]]:
        return self.scale.steps(span.level for span in self.spans if span.level)

    @property
    def states(self) -> set[str]:
        """What the legend has to explain."""
        merged = {"merged"} if any(span.is_merged for span in self.spans) else set()
        return merged | {span.cell.state.value for span in self.spans}


def heat(
    numbers: Sequence[Number], place: Place, periods: list[Period], *, others: Sequence[Number] = ()
) -> Heat | None:
    """Of the place's period alone: what wider numbers hold of it is in no total. `others`: of the same incidents."""
    doubtful = unsure(numbers, others, periods)
    numbers = [one for one in added(numbers, by_region=place.region is not None) if place.period.meets(one)]
    inside = within(numbers, place.period)
    if not of_region(inside, place.region) or not periods:
        return None
    rows = [row_of_band(label, some, numbers, periods, band, place) for band, label, some in parts_of(numbers)]
    rows = [row for row in rows if row.total]
    whole = [number for number in inside if number.band == ALL_BANDS]
    is_one_cut = place.region is not None
    grouped = row_of(_("Types regroupés"), whole, numbers, periods, place, is_one_cut=is_one_cut)
    total = row_of(_("Ensemble"), inside, numbers, periods, place, is_one_cut=is_one_cut)
    *rows, grouped, total = (without_unsure(row, periods, doubtful) for row in (*rows, grouped, total))
    scale = scale_for((span.value or 0) / span.length for row in (*rows, grouped) for span in row.spans)
    return Heat(
        periods,
        sorted((levelled(row, scale) for row in rows), key=lambda row: -(row.total or 0)),
        levelled(grouped, scale),
        total,
        scale,
        by_month=periods[0].ends_on == last_day_of_month(periods[0].starts_on),
    )


def parts_of(numbers: Sequence[Number]) -> Iterator[tuple[str, str, list[Number]]]:
    """Each type, then each class of which several types were put together: band, label, what says something of it."""
    for kind in IncidentType:
        yield type_band(kind), capfirst(str(TYPE_TERMS[kind])), list(numbers)
    for rsit_class in RsitClass:
        some = [number for number in numbers if number.band in (ALL_BANDS, rsit_class)]
        yield rsit_class, _("%(class)s, types regroupés") % {"class": rsit_class.label}, some


def row_of_band(
    label: str,
    numbers: list[Number],
    everything: Sequence[Number],
    periods: Sequence[Period],
    band: str,
    place: Place,
) -> Row:
    """Where a period has any number of its own, a band that no number covers is zero, though the year goes on."""
    mine = of_region(numbers, place.region)
    spans = {
        index: Span(index, 1, cell(numbers, Place(place.region, one, place.is_over or bool(within(mine, one))), band))
        for index, one in enumerate(periods)
    }
    inside = [one for one in within(mine, place.period) if fit(band, one.band) is Fit.INSIDE]
    loose = merge(spans, inside, of_region(everything, place.region), periods, is_one_cut=place.region is not None)
    return Row(label, tuple(joined(spans[index] for index in sorted(spans))), loose, summed(inside))


def levelled(row: Row, scale: Scale) -> Row:
    """With the ground of each figure; a merged one by its mean."""
    spans = (
        replace(span, level=scale.level(span.value / span.length)) if span.is_shown and span.value else span
        for span in row.spans
    )
    return replace(row, spans=tuple(spans))

"""Figures along the periods of a year: one for each, or one number for several that were put together.

A row holds spans. A merged span is one published number over neighbouring periods that have none of their own; what
has a place in no span (late cases, mostly) is the row's `loose` number, « non ventilé ».

That a period has a number of its own says that no wider one of the same release holds any of it; late cases of that
period may be in a wider one of a later release.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from stats.periods import last_day_of_quarter
from stats.published.numbers import Cell, Number, Period, Place, State, cell, of_region, summed, within


@dataclass(frozen=True)
class Span:
    """`length` periods from the one of index `first`. `over` says of what a merged number is the whole, or "" ."""

    first: int
    length: int
    cell: Cell
    is_merged: bool = False
    over: str = ""
    level: int = 0

    @property
    def value(self) -> int | None:
        return self.cell.value

    @property
    def is_shown(self) -> bool:
        return self.cell.state is State.SHOWN


@dataclass(frozen=True)
class Row:
    label: str
    spans: tuple[Span, ...]
    loose: int  # in no period of its own
    total: int | None

    def lines(self) -> Iterator[tuple[int, Span | None]]:
        """Period by period: the span that begins there, None inside one."""
        starts = {span.first: span for span in self.spans}
        for index in range(sum(span.length for span in self.spans)):
            yield index, starts.get(index)


YEAR, QUARTER = "year", "quarter"
type Cut = tuple[int, Period]  # of which release, and over what


def row_of(
    label: str,
    numbers: Sequence[Number],
    everything: Sequence[Number],
    periods: Sequence[Period],
    place: Place,
    *,
    is_one_cut: bool,
) -> Row:
    """`numbers`: of the row; `everything`: of all rows, which say what periods have no number of their own.

    `is_one_cut`: one partition along time. Where regions are added, what one keeps for the year is not what is missing
    in the quarters of another: a number then lies only over periods of which nobody says anything.
    """
    mine, whole = of_region(numbers, place.region), of_region(everything, place.region)
    cuts, missing = cuts_of(whole), missing_in(whole, periods)
    spans = {}
    for index, period in enumerate(periods):
        nothing = cell(everything, replace(place, period=period))
        alone = alone_in(period, mine, cuts, is_one_cut=is_one_cut)
        spans[index] = Span(index, 1, nothing if period in missing else alone)
    loose = merge(spans, mine, whole, periods, is_one_cut=is_one_cut)
    return Row(label, tuple(joined(spans[index] for index in sorted(spans))), loose, summed(mine))


def cuts_of(numbers: Iterable[Number]) -> set[Cut]:
    return {(number.since, Period(number.starts_on, number.ends_on)) for number in numbers}


def missing_in(numbers: Sequence[Number], periods: Iterable[Period]) -> set[Period]:
    return {period for period in periods if not within(numbers, period)}


def alone_in(period: Period, numbers: Sequence[Number], cuts: set[Cut], *, is_one_cut: bool) -> Cell:
    """Of a period of which some row says something: zero where no wider number of this one may count any."""
    own = summed(within(numbers, period))
    if own is not None:
        return Cell(own, State.SHOWN)
    wider = [number for number in numbers if period.meets(number)]
    may_hold_some = any(
        not is_one_cut or may_hold(Period(number.starts_on, number.ends_on), period, {number.since}, cuts)
        for number in wider
    )
    return Cell(None, State.WITHHELD) if may_hold_some else Cell(0, State.ZERO)


def merge(
    spans: dict[int, Span],
    numbers: Iterable[Number],
    everything: Sequence[Number],
    periods: Sequence[Period],
    *,
    is_one_cut: bool,
) -> int:
    """Put each wider number over the periods that it alone covers, the narrower first. Returns what finds no place."""
    cuts, missing = cuts_of(everything), missing_in(everything, periods)
    loose, wider = 0, [number for number in numbers if not any(period.holds(number) for period in periods)]
    for scope in sorted({Period(number.starts_on, number.ends_on) for number in wider}, key=length_and_start):
        same = [number for number in wider if (number.starts_on, number.ends_on) == scope[:2]]
        value, releases = sum(number.value for number in same), {number.since for number in same}
        inside = [index for index, period in enumerate(periods) if is_inside(period, scope)]
        held = [index for index in inside if may_hold(scope, periods[index], releases, cuts)]
        is_free = all(periods[index] in missing and stands_alone(spans, index) for index in held)
        is_run = bool(held) and held == list(range(held[0], held[-1] + 1))
        if not is_free or not is_run or (held != inside and not is_one_cut):
            loose += value
            continue
        is_whole = held == inside and periods[0].starts_on <= scope.starts_on and scope.ends_on <= periods[-1].ends_on
        for index in held:
            del spans[index]
        over = over_what(scope) if is_whole else ""
        spans[held[0]] = Span(held[0], len(held), Cell(value, State.SHOWN), is_merged=True, over=over)
    return loose


def may_hold(scope: Period, period: Period, releases: set[int], cuts: set[Cut]) -> bool:
    """Whether a number of `scope` in one of these releases may count cases of `period`: not where all of them have a
    narrower one there.
    """
    narrower = {since for since, cut in cuts if cut != scope and is_inside(cut, scope) and is_inside(period, cut)}
    return not releases <= narrower


def stands_alone(spans: dict[int, Span], index: int) -> bool:
    return index in spans and not spans[index].is_merged


def length_and_start(scope: Period) -> tuple[timedelta, date]:
    return scope.ends_on - scope.starts_on, scope.starts_on


def is_inside(period: Period, other: Period) -> bool:
    return other.starts_on <= period.starts_on and period.ends_on <= other.ends_on


def over_what(scope: Period) -> str:
    return YEAR if scope.ends_on > last_day_of_quarter(scope.starts_on) else QUARTER


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Neighbours that are grouped with others are one span: there is nothing to tell them apart."""
    for is_withheld, same in groupby(spans, key=lambda span: span.cell.is_withheld):
        some = list(same)
        if is_withheld:
            yield replace(some[0], length=sum(span.length for span in some))
        else:
            yield from some

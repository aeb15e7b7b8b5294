"""Where a zero is not sure: another table of the same incidents counts more there."""

from collections.abc import Sequence
from dataclasses import replace

from stats.periods import last_day_of_quarter, quarter_of
from stats.published.numbers import SEVERAL, Cell, Number, Period, State, added, within
from stats.published.spans import Row, cuts_of, joined, may_hold


def unsure(numbers: Sequence[Number], others: Sequence[Number], periods: Sequence[Period]) -> set[Period]:
    """The periods of which `others`, of the same incidents of the nation, may count some that `numbers` do not."""
    if not others:
        return set()
    is_one_cut = all(number.region == SEVERAL for number in others)
    numbers, others = added(numbers, by_band=False), added(others, by_band=False)
    quarters = {quarter_with(period) for period in periods}
    found = {one for one in quarters if may_be_more(numbers, others, one, is_one_cut=is_one_cut)}
    return {period for period in periods if quarter_with(period) in found}


def may_be_more(numbers: Sequence[Number], others: Sequence[Number], quarter: Period, *, is_one_cut: bool) -> bool:
    """In the quarter itself, or in what is counted for longer. `is_one_cut`: see `row_of`."""
    if counted(others, quarter) > counted(numbers, quarter):
        return True
    cuts = cuts_of(others)
    longer = (one for one in others if quarter.meets(one) and not quarter.holds(one))
    lies_over = any(
        not is_one_cut or may_hold(Period(one.starts_on, one.ends_on), quarter, {one.since}, cuts) for one in longer
    )
    first, last = quarter.starts_on.replace(month=1), quarter.starts_on.replace(month=12, day=31)
    return lies_over and counted(others, Period(first, last)) > counted(numbers, Period(first, last))


def are_all_in(numbers: Sequence[Number], others: Sequence[Number], period: Period) -> bool:
    """Whether what `others`, of the same incidents of the nation, count of that period may all stand in `numbers`.

    Else a region of which none of these counts any may have some all the same.
    """
    scopes = [period]
    if any(period.meets(one) and not period.holds(one) for one in others):
        scopes.append(Period(period.starts_on.replace(month=1), period.starts_on.replace(month=12, day=31)))
    return all(counted(others, one) <= sum(n.value for n in numbers if one.meets(n)) for one in scopes)


def counted(numbers: Sequence[Number], period: Period) -> int:
    return sum(number.value for number in within(numbers, period))


def quarter_with(period: Period) -> Period:
    first = quarter_of(period.starts_on)
    return Period(first, last_day_of_quarter(first))


def without_unsure(row: Row, periods: Sequence[Period], where: set[Period]) -> Row:
    """A row in which no zero stands where it is not sure."""
    spans = (
        replace(span, cell=Cell(None, State.WITHHELD))
        if span.cell.state is State.ZERO and periods[span.first] in where
        else span
        for span in row.spans
    )
    return replace(row, spans=tuple(joined(spans)))

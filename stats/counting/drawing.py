"""The chart of an exact page."""

from stats.categories import SHORT_MONTHS
from stats.counting.exact import ExactYear
from stats.counting.sums import COLUMNS, Month
from stats.enums import Measure
from stats.pages.charts import LineChart, Series, line_charts

INCIDENTS = COLUMNS.index(Measure.INCIDENTS)


def draw_months(exact: ExactYear) -> dict[str, LineChart] | None:
    """Return the chart of verified incidents along the year, the whole year before beside it; None if there are none.

    The line stops where the year has come to. That of the year before begins with the first figures of the scope.
    """
    now = Series(str(exact.year), take_incidents(exact.months))
    before = None
    if exact.before:
        values = take_incidents(exact.before.months)
        if exact.before.since:
            unknown = exact.before.since.month - 1
            values = (None,) * unknown + values[unknown:]
        before = Series(str(exact.before.year), values)
    if not any(now.values) and not (before and any(before.values)):
        return None
    return line_charts(SHORT_MONTHS, now, before)


def take_incidents(months: list[Month]) -> tuple[int | None, ...]:
    values = [month.figures[INCIDENTS] for month in months]
    return (*values, *[None] * (12 - len(values)))

"""The exact sums of one scope, year by year. Their number follows months and bands, never cases."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Min, Sum

from stats.counting.scope import Scope
from stats.enums import Measure
from stats.models import Rollup

COLUMNS = (Measure.DECLARED, Measure.INCIDENTS, Measure.REPORTS, Measure.INTERRUPTIONS, Measure.LEAKS)

type ByBand = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Month:
    """One month, or several together. `figures`: in the order of COLUMNS."""

    first: date
    figures: tuple[int, ...]


@dataclass(frozen=True)
class Sums:
    """The sums of one year by (number of the month, measure, band)."""

    year: int
    by_key: Mapping[tuple[int, str, str], int]

    def month(self, number: int) -> Month:
        by_measure: Counter[str] = Counter()
        for (month, measure, _band), value in self.by_key.items():
            if month == number:
                by_measure[measure] += value
        return Month(date(self.year, number, 1), tuple(by_measure[measure] for measure in COLUMNS))

    def months(self, last: int = 12) -> list[Month]:
        return [self.month(number) for number in range(1, last + 1)]

    def total(self, last: int) -> Month:
        """Return the sum of the first `last` months."""
        columns = zip(*(month.figures for month in self.months(last)), strict=True)
        return Month(date(self.year, 1, 1), tuple(map(sum, columns)))

    def by_band(self, last: int) -> ByBand:
        """Return the sum of the first `last` months by (measure, band)."""
        found: ByBand = Counter()
        for (month, measure, band), value in self.by_key.items():
            if month <= last:
                found[measure, band] += value
        return found

    def last_month(self, today: date) -> int:
        """Return how many months of this year have begun. East of Paris the next one does so half a day before."""
        if self.year < today.year:
            return 12
        begun = today.month if self.year == today.year else 1
        return max([begun, *(month for month, _measure, _band in self.by_key)])


@dataclass(frozen=True)
class Span:
    """The years that have figures, the last first, and the first month that has any."""

    years: list[int]
    first: date | None


def find_span(scope: Scope, today: date) -> Span:
    """Return the years from the first that has figures to the current one, which is always there. One query."""
    ends = Rollup.objects.filter(scope.row_filter).aggregate(first=Min("month"), last=Max("month"))
    first = min(ends["first"].year, today.year) if ends["first"] else today.year
    last = max(ends["last"].year, today.year) if ends["last"] else today.year
    return Span(list(range(last, first - 1, -1)), ends["first"])


def read_sums(scope: Scope, year: int) -> tuple[Sums, Sums]:
    """Return the sums of the year before and of `year`. One query."""
    rows = Rollup.objects.filter(scope.row_filter, month__range=(date(year - 1, 1, 1), date(year, 12, 31)))
    by_year: dict[int, dict[tuple[int, str, str], int]] = defaultdict(dict)
    for month, measure, band, value in rows.values_list("month", "measure", "band").annotate(Sum("value")):
        by_year[month.year][month.month, measure, band] = value
    return Sums(year - 1, by_year[year - 1]), Sums(year, by_year[year])


def sum_incidents_by_region(year: int, last: int) -> dict[int, dict[int | None, int]]:
    """Return verified incidents of the first `last` months of `year` and of the year before: year → région → number.

    One query.
    """
    both_years = (date(year - 1, 1, 1), date(year, 12, 31))
    rows = Rollup.objects.filter(measure=Measure.INCIDENTS, month__range=both_years, month__month__lte=last)
    by_year: dict[int, dict[int | None, int]] = {year - 1: {}, year: {}}
    for region, of_year, value in rows.values_list("region", "month__year").annotate(Sum("value")):
        by_year[of_year][region] = value
    return by_year

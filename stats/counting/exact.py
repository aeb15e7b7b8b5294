"""Exact figures, for those entitled (`stats/counting/access.py`). They protect nobody: nothing public is made of them.

The year before stands beside the year asked, over the same months: while a year goes on, three months are compared
with three. Distinct bodies are counted for a whole year, and the words say so.
"""

from dataclasses import dataclass
from datetime import date

from django.http import Http404
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from collectivities.models import Region
from csirts.wording import curly
from stats.categories import UNKNOWN_REGION
from stats.counting.breakdowns import Breakdowns, make_breakdowns
from stats.counting.delays import AT_MOST, Halves, compute_halves
from stats.counting.rates import BodyCount, Rate, count_bodies, list_rates, total_of
from stats.counting.scope import Scope
from stats.counting.strata import regions_with_bodies
from stats.counting.sums import Month, Sums, find_span, read_sums, sum_incidents_by_region
from stats.models import FigureCheck
from stats.pages.labels import upper_first


@dataclass(frozen=True)
class RegionLine:
    """Verified incidents of one région; no code for those of which no région is known."""

    code: str
    name: str
    value: int
    before: int


@dataclass(frozen=True)
class YearBefore:
    """The year before, over the months that are compared, and over all twelve for the chart.

    `since`: the first month that has any figure, if it lies in that year and is not its first.
    """

    year: int
    last: int
    months: list[Month]
    total: Month
    bodies: BodyCount
    since: date | None

    @property
    def label(self) -> str:
        """« 2025 », « Janvier à mars 2025 »: the head of a column."""
        return upper_first(name_months(self.year, self.last))

    @property
    def within(self) -> str:
        """« en 2025 », « de janvier à mars 2025 »: as in a sentence."""
        words = name_months(self.year, self.last)
        return _("de %s") % words if 1 < self.last < 12 else _("en %s") % words

    @property
    def compared(self) -> list[Month]:
        """The months that are compared, in their order."""
        return self.months[: self.last]


@dataclass(frozen=True)
class ExactYear:
    """One year of one scope. `before` is None where the scope has no figures of the year before."""

    scope: Scope
    year: int
    years: list[int]
    today: date
    months: list[Month]
    total: Month
    before: YearBefore | None
    breakdowns: Breakdowns
    body_count: BodyCount
    rates: list[Rate]
    regions: list[RegionLine]
    is_doubtful: bool

    @property
    def declared(self) -> int:
        return self.total.figures[0]

    @property
    def verified(self) -> int:
        return self.total.figures[1] + self.total.figures[2]

    @property
    def is_running(self) -> bool:
        return self.year == self.today.year

    @property
    def notes(self) -> list[str]:
        """What to know before comparing the two years."""
        notes = []
        if self.before is None:
            notes.append(_("Il n’y a pas de chiffres de %d à comparer.") % (self.year - 1))
        elif self.is_running:
            notes.append(_("L’année précédente est comptée sur les mêmes mois : %s.") % self.before.within)
        if self.is_running:
            month = upper_first(date_format(self.today, "F Y"))
            notes.append(_("%s n’est pas fini, et ses dossiers ont eu moins de temps pour être vérifiés.") % month)
        if self.before and self.before.since:
            notes.append(_("Les premiers chiffres datent de %s.") % date_format(self.before.since, "F Y"))
        return notes

    @property
    def month_pairs(self) -> list[tuple[Month, Month | None]]:
        """Each month beside the same one of the year before."""
        before: list[Month] | list[None] = self.before.compared if self.before else [None] * len(self.months)
        return list(zip(self.months, before, strict=True))

    @property
    def at_most(self) -> int:
        """Up to how many incidents halves are computed."""
        return AT_MOST


def read_exact_year(scope: Scope, *, year: str, today: date) -> ExactYear:
    """Return the year asked, "" for the current one. Raise Http404 for a year outside of the figures of this scope."""
    span = find_span(scope, today)
    if year and year not in map(str, span.years):
        raise Http404
    asked = int(year) if year else today.year
    sums_before, sums = read_sums(scope, asked)
    last = sums.last_month(today)
    total = sums.total(last)
    counts_before, counts = count_bodies(scope, asked)
    has_before = asked - 1 in span.years
    return ExactYear(
        scope=scope,
        year=asked,
        years=span.years,
        today=today,
        months=sums.months(last),
        total=total,
        before=make_year_before(sums_before, last, total_of(counts_before), span.first) if has_before else None,
        breakdowns=make_breakdowns(sums_before.by_band(last), sums.by_band(last), find_halves(scope, total)),
        body_count=total_of(counts),
        rates=list_rates(scope, (counts_before, counts), asked, today=today, has_before=has_before),
        regions=list_regions(asked, last) if scope.is_nation else [],
        is_doubtful=FigureCheck.objects.filter(mistakes__gt=0, repaired_at=None).exists(),
    )


def make_year_before(sums: Sums, last: int, bodies: BodyCount, first: date | None) -> YearBefore:
    since = first if first and first.year == sums.year and first.month > 1 else None
    return YearBefore(sums.year, last, sums.months(), sums.total(last), bodies, since)


def find_halves(scope: Scope, total: Month) -> dict[str, Halves]:
    """Return the exact times by measure, where there are few enough incidents to look at each."""
    if not 0 < total.figures[1] <= AT_MOST:
        return {}
    return compute_halves(scope.row_filter, total.first.year)


def list_regions(year: int, last: int) -> list[RegionLine]:
    """Return every région that has bodies, those with most incidents first, then what no région is known of."""
    by_year = sum_incidents_by_region(year, last)
    before, now = by_year[year - 1], by_year[year]
    lines = [line_of_region(region, before, now) for region in regions_with_bodies()]
    unknown = RegionLine("", upper_first(str(UNKNOWN_REGION)), now.get(None, 0), before.get(None, 0))
    lines.sort(key=lambda line: (-line.value, -line.before))
    return [*lines, *([unknown] if unknown.value or unknown.before else [])]


def line_of_region(region: Region, before: dict[int | None, int], now: dict[int | None, int]) -> RegionLine:
    return RegionLine(region.code, curly(region.name), now.get(region.pk, 0), before.get(region.pk, 0))


def name_months(year: int, last: int) -> str:
    """Return « 2025 » for twelve months, else « janvier 2025 » or « janvier à mars 2025 »."""
    if last == 12:
        return str(year)
    end = date_format(date(year, last, 1), "F Y")
    return end if last == 1 else _("janvier à %s") % end

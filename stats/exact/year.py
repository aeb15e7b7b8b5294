"""Exact figures for entitled readers (`stats/exact/access.py`). They are not protected and never published.

A year is compared with the year before, and the current year with the same months of the year before. Distinct bodies
are counted by whole year, and the texts say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.http import Http404
from django.utils.formats import date_format

from stats.exact.access import Scope
from stats.exact.sums import (
    BodyCount,
    ByBand,
    Quantiles,
    Rate,
    RegionCount,
    Sums,
    Totals,
    compute_quantiles,
    count_bodies,
    find_span,
    list_exact_rates,
    list_region_counts,
    load_sums,
    sum_bodies,
)
from stats.models import FigureCheck
from stats.pages.labels import upper_first


@dataclass(frozen=True)
class YearFigures:
    """One year of a scope. `last` is the number of the last of the compared months."""

    year: int
    last: int
    sums: Sums
    bodies: BodyCount
    rates: list[Rate]

    @cached_property
    def total(self) -> Totals:
        return self.sums.sum_months(1, self.last)

    @cached_property
    def by_band(self) -> ByBand:
        return self.sums.sum_bands(1, self.last)

    @property
    def label(self) -> str:
        """« 2025 » or « Janvier à mars 2025 », as the head of a column."""
        return upper_first(name_months(self.year, self.last))

    @property
    def within(self) -> str:
        """« en 2025 » or « de janvier à mars 2025 », inside a sentence."""
        words = name_months(self.year, self.last)
        return f"de {words}" if 1 < self.last < 12 else f"en {words}"


@dataclass(frozen=True)
class ExactYear:
    """One year of one scope. `before` is None if the scope has no figures of the year before.

    `since` is the first month with figures if they began during the year before (after January); otherwise it is None.
    """

    scope: Scope
    years: list[int]
    today: date
    now: YearFigures
    before: YearFigures | None
    since: date | None
    quantiles: Mapping[str, Quantiles]
    regions: list[RegionCount]
    is_doubtful: bool

    @property
    def year(self) -> int:
        return self.now.year

    @property
    def verified(self) -> int:
        return self.now.total.incidents + self.now.total.reports

    @property
    def is_running(self) -> bool:
        return self.year == self.today.year

    @property
    def notes(self) -> list[str]:
        """The notes to read before comparing the two years."""
        notes = []
        if self.before is None:
            notes.append("Il n’y a pas de chiffres de %s à comparer." % (self.year - 1))
        elif self.is_running:
            notes.append(
                f"Les dossiers sont comparés à ceux des mêmes mois : {self.before.within}. Les collectivités, "
                f"comptées une fois dans l’année, et leurs taux le sont à toute l’année {self.before.year}."
            )
        if self.is_running:
            month = upper_first(date_format(self.today, "F Y"))
            notes.append(f"{month} n’est pas fini, et ses dossiers ont eu moins de temps pour être vérifiés.")
        if self.since:
            notes.append("Les premiers chiffres datent de {}.".format(date_format(self.since, "F Y")))
        return notes


def load_exact_year(scope: Scope, *, year: str, today: date) -> ExactYear:
    """Return the figures of the requested year, or of the current year for "". Raises Http404 for a year before the
    first figures of this scope, or after the current year.
    """
    years, first_month = find_span(scope, today)
    if year and year not in map(str, years):
        raise Http404
    number = int(year) if year else today.year
    sums_before, sums = load_sums(scope, number)
    last_month = sums.find_last_month(today)
    now = load_year(scope, sums, last_month, today)
    has_before = number - 1 in years
    starts_late = first_month and first_month.year == number - 1 and first_month.month > 1
    return ExactYear(
        scope=scope,
        years=years,
        today=today,
        now=now,
        before=load_year(scope, sums_before, last_month, today) if has_before else None,
        since=first_month if starts_late else None,
        quantiles=compute_quantiles(scope, number, now.total.incidents),
        regions=list_region_counts(number, last_month) if scope.is_nation else [],
        is_doubtful=FigureCheck.objects.filter(mistakes__gt=0, repaired_at=None).exists(),
    )


def load_year(scope: Scope, sums: Sums, last_month: int, today: date) -> YearFigures:
    counts = count_bodies(scope.row_filter, sums.year)
    return YearFigures(
        sums.year, last_month, sums, sum_bodies(counts), list_exact_rates(scope, counts, sums.year, today)
    )


def name_months(year: int, last_month: int) -> str:
    """Return « 2025 » for twelve months, else « janvier 2025 » or « janvier à mars 2025 »."""
    if last_month == 12:
        return str(year)
    end = date_format(date(year, last_month, 1), "F Y")
    return end if last_month == 1 else f"janvier à {end}"

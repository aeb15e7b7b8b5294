"""Exact figures for entitled readers (`stats/exact/access.py`). They are not protected and never published.

A past year is compared with the whole year before, and the current year with the same months of the year before.
Distinct bodies are always counted by whole year, and the texts say so. Months before the service have no number. A
comparison with the year in which the service began names the months that have figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.http import Http404
from django.utils.dates import MONTHS
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
    count_bodies_by_stratum,
    find_years_and_service_start,
    list_exact_rates,
    list_region_counts,
    load_sums,
    sum_bodies,
)
from stats.labels import upper_first
from stats.models import FigureCheck


@dataclass(frozen=True)
class YearFigures:
    """The figures of one year of a scope. `first` and `last` are the numbers of two months.

    `first` is the first month of the service in that year. `last` is the last month that is compared with another
    year.
    """

    year: int
    first: int
    last: int
    sums: Sums
    bodies: BodyCount
    rates: list[Rate]

    @cached_property
    def total(self) -> Totals:
        """The totals of the compared months."""
        return self.sums.sum_months(1, self.last)

    @cached_property
    def sums_by_band(self) -> ByBand:
        """The sums of the compared months by (measure, band)."""
        return self.sums.sum_bands(1, self.last)

    @property
    def label(self) -> str:
        """The heading of the column of this year: « 2025 » or « Janvier à mars 2025 »."""
        return upper_first(format_months(self.year, self.first, self.last))

    @property
    def period_in_sentence(self) -> str:
        """The compared months inside a sentence: « en 2025 » or « de janvier à mars 2025 »."""
        return format_months_in_sentence(self.year, self.first, self.last)


@dataclass(frozen=True)
class ExactYear:
    """The exact figures of one year of one scope. `before` is None if the scope has no figures of the year before.

    `since` is the first month of the service if the service began during one of these two years, but not in January.
    Otherwise it is None. `is_doubtful` is true while a recount has found a difference that is not repaired.
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
    def verified_count(self) -> int:
        """The number of verified cases, incidents and reports together."""
        return self.now.total.incidents + self.now.total.reports

    @property
    def is_current_year(self) -> bool:
        return self.year == self.today.year

    @property
    def compared_year(self) -> YearFigures | None:
        """The figures of the year before, or None if the compared months of that year have no figures."""
        return self.before if self.before and self.before.first <= self.before.last else None

    @property
    def bodies_period(self) -> str:
        """The months of the year before in which its bodies are counted, as part of a sentence.

        Examples are « en 2025 », « en 2025, toute l’année » beside the current year, and « de février à décembre
        2025 ». The text is "" if the scope has no figures of the year before.
        """
        if self.before is None:
            return ""
        words = format_months_in_sentence(self.before.year, self.before.first, 12)
        return f"{words}, toute l’année" if self.is_current_year and self.before.first == 1 else words

    @property
    def notes(self) -> list[str]:
        """The French notes to read before comparing the two years."""
        notes = []
        if self.before is None:
            notes.append("Il n’y a pas de chiffres de %s à comparer." % (self.year - 1))
        elif self.is_current_year:
            notes += explain_comparison(self.before)
        if self.is_current_year:
            month = upper_first(date_format(self.today, "F Y"))
            notes.append(f"{month} n’est pas fini, et ses dossiers ont eu moins de temps pour être vérifiés.")
        if self.since:
            month = date_format(self.since, "F Y")
            notes.append(f"Le service a commencé en {month} : l’année {self.since.year} n’est pas entière.")
        return notes


def load_exact_year(scope: Scope, *, year: str, today: date) -> ExactYear:
    """Return the exact figures of a year, or of the current year if `year` is "".

    Raises Http404 for a year without a page. `find_years_and_service_start` says which years have one.
    """
    years, start = find_years_and_service_start(scope, today)
    if year and year not in map(str, years):
        raise Http404
    number = int(year) if year else today.year
    sums_before, sums = load_sums(scope, number)
    last_month = sums.find_last_month(today)
    now = load_year_figures(scope, sums, start, last_month, today)
    before = load_year_figures(scope, sums_before, start, last_month, today) if number - 1 in years else None
    return ExactYear(
        scope=scope,
        years=years,
        today=today,
        now=now,
        before=before,
        since=start if now.first > 1 or (before and before.first > 1) else None,
        quantiles=compute_quantiles(scope, number, now.total.incidents),
        regions=list_region_counts(number, last_month) if scope.is_nation else [],
        is_doubtful=FigureCheck.objects.filter(mistakes__gt=0, repaired_at=None).exists(),
    )


def load_year_figures(scope: Scope, sums: Sums, start: date | None, last_month: int, today: date) -> YearFigures:
    """Return the figures of the scope for the year `sums.year`. `last_month` is the last month that is compared.

    `start` is the first month of the service, or None if there are no figures yet.
    """
    first_month = start.month if start and start.year == sums.year else 1
    counts = count_bodies_by_stratum(scope.row_filter, sums.year)
    rates = list_exact_rates(scope, counts, sums.year, today)
    return YearFigures(sums.year, first_month, last_month, sums, sum_bodies(counts), rates)


def explain_comparison(before: YearFigures) -> list[str]:
    """Return the sentences that say with which months the current year is compared."""
    is_whole = before.first == 1
    if before.first > before.last:
        cases = f"Il n’y a pas de chiffres des mêmes mois de {before.year} à comparer."
    elif is_whole:
        cases = f"Les dossiers sont comparés à ceux des mêmes mois : {before.period_in_sentence}."
    else:
        cases = f"Les dossiers sont comparés à ceux des mêmes mois qui ont des chiffres : {before.period_in_sentence}."
    months = f"toute l’année {before.year}" if is_whole else f"tous les mois de {before.year} qui ont des chiffres"
    return [cases, f"Les collectivités, comptées une fois dans l’année, et leurs taux le sont à {months}."]


def format_months(year: int, first_month: int, last_month: int) -> str:
    """Return the months of a year: « 2025 » for all twelve, « janvier 2025 », « janvier à mars 2025 »…"""
    if (first_month, last_month) == (1, 12):
        return str(year)
    end = date_format(date(year, last_month, 1), "F Y")
    if first_month == last_month:
        return end
    return f"{MONTHS[first_month]} {'et' if last_month == first_month + 1 else 'à'} {end}"


def format_months_in_sentence(year: int, first_month: int, last_month: int) -> str:
    """Return the months inside a sentence: « en 2025 », « en janvier 2025 », « de janvier à mars 2025 »…"""
    words = format_months(year, first_month, last_month)
    is_long = words != str(year) and last_month > first_month + 1
    return f"de {words}" if is_long else f"en {words}"

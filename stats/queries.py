"""Exact figures, for a CSIRT's lead on its own cases. They protect nobody: nothing public is made of them."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from accounts.enums import Role
from accounts.models import User
from csirts.models import Csirt
from incidents.enums import LeakStatus, PersonsBand
from stats.enums import ALL_BANDS, LEAK_STATUSES, HoursBand, Measure
from stats.models import Rollup


@dataclass(frozen=True)
class Month:
    first: date
    declared: int
    verified: int
    interruptions: int
    leaks: int


@dataclass(frozen=True)
class ExactYear:
    """One year of the CSIRTs that a lead leads, taken together."""

    year: int
    centres: list[str]
    months: list[Month]
    total: Month
    hours: list[tuple[str, int]]
    leaks: list[tuple[str, int]]
    persons: list[tuple[str, int]]


def exact_year(user: User, *, today: date) -> ExactYear | None:
    """The current year of the CSIRTs that this person leads; None for everybody else. Reads sums, never cases."""
    csirts = user.csirt_ids(Role.LEAD)
    if not csirts:
        return None
    sums = sums_of_year(csirts, today.year)
    by_month: Counter[tuple[date, str]] = Counter()
    by_band: Counter[tuple[str, str]] = Counter()
    for (month, measure, band), value in sums.items():
        by_month[month, measure] += value
        for part in band.split("/"):
            by_band[measure, part] += value
    months = [month_of(by_month, date(today.year, number, 1)) for number in range(1, today.month + 1)]
    return ExactYear(
        year=today.year,
        centres=list(Csirt.objects.filter(pk__in=csirts).order_by("name").values_list("name", flat=True)),
        months=months,
        total=total_of(months, today.year),
        hours=[(str(band.label), by_band[Measure.INTERRUPTIONS, band]) for band in HoursBand],
        leaks=[(str(status.label), by_band[Measure.LEAKS, status]) for status in LEAK_STATUSES]
        + [(str(LeakStatus.UNFOUNDED.label), by_band[Measure.UNFOUNDED, ALL_BANDS])],
        persons=[(str(band.label), by_band[Measure.LEAKS, band]) for band in PersonsBand],
    )


def sums_of_year(csirts: set[int], year: int) -> dict[tuple[date, str, str], int]:
    rows = Rollup.objects.filter(csirt__in=csirts, month__range=(date(year, 1, 1), date(year, 12, 31)))
    summed = rows.values("month", "measure", "band").annotate(sum=Sum("value"))
    return {(row["month"], row["measure"], row["band"]): row["sum"] for row in summed}


def month_of(sums: Counter[tuple[date, str]], first: date) -> Month:
    return Month(
        first=first,
        declared=sums[first, Measure.DECLARED],
        verified=sums[first, Measure.INCIDENTS],
        interruptions=sums[first, Measure.INTERRUPTIONS],
        leaks=sums[first, Measure.LEAKS],
    )


def total_of(months: list[Month], year: int) -> Month:
    return Month(
        first=date(year, 1, 1),
        declared=sum(month.declared for month in months),
        verified=sum(month.verified for month in months),
        interruptions=sum(month.interruptions for month in months),
        leaks=sum(month.leaks for month in months),
    )

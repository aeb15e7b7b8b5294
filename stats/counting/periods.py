"""Months, quarters and years of the figures, by the day on which a declaration was received where the body lies."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from collectivities.zones import day_of

PARIS = ZoneInfo("Europe/Paris")
# A period is closed thirty days after its end: most call-backs are made by then, and later ones wait for the next
# release.
SETTLED_AFTER = timedelta(days=30)
ONE_DAY = timedelta(days=1)


def month_of(at: datetime, zone: str) -> date:
    """The first day of the month of an aware moment at the clock of a territory; `zone` is an IANA name."""
    return day_of(at, zone).replace(day=1)


def quarter_of(day: date) -> date:
    """The first day of the quarter of `day`."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def last_day_of_month(first: date) -> date:
    return (first.replace(day=1) + timedelta(days=31)).replace(day=1) - ONE_DAY


def last_day_of_quarter(first: date) -> date:
    return quarter_of(first + timedelta(days=100)) - ONE_DAY


def quarters_of(year: int) -> list[date]:
    return [date(year, month, 1) for month in (1, 4, 7, 10)]


def last_closed_day(now: datetime) -> date:
    """The last day of the latest quarter that is closed at `now`, everywhere in France."""
    settled = now.astimezone(PARIS).date() - SETTLED_AFTER
    return quarter_of(settled + ONE_DAY) - ONE_DAY

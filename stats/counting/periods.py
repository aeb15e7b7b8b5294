"""Months and quarters of the figures, by the day on which a declaration was received where the body lies."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from collectivities.zones import day_of

PARIS = ZoneInfo("Europe/Paris")
# A period is closed thirty days after its end: most call-backs are made by then, and later ones wait for the next
# release.
SETTLED_AFTER = timedelta(days=30)


def find_month(at: datetime, zone: str) -> date:
    """Return the first day of the month of an aware moment at the clock of a territory; `zone` is an IANA name."""
    return day_of(at, zone).replace(day=1)


def find_quarter(day: date) -> date:
    """Return the first day of the quarter of `day`."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def find_month_end(day: date) -> date:
    """Return the last day of the month of `day`."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)

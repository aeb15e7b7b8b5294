"""Months and quarters of the figures, by the date of the declaration in the time zone of the body."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from collectivities.zones import find_local_day

PARIS = ZoneInfo("Europe/Paris")
# A period is published from thirty days after its end: most call-backs are made by then, and a yearly release counts
# the cases that are verified later.
SETTLED_AFTER = timedelta(days=30)


def find_month(at: datetime, zone: str) -> date:
    """Return the first day of the month of an aware datetime, in the time zone `zone` (an IANA name)."""
    return find_local_day(at, zone).replace(day=1)


def find_quarter(day: date) -> date:
    """Return the first day of the quarter of `day`."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def find_month_end(day: date) -> date:
    """Return the last day of the month of `day`."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)

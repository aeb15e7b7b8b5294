"""Conversion between the moments of a declaration and their columns. A day without an hour is stored as its first
minute and displayed as a day.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from collectivities.zones import find_local_day
from incidents.enums import Certainty


def has_hour(at: datetime, zone: str) -> bool:
    """Tell whether a moment has an hour. A moment at midnight in `zone` has none. `zone` is an IANA name."""
    local = at.astimezone(ZoneInfo(zone))
    return (local.hour, local.minute) != (0, 0)


def reduce_to_known_moment(at: datetime | None, zone: str, certainty: str = "") -> date | datetime | None:
    """Return the moment, or only its day if no hour was given. A moment with the certainty EXACT always has an hour,
    even at midnight.
    """
    if at is None or certainty == Certainty.EXACT or has_hour(at, zone):
        return at
    return find_local_day(at, zone)


def reduce_to_known_end(started_at: datetime | None, ended_at: datetime | None, zone: str) -> date | datetime | None:
    """Return the end of an interruption as a moment, or as a day if no hour was given. An end that equals the start
    was given as a day (see `compute_stored_end`).
    """
    if ended_at is not None and ended_at == started_at:
        return find_local_day(ended_at, zone)
    return reduce_to_known_moment(ended_at, zone)


def is_before(moment: datetime, other: datetime, zone: str) -> bool:
    """Tell whether `moment` is before `other`. The two moments are compared by the minute, or by the day if either has
    no hour.
    """
    if has_hour(moment, zone) and has_hour(other, zone):
        return moment.replace(second=0, microsecond=0) < other.replace(second=0, microsecond=0)
    return find_local_day(moment, zone) < find_local_day(other, zone)


def compute_stored_end(started_at: datetime | None, ended_at: datetime | None) -> datetime | None:
    """Return the end to store, which is never before the start. If the end is only the day of the start, the start
    itself is stored instead of the midnight before it.
    """
    return max(started_at, ended_at) if started_at and ended_at else ended_at


def format_iso_moment(moment: date | datetime | None) -> str | None:
    """Return the moment in ISO 8601, in UTC. A day without an hour gives only its date, such as « 2026-11-27 »."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).isoformat()
    return moment.isoformat() if moment else None

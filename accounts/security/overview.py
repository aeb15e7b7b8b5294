"""How many security events of each kind happened lately, as the page of the administrator shows them."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from accounts.enums import SecurityEventKind, SecurityOutcome

# The counts read no more rows than the newest ones, so that they cost the same whatever the table holds.
MOST_COUNTED = 50_000
COUNT_BY_KIND = """
    SELECT kind,
        coalesce(sum(number) FILTER (WHERE at >= %(day)s), 0),
        coalesce(sum(number) FILTER (WHERE at >= %(day)s AND outcome <> %(done)s), 0),
        sum(number),
        coalesce(sum(number) FILTER (WHERE outcome <> %(done)s), 0),
        count(*)
    FROM (
        SELECT kind, outcome, number, at FROM accounts_securityevent
        WHERE at >= %(week)s ORDER BY at DESC LIMIT %(most)s
    ) recent
    GROUP BY kind
    ORDER BY sum(number) DESC, kind
"""


class KindCount(NamedTuple):
    """How many events of one kind happened within a day and within a week, and how many of them were failures or
    refusals.
    """

    kind: SecurityEventKind
    day: int
    day_not_done: int
    week: int
    week_not_done: int


class Overview(NamedTuple):
    """The counts of the kinds that happened within a week, the most frequent first. `is_partial` tells that only the
    newest MOST_COUNTED rows were counted.
    """

    counts: list[KindCount]
    is_partial: bool


def count_recent_events(now: datetime) -> Overview:
    """Count the events of the last 24 hours and of the last seven days. Runs one query."""
    values = {"day": now - timedelta(days=1), "week": now - timedelta(days=7)}
    with connection.cursor() as cursor:
        cursor.execute(COUNT_BY_KIND, values | {"done": SecurityOutcome.DONE, "most": MOST_COUNTED})
        rows = cursor.fetchall()
    counts = [KindCount(SecurityEventKind(kind), *numbers) for kind, *numbers, _rows in rows]
    return Overview(counts, is_partial=sum(row[-1] for row in rows) >= MOST_COUNTED)

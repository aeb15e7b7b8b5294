"""What one process does at a time. The keys are any numbers, the same everywhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Under which figures are folded or read for a release.
LOCK = 7_465_747_301
# Under which everything is recounted.
RECOUNT_LOCK = LOCK + 1
PUBLISHING_LOCK = LOCK + 2
REPORTS_LOCK = LOCK + 3
# PostgreSQL keeps the two halves of a key apart.
HELD = """
    SELECT EXISTS (
        SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()
        AND (classid::bigint << 32 | objid::bigint) = %s
    )
"""


def is_held(lock: int) -> bool:
    """Tell whether a process of this database is at it now. One small query."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [lock])
        return bool(cursor.fetchone()[0])


@contextmanager
def alone(lock: int, *, waits: bool) -> Iterator[bool]:
    """While this one is at it, no other process is: recounting, publishing, making reports. False if one was first,
    unless one waits.

    The lock is the connection's, so that a killed process leaves none behind.
    """
    with connection.cursor() as cursor:
        if waits:
            cursor.execute("SELECT pg_advisory_lock(%s)", [lock])
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock])
            if not cursor.fetchone()[0]:
                yield False
                return
    try:
        yield True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [lock])

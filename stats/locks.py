"""Advisory locks for work that only one process may do at a time. The keys are arbitrary numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Held while events are counted, and while the sums are compared or repaired.
LOCK = 7_465_747_301
# Held while everything is recounted.
RECOUNT_LOCK = LOCK + 1
PUBLISHING_LOCK = LOCK + 2
REPORTS_LOCK = LOCK + 3
# pg_locks shows the two halves of a key in two columns.
HELD = """
    SELECT EXISTS (
        SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()
        AND (classid::bigint << 32 | objid::bigint) = %s
    )
"""


def is_held(lock: int) -> bool:
    """Tell whether a process of this database holds the lock. One small query."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [lock])
        return bool(cursor.fetchone()[0])


@contextmanager
def alone(lock: int, *, waits: bool) -> Iterator[bool]:
    """Hold a lock for recounting, publishing or making reports. Yield False if another process holds it, or wait
    for it if `waits`.

    The lock belongs to the connection, so that a killed process releases it.
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

"""Advisory locks of PostgreSQL, and the rows that a worker may claim.

The locks last until the end of the transaction, except those of `hold_lock`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import IntEnum, unique

from django.db import connection
from django.db.models import Q


@unique
class Lock(IntEnum):
    """The operations that only one process may run at a time. The values are the keys of the advisory locks."""

    # Importing the official list. A transaction that adds a body by hand shares this lock.
    IMPORT = 0x70C51
    # Counting events, and comparing or repairing the sums.
    COUNT = 7_465_747_301
    RECOUNT = 7_465_747_302
    PUBLISH = 7_465_747_303
    MAKE_REPORTS = 7_465_747_304
    INDEX = 7_465_747_311
    CLAIM_DELIVERIES = 7_465_747_321
    PURGE = 7_465_747_331


def acquire_lock(lock: Lock, *, is_shared: bool = False) -> None:
    """Wait for the lock and hold it until the end of the transaction.

    With `is_shared`, several transactions may hold the lock at once.
    """
    fetch_value(f"SELECT pg_advisory_xact_lock{'_shared' if is_shared else ''}(%s)", lock)


def try_lock(lock: Lock) -> bool:
    """Try to acquire the lock until the end of the transaction, and tell whether that succeeded. It fails at once if
    another transaction holds the lock.
    """
    return bool(fetch_value("SELECT pg_try_advisory_xact_lock(%s)", lock))


def lock_key(key: str, *, seed: int = 0) -> None:
    """Wait for the lock of this key and hold it until the end of the transaction.

    The key is any text, such as the key of a submitted form. Another `seed` gives another lock.
    """
    fetch_value("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", key, seed)


@contextmanager
def hold_lock(lock: Lock, *, waits: bool) -> Iterator[bool]:
    """Hold the lock during a `with` block, over several transactions, and yield True.

    If another process holds the lock, wait for it if `waits`, or else yield False. The lock belongs to the connection,
    so it is released when the process is killed.
    """
    if waits:
        fetch_value("SELECT pg_advisory_lock(%s)", lock)
    elif not fetch_value("SELECT pg_try_advisory_lock(%s)", lock):
        yield False
        return
    try:
        yield True
    finally:
        fetch_value("SELECT pg_advisory_unlock(%s)", lock)


def is_lock_held(lock: Lock) -> bool:
    """Tell whether a process connected to this database holds the lock."""
    return bool(fetch_value(IS_LOCKED, lock))


# pg_locks shows the two halves of a key in two columns.
IS_LOCKED = """
    SELECT EXISTS (
        SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()
        AND (classid::bigint << 32 | objid::bigint) = %s
    )
"""


def fetch_value(statement: str, *parameters: str | int) -> object:
    """Run the statement and return the first column of its only row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]


# The clocks of two machines may differ by this, and a worker may wait for a lock after it has read the time.
CLOCK_TOLERANCE = timedelta(minutes=5)


def make_due_condition(now: datetime, *, longest: timedelta) -> Q:
    """Return the condition that `due_at` has come, for rows that are put off by `longest` at most.

    A row that is due much later was put off before the clock was set back. It is due too: it would wait for as long as
    the clock was set back.
    """
    return Q(due_at__lte=now) | Q(due_at__gt=now + longest + CLOCK_TOLERANCE)

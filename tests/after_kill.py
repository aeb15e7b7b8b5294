"""The clean-up that a test does after it has killed a process in the middle of a transaction."""

import time

from django.db import connection

BUSY_CLIENTS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


def wait_for_rollback(seconds: float = 30) -> None:
    """Wait until PostgreSQL has noticed that the client is gone. Until then its rows are locked, and other clients
    skip them.
    """
    deadline = time.monotonic() + seconds
    while count_busy_clients():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def count_busy_clients() -> int:
    with connection.cursor() as cursor:
        cursor.execute(BUSY_CLIENTS)
        return int(cursor.fetchone()[0])

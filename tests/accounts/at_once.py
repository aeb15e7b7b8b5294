"""An act that begins while a change of the same account is being saved: real commits, threads."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction


def act_during_change[T](change: Callable[[], object], act: Callable[[], T]) -> T:
    """Run `change`, begin `act` before the change is committed, and return what the act returns. The act either waits
    for a lock of the change, or is over before the commit.
    """

    def act_and_disconnect() -> T:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change()
            acting = pool.submit(act_and_disconnect)
            while not (acting.done() or count_waiting_clients()):
                time.sleep(0.02)
        return acting.result()


def count_waiting_clients() -> int:
    """Return how many clients of this database wait for a lock. Other workers have databases of their own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else each query of a transaction has the same answer
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])

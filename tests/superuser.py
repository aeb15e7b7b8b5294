"""Acting, on the connection of a test, as the superuser: somebody whom triggers and constraints alone hold back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg.pq import TransactionStatus

from tests.backend import Backend


@contextmanager
def act_as_superuser() -> Iterator[None]:
    """Run the block with the rights of the superuser, and give them back also if it fails."""
    with connection.cursor() as cursor:
        if Backend.from_environment().has_roles:
            cursor.execute("SET ROLE tocsin")
        try:
            yield
        finally:
            reset("ROLE")


@contextmanager
def switch_triggers_off() -> Iterator[None]:
    """Run the block without triggers, as somebody who has the server and tampers with rows."""
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            reset("session_replication_role")


def reset(setting: str) -> None:
    """Give a setting of the connection its usual value. A transaction that failed does it as it is rolled back."""
    if connection.connection.info.transaction_status != TransactionStatus.INERROR:
        with connection.cursor() as cursor:
            cursor.execute(f"RESET {setting}")

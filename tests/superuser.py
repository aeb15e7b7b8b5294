"""Acting, on the connection of a test, as the superuser: somebody whom triggers and constraints alone hold back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tests.backend import Backend


@contextmanager
def act_as_superuser() -> Iterator[None]:
    """Run the block with the rights of the superuser. It leaves no failed transaction."""
    with connection.cursor() as cursor:
        if Backend.from_environment().has_roles:
            cursor.execute("SET ROLE tocsin")
        yield
        cursor.execute("RESET ROLE")


@contextmanager
def switch_triggers_off() -> Iterator[None]:
    """Run the block without triggers, as somebody who has the server and tampers with rows."""
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")

"""The connection of the owner of the tables, which may change them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections


@contextmanager
def connect_as_owner() -> Iterator[None]:
    """Let this thread connect to PostgreSQL as the owner until the block ends. Must not be called in a transaction.

    Without DATABASE_OWNER_URL nothing changes, and DATABASE_URL is to be that of the owner.
    """
    if settings.DATABASE_OWNER is None:
        yield
        return
    connection = connections["default"]
    usual_settings = connection.settings_dict
    connection.close()
    connection.settings_dict = usual_settings | settings.DATABASE_OWNER
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = usual_settings

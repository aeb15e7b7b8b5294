"""The connection of the owner of the tables, which may change them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connections


@contextmanager
def connect_as_owner() -> Iterator[None]:
    """Let this thread connect to PostgreSQL as the owner until the block ends. Must not be called in a transaction.

    Without DATABASE_OWNER_URL, DATABASE_URL is to be that of the owner.
    """
    connection = connections["default"]
    usual_settings = connection.settings_dict
    connection.close()
    database = usual_settings | (settings.DATABASE_OWNER or {})
    connection.settings_dict = database | {"OPTIONS": read_public_alone(database["OPTIONS"])}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = usual_settings


def read_public_alone(options: dict[str, Any]) -> dict[str, Any]:
    """Return these options of a connection with the schema public as its only search path, and without a pool.

    By default, a schema with the name of the role comes first. Whoever may create schemas could make it, and the owner
    would run its functions.
    """
    path = f"{options.get('options', '')} -c search_path=public"
    return {name: value for name, value in options.items() if name != "pool"} | {"options": path}

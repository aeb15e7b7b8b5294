"""Bulk inserts by COPY, which is several times as fast as INSERT and returns nothing."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Model
from psycopg import sql
from psycopg.types.json import Jsonb


def reserve_keys(model: type[Model], number: int) -> Iterator[int]:
    """Return `number` new primary keys from the sequence of a table, in one query. Rows can then refer to each other
    before they are written.
    """
    options = model._meta  # noqa: SLF001 (the documented way to a model's columns)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [options.db_table, options.pk.column, number],
        )
        return iter([key for (key,) in cursor.fetchall()])


def copy_rows(rows: Iterable[Model]) -> None:
    """Insert rows of one table by COPY, as the iterable yields them.

    If the first row has no primary key, the database gives each row its key.
    """
    rows = iter(rows)
    first_row = next(rows, None)
    if first_row is None:
        return
    options = first_row._meta  # noqa: SLF001 (the documented way to a model's columns)
    fields = [field for field in options.concrete_fields if not field.generated]
    fields = [field for field in fields if not field.primary_key or first_row.pk is not None]
    columns = sql.SQL(", ").join([sql.Identifier(field.attname) for field in fields])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(options.db_table), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in chain([first_row], rows):
            copy.write_row([adapt_value(row.__dict__[field.attname]) for field in fields])


def adapt_value(value: Any) -> Any:
    """Return the value as COPY takes it: a dict as JSON, anything else unchanged."""
    return Jsonb(value) if isinstance(value, dict) else value

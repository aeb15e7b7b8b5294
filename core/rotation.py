"""The renewal of stored values whose key is no longer the first of its list (`core/secrets.py`)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

SLICE = 200


class KeyAge(Enum):
    """The key with which a stored value was made: the first one, a later one of the list, or none of the list."""

    FIRST = 1
    FORMER = 2
    REMOVED = 3


@dataclass(frozen=True, kw_only=True)
class StoredValues:
    """Rows with values that were made with a key, and what a rotation does with them.

    `find_age` judges one row. `renew` saves its values anew with the first key; without it, they keep their key until
    they end. `get_end` returns when a row ends, or None if this is not known.
    """

    label: str
    rows: QuerySet[Any]
    find_age: Callable[[Any], KeyAge]
    renew: Callable[[Any], None] | None = None
    get_end: Callable[[Any], datetime | None] = lambda row: None


@dataclass
class Rotation:
    """What a rotation did with the values of one kind, by number.

    `waiting` still need a former key, the last of them until `until`. `busy` rows were locked by others. `lost` values
    open with no key of the list.
    """

    renewed: int = 0
    waiting: int = 0
    busy: int = 0
    lost: int = 0
    until: datetime | None = None


def rotate_values(values: StoredValues, *, is_dry: bool) -> Rotation:
    """Renew the values that were made with a former key, and return the numbers. `is_dry` counts and writes nothing.

    Each slice is a transaction, so that a run that is stopped is simply started again. Rows that are locked are
    skipped: while it holds rows, the command waits for nobody, so that it is never part of a deadlock.
    """
    rotation = Rotation()
    for keys in list_slices(values.rows):
        with transaction.atomic():
            rows = values.rows.filter(pk__in=keys)
            locked = list(rows if is_dry else rows.select_for_update(skip_locked=True, of=("self",)))
            rotation.busy += len(keys) - len(locked)
            for row in locked:
                count_row(rotation, values, row, is_dry=is_dry)
    return rotation


def list_slices(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Yield the primary keys of these rows in slices, in their order."""
    ordered = rows.order_by("pk").values_list("pk", flat=True)
    keys = list(ordered[:SLICE])
    while keys:
        yield keys
        keys = list(ordered.filter(pk__gt=keys[-1])[:SLICE])


def count_row(rotation: Rotation, values: StoredValues, row: Any, *, is_dry: bool) -> None:
    """Renew a row that needs it and can be renewed, and count it."""
    age = values.find_age(row)
    if age is KeyAge.REMOVED:
        rotation.lost += 1
    elif age is KeyAge.FORMER and values.renew and not is_dry:
        values.renew(row)
        rotation.renewed += 1
    elif age is KeyAge.FORMER:
        rotation.waiting += 1
        if end := values.get_end(row):
            rotation.until = max(rotation.until or end, end)

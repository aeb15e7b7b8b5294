"""Keyset pagination: the address of the next page contains the uid of the last row of the page before."""

from uuid import UUID

from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan


def filter_after[M: Model](rows: QuerySet[M], uid: str, *fields: str) -> QuerySet[M]:
    """Return the rows that come after the row `uid` in the descending order of `fields`. Runs one query, or none.

    If no row has this uid, as in an altered address, return all rows: the list then starts again.
    """
    try:
        place = rows.filter(uid=UUID(uid)).values_list(*fields).first()
    except ValueError:
        return rows
    return rows.filter(TupleLessThan(Tuple(*map(F, fields)), place)) if place else rows

"""The place in a long list from which its next page goes on: the public id of the last row of the page before."""

from uuid import UUID

from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan


def filter_after[M: Model](rows: QuerySet[M], uid: str, *fields: str) -> QuerySet[M]:
    """Return the rows that follow the row `uid` when the highest values of `fields` come first. If none of `rows` has
    this uid, as in an altered address, return all of them: the list then starts again. Runs one query, or none.
    """
    try:
        place = rows.filter(uid=UUID(uid)).values_list(*fields).first()
    except ValueError:
        return rows
    return rows.filter(TupleLessThan(Tuple(*map(F, fields)), place)) if place else rows

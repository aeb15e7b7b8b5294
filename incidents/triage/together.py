"""The short lists of the page of a case, read in one statement: each would be a query, and the page has twenty."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, QuerySet
from django.db.models.functions import JSONObject

from incidents.models import Incident


class Row(dict[str, Any]):
    """One row by the names that were asked for; a template reads them as it reads a model's."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


def columns(rows: QuerySet[Any], *names: str, **paths: str) -> QuerySet[Any]:
    """These fields of `rows`, under their name or another: `columns(notes, "text", author="author__display_name")`.

    Names that end with `_at` come back as aware datetimes.
    """
    return rows.values(row=JSONObject(**{name: F(name) for name in names} | {k: F(v) for k, v in paths.items()}))


def read_together(incident: Incident, **lists: QuerySet[Any]) -> dict[str, list[Row]]:
    """The rows of each list (made by `columns`, bounded by whoever asks), in its order."""
    asked = {f"list_{name}": ArraySubquery(rows) for name, rows in lists.items()}
    found: dict[str, Any] = Incident.objects.filter(pk=incident.pk).annotate(**asked).values(*asked).get()
    return {name: [read(row) for row in found[f"list_{name}"]] for name in lists}


def read(row: dict[str, Any]) -> Row:
    return Row({name: instant(value) if name.endswith("_at") else value for name, value in row.items()})


def instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None

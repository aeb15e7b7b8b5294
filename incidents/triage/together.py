"""Several lists in one statement: each would be a query, and a page may cost twenty of them, a list ten.

PostgreSQL gives each list as an array of objects; here they are rows again, or instances of their model.
"""

from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, Func, IntegerField, Model, QuerySet
from django.db.models.functions import JSONObject

# What a page says of a person.
PERSON = ("id", "uid", "email", "display_name")
CENTRE = ("id", "slug", "name")


class Row(dict[str, Any]):
    """One row by the names that were asked for; a template reads them as it reads a model's."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class Columns:
    """These fields of `rows`, under their name or another: `Columns(notes, "text", author="author__display_name")`.

    Names that end with `_at` come back as aware datetimes.
    """

    def __init__(self, rows: QuerySet[Any], *names: str, **paths: str) -> None:
        named = {name: name for name in names} | paths
        self.asked = rows.values(row=JSONObject(**{name: F(path) for name, path in named.items()}))

    def read(self, row: dict[str, Any]) -> Row:
        return Row({name: instant(value) if name.endswith("_at") else value for name, value in row.items()})


class HowMany:
    """Their number alone; `rows` end somewhere, so that no table is counted."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self.rows = rows.values("pk")

    @property
    def asked(self) -> Func:
        return Func(ArraySubquery(self.rows), function="CARDINALITY", output_field=IntegerField())


class Whole:
    """Instances of the model of `rows`, with these foreign keys followed (`author=PERSON`: which fields of each).

    `only`: these fields alone. `also`: names of annotations.
    """

    def __init__(
        self,
        rows: QuerySet[Any],
        *,
        only: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
        **followed: tuple[str, ...],
    ) -> None:
        self.model, self.also, self.followed = rows.model, also, followed
        self.fields = only or names_of(rows.model)
        paths = [*self.fields, *also, *(f"{name}__{field}" for name, fields in followed.items() for field in fields)]
        self.asked = rows.values(row=JSONObject(**{path: F(path) for path in paths}))

    def read(self, row: dict[str, Any]) -> Any:
        found = build(self.model, {name: row[name] for name in self.fields})
        for name in self.also:
            setattr(found, name, row[name])
        for name, fields in self.followed.items():
            related = self.model._meta.get_field(name).related_model  # noqa: SLF001 (Django's own description)
            said = {field: row[f"{name}__{field}"] for field in fields}
            setattr(found, name, build(related, said) if said["id"] is not None else None)
        return found


def names_of(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)  # noqa: SLF001


def build(model: type[Model], said: dict[str, Any]) -> Any:
    """As the database would have given it; fields that were not asked for are read when they are looked at."""
    known = [field for field in model._meta.concrete_fields if field.attname in said]  # noqa: SLF001
    names = [field.attname for field in known]
    return model.from_db(DEFAULT_DB_ALIAS, names, [field.to_python(said[field.attname]) for field in known])


def read_together(anchor: QuerySet[Any], **lists: Columns | Whole | HowMany) -> dict[str, Any]:
    """The rows of each list, in its order and bounded by whoever asks. `anchor`: one row, of whatever table."""
    asked = {
        f"list_{name}": rows.asked if isinstance(rows, HowMany) else ArraySubquery(rows.asked)
        for name, rows in lists.items()
    }
    found: dict[str, Any] = anchor.annotate(**asked).values(*asked).get()
    return {name: read_one(rows, found[f"list_{name}"]) for name, rows in lists.items()}


def read_one(rows: Columns | Whole | HowMany, value: Any) -> Any:
    """`value` is None where Django knew without asking that there is nothing (`pk__in=[]`)."""
    if isinstance(rows, HowMany):
        return value or 0
    return [rows.read(row) for row in value or []]


def instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None

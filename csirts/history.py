"""The history of a row of the directory, to be shown: dates, authors, and the values before and after."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange

from core.french import format_day
from csirts import wording
from csirts.directory import CONTEXT
from csirts.models import get_version_manager


@dataclass(frozen=True)
class FieldChange:
    """The name of a field, with its values before and after a change, as French texts."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class RowVersion:
    """A version of a row: when and by whom it was made, and what it changed, as French texts."""

    at: datetime
    actor: str
    action: str
    changes: tuple[FieldChange, ...]


def list_versions(*rows: tuple[type[models.Model], dict[str, Any]]) -> list[RowVersion]:
    """Return the versions of rows of several models, newest first. Each argument is a model and a filter of its
    versions.

    Runs one query for each model, and one for the authors.
    """
    versions = [(model, version) for model, criteria in rows for version in _query_versions(model, criteria)]
    people = _load_author_names(version for _model, version in versions)
    described = list(_describe_versions(versions, people))
    return sorted(described, key=lambda version: version.at, reverse=True)


def _query_versions(model: type[models.Model], criteria: dict[str, Any]) -> Any:
    relations = [field.name for field in _list_fields(model) if field.is_relation]
    versions = get_version_manager(model).filter(**criteria).select_related("pgh_context", *relations)
    return versions.order_by("pgh_obj_id", "pgh_id")


def _list_fields(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.local_concrete_fields if not field.primary_key]  # noqa: SLF001 public API


def _describe_versions(versions: list[tuple[type[models.Model], Any]], people: dict[str, str]) -> Iterator[RowVersion]:
    actions = {"insert": "ajout", "update": "changement", "delete": "retrait"}
    previous: Any = None
    for model, version in versions:
        same_row = previous is not None and (type(previous), previous.pgh_obj_id) == (
            type(version),
            version.pgh_obj_id,
        )
        changes = tuple(_list_changes(model, previous if same_row else None, version))
        action = f"{model._meta.verbose_name}, {actions[version.pgh_label]}"  # noqa: SLF001 public API
        yield RowVersion(version.pgh_created_at, _format_author(version, people), action, changes)
        previous = version


def _list_changes(model: type[models.Model], before: Any, after: Any) -> Iterator[FieldChange]:
    for field in _list_fields(model):
        old, new = (_format_value(field, before) if before else ""), _format_value(field, after)
        if old != new:
            yield FieldChange(str(field.verbose_name), old, new)


def _format_value(field: Any, version: Any) -> str:
    value = getattr(version, f"get_{field.name}_display")() if field.choices else getattr(version, field.name)
    match value:
        case None:
            return ""
        case bool():
            return "oui" if value else "non"
        case date():
            return format_day(value)
        case DateRange():
            return wording.format_validity(value)
    return str(value)


def _read_context(version: Any) -> dict[str, Any]:
    return version.pgh_context.metadata if version.pgh_context else {}


def _load_author_names(versions: Iterable[Any]) -> dict[str, str]:
    ids = {str(_read_context(version)["user"]) for version in versions if "user" in _read_context(version)}
    people: models.QuerySet[Any] = get_user_model()._default_manager.filter(pk__in=ids)  # noqa: SLF001 public API
    return {str(person.pk): str(person) for person in people}


def _format_author(version: Any, people: dict[str, str]) -> str:
    context = _read_context(version)
    if context.get("source") == CONTEXT:
        return "annuaire livré"
    return people.get(str(context.get("user")), "hors de l’administration")

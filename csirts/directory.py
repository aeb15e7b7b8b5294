"""The import of the shipped directory, which does not overwrite what a person has changed since the last import.

The history shows what the last import wrote, with a context of its own. A row with other values was changed by a
person, and a missing row that the import did not remove was deleted by a person. The import changes neither. Nor does
it write a row that conflicts with another row, such as the territory that a person gave to another centre.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pghistory
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from collectivities.models import Departement, Region
from csirts.models import BackupCentre, Contact, Coverage, Csirt, get_version_manager
from csirts.territories import watch_territories

SHIPPED_DIRECTORY = Path(__file__).parent / "data" / "directory.json"
CONTEXT = "import_csirts"
BACKUP_KEY = ("csirt_id", "backup_id")
TERRITORY_FIELDS = ("csirt_id", "region_id", "departement_id", "kind")
COVERAGE_FIELDS = ("valid", "source", "source_on")
DEFERRABLE = "backup_one_a_rank, coverage_one_csirt_a_ground_and_day"
CONTACT_FIELDS = ("value", "note", "source", "source_on")

type Key = tuple[Any, ...]
type Values = dict[str, Any]


class UnknownTerritory(Exception):
    """Raised when the directory names a region or a département that is not in the database."""


@dataclass
class DirectoryReport:
    """How many rows of one model an import has created, changed, removed or left."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    left_to_people: int = 0
    conflicting: int = 0

    def __str__(self) -> str:
        counts = {
            "créés": self.created,
            "changés": self.changed,
            "inchangés": self.unchanged,
            "retirés": self.removed,
            "laissés comme une personne les a mis": self.left_to_people,
            "en conflit avec une autre ligne": self.conflicting,
        }
        return ", ".join(f"{count} {label}" for label, count in counts.items())


@transaction.atomic
def import_directory(path: Path = SHIPPED_DIRECTORY) -> dict[str, DirectoryReport]:
    """Load the directory in one transaction. Return a report on each kind of row, by the French name of the kind. The
    centres whose territories change hear of it. A centre that a person deleted, or whose name another centre has, is
    not created, and nothing that refers to it is loaded.

    Raises UnknownTerritory if the file names a territory that the database does not have.
    """
    entries = json.loads(path.read_text())["csirts"]
    with pghistory.context(source=CONTEXT), watch_territories(by=None):
        centres = RowLoader(Csirt, ("slug",), ("name", "level"))
        centres.load(_list_csirts(entries), remove=False)
        ids = _find_centre_ids(centres)
        entries = [entry for entry in entries if entry["slug"] in ids]
        return {
            "centres": centres.report,
            "coordonnées": RowLoader(Contact, ("csirt_id", "kind"), CONTACT_FIELDS).load(_list_contacts(entries, ids)),
            "territoires": RowLoader(Coverage, TERRITORY_FIELDS, COVERAGE_FIELDS).load(_list_coverages(entries, ids)),
            "secours": RowLoader(BackupCentre, BACKUP_KEY, ("rank",)).load(_list_backup_centres(entries, ids)),
        }


class RowLoader:
    """An importer of the rows of one model.

    `key` gives the names of the fields that identify a row, and `names` those of its other fields.
    """

    def __init__(self, model: Any, key: tuple[str, ...], names: tuple[str, ...]) -> None:
        self.model = model
        self.key = key
        self.names = names
        self.report = DirectoryReport()

    def load(self, entries: Iterable[tuple[Key, Values]], *, remove: bool = True) -> DirectoryReport:
        """Create, update and delete rows until they match the entries. A row that a person changed stays as it is.

        Without `remove`, no row is deleted.
        """
        expected = dict(entries)
        self.written = self._load_imported_versions()
        rows = {tuple(getattr(row, name) for name in self.key): row for row in self._query_rows()}
        for key in rows.keys() - expected.keys() if remove else ():
            self._remove(key, rows[key])
        self._update(rows, {key: values for key, values in expected.items() if key in rows})
        for key, values in expected.items():
            if key not in rows:
                self._create(key, values)
        return self.report

    def _query_rows(self) -> Any:
        return self.model.objects.all()

    def _load_imported_versions(self) -> dict[Key, Any]:
        """Return the last version that an import wrote for each row, by the key of the row.

        That version may record the deletion of the row.
        """
        versions = get_version_manager(self.model).filter(pgh_context__metadata__source=CONTEXT).order_by("pgh_id")
        return {tuple(getattr(version, name) for name in self.key): version for version in versions}

    def _is_as_imported(self, key: Key, row: Any) -> bool:
        """Tell whether the row has the values that the last import wrote."""
        version = self.written.get(key)
        return version is not None and all(getattr(row, name) == getattr(version, name) for name in self.names)

    def _create(self, key: Key, values: Values) -> None:
        """Create the row, unless a person has deleted it or another row conflicts with it."""
        version = self.written.get(key)
        if version is not None and version.pgh_label != "delete":
            self.report.left_to_people += 1
            return
        try:
            with transaction.atomic():
                self.model.objects.create(**dict(zip(self.key, key, strict=True)), **values)
        except IntegrityError:
            self.report.conflicting += 1
        else:
            self.report.created += 1

    def _update(self, rows: dict[Key, Any], expected: dict[Key, Values]) -> None:
        """Write the new values of the rows that no person has changed.

        They are written together, because two rows may exchange their ranks. If they conflict with another row, each
        is written alone, and only the conflicting rows stay as they are.
        """
        changes: dict[int, Values] = {}
        for key, values in expected.items():
            row = rows[key]
            if all(getattr(row, name) == value for name, value in values.items()):
                self.report.unchanged += 1
            elif self._is_as_imported(key, row):
                changes[row.pk] = values
            else:
                self.report.left_to_people += 1
        if self._write(changes):
            written = len(changes)
        else:
            written = sum(self._write({pk: values}) for pk, values in changes.items())
        self.report.changed += written
        self.report.conflicting += len(changes) - written

    def _write(self, changes: dict[int, Values]) -> bool:
        """Update these rows and return True. If they conflict with another row, change nothing and return False."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET CONSTRAINTS {DEFERRABLE} DEFERRED")
                for pk, values in changes.items():
                    self.model.objects.filter(pk=pk).update(**values)
                cursor.execute(f"SET CONSTRAINTS {DEFERRABLE} IMMEDIATE")
        except IntegrityError:
            return False
        return True

    def _remove(self, key: Key, row: Any) -> None:
        """Delete the row, unless a person has changed it."""
        if self._is_as_imported(key, row):
            row.delete()
            self.report.removed += 1
        else:
            self.report.left_to_people += 1


def _find_centre_ids(centres: RowLoader) -> dict[str, int]:
    """Return the id of the row of each centre by its slug, and by the one that an import wrote: a person may have
    changed it since.
    """
    slugs = dict(Csirt.objects.values_list("pk", "slug"))
    imported = {slug: version.pgh_obj_id for (slug,), version in centres.written.items()}
    present = {slug: pk for slug, pk in imported.items() if pk in slugs}
    return present | {slug: pk for pk, slug in slugs.items()}


def _list_csirts(entries: list[Any]) -> Iterator[tuple[Key, Values]]:
    for entry in entries:
        yield (entry["slug"],), {"name": entry["name"], "level": entry["level"]}


def _list_contacts(entries: list[Any], ids: dict[str, int]) -> Iterator[tuple[Key, Values]]:
    for entry in entries:
        for contact in entry["contacts"]:
            values = {"value": contact["value"], "note": contact.get("note", ""), **_parse_origin(contact)}
            yield (ids[entry["slug"]], contact["kind"]), values


def _list_coverages(entries: list[Any], ids: dict[str, int]) -> Iterator[tuple[Key, Values]]:
    regions = dict(Region.objects.values_list("code", "pk"))
    departements = dict(Departement.objects.values_list("code", "pk"))
    for entry in entries:
        for cover in entry["covers"]:
            region = _find_territory(regions, cover["region"])
            departement = _find_territory(departements, cover["departement"]) if cover.get("departement") else None
            key = (ids[entry["slug"]], region, departement, cover.get("kind", ""))
            yield key, {"valid": _parse_period(cover), **_parse_origin(cover)}


def _list_backup_centres(entries: list[Any], ids: dict[str, int]) -> Iterator[tuple[Key, Values]]:
    for entry in entries:
        for rank, slug in enumerate(entry.get("backups", []), start=1):
            if slug in ids:
                yield (ids[entry["slug"]], ids[slug]), {"rank": rank}


def _parse_origin(entry: Any) -> Values:
    return {"source": entry["source"], "source_on": _parse_day(entry.get("source_on"))}


def _parse_period(cover: Any) -> DateRange:
    """Return the period that begins on the day `from` and ends before the day `until`.

    If a day is missing, the period is open on that side.
    """
    first_day, end_day = _parse_day(cover.get("from")), _parse_day(cover.get("until"))
    return DateRange(first_day, end_day, "[)" if first_day else "()")


def _parse_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _find_territory(territories: dict[str, int], code: str) -> int:
    """Return the id of the territory with this code. Raises UnknownTerritory if there is none."""
    if code not in territories:
        raise UnknownTerritory(code)
    return territories[code]

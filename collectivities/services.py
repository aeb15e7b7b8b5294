"""The import of the official list, and the changes to the bodies that no list contains.

A body is never deleted, since an incident may refer to it: it vanishes or is merged into another.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from collectivities.enums import Kind
from collectivities.models import Alias, Collectivity, Departement, Grouping, Region
from collectivities.official.rows import BodyRow, DepartementRow, OfficialList, RegionRow, UnreadableList
from collectivities.region_watch import watch_region
from collectivities.territory_version import renew_territory_version
from collectivities.wording import make_stem, normalise_text
from core.copying import copy_rows
from core.locks import Lock, acquire_lock, lock_key

type ProgressWriter = Callable[[str], None]
type Key = tuple[str, str]  # family and code
type Ids = dict[Key, int]

BATCH = 2_000
NAME_LENGTH = 150
RANDOM_UUID = 4  # the version of a random UUID
LISTED_FIELDS = [
    "kind", "name", "liaison", "sort_key", "stem", "siren", "insee_code", "region_id", "departement_id", "population",
    "postal_codes",
]  # fmt: skip
UPDATED_FIELDS = [field.removesuffix("_id") for field in LISTED_FIELDS]
UPDATED_FIELDS += ["seat", "is_listed", "millesime", "vanished_on", "merged_into"]


@dataclass(slots=True)
class ImportReport:
    """How many bodies and memberships an import has changed."""

    millesime: int
    created: int = 0
    changed: int = 0
    merged: int = 0
    vanished: int = 0
    unchanged: int = 0
    memberships_added: int = 0
    memberships_removed: int = 0


def ignore_progress(_message: str) -> None:
    """Do nothing with the message, for an import that shows no progress."""


@transaction.atomic
def import_official_list(*, official: OfficialList, write_progress: ProgressWriter = ignore_progress) -> ImportReport:
    """Make the database match this list, in one transaction. Importing the same list again changes nothing.

    Corrections made by hand (`region_correction`) are kept. Raises `UnreadableList` if a newer list was already
    imported.
    """
    is_first = _lock_import(official) is None
    report = ImportReport(official.millesime)
    write_progress("Régions et départements…")
    territories = TerritoryIds(official.regions, official.departements)
    write_progress(f"{len(official.bodies)} collectivités…")
    current = {row.uid: row for row in Collectivity.objects.order_by()}
    uids = _write_bodies(official, current, territories, report, is_first=is_first)
    ids = dict(Collectivity.objects.order_by().values_list("uid", "pk"))
    body_ids = {key: ids[uid] for key, uid in uids.items()}
    write_progress("Fusions et disparitions…")
    present = set(uids.values())
    absent = [row for uid, row in current.items() if row.is_listed and not row.vanished_on and uid not in present]
    _retire_absent_bodies(official, absent, body_ids, report)
    _flatten_merges()
    write_progress("Anciens noms et anciens codes…")
    _write_aliases(official.bodies, body_ids)
    write_progress("Appartenances aux intercommunalités…")
    _write_groupings(official.bodies, body_ids, report)
    renew_territory_version()
    # Without new statistics, PostgreSQL would plan the first searches for empty tables.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE collectivities_collectivity, collectivities_alias, collectivities_grouping")
    return report


def _lock_import(official: OfficialList) -> int | None:
    """Lock the import until the end of the transaction, and return the newest millésime imported so far, or None.

    Raises `UnreadableList` if this list is empty or older than that millésime.
    """
    acquire_lock(Lock.IMPORT)
    loaded = Collectivity.objects.order_by("-millesime").exclude(millesime=None).values_list("millesime", flat=True)
    newest = loaded.first()
    if newest and newest > official.millesime:
        raise UnreadableList(f"Le millésime {newest} est déjà chargé, celui de {official.millesime} est plus ancien.")
    if not official.bodies:
        raise UnreadableList("La liste ne contient aucune collectivité.")
    return newest


class TerritoryIds:
    """The ids of the régions and départements by code. The constructor creates or updates their rows."""

    def __init__(self, regions: Iterable[RegionRow], departements: Iterable[DepartementRow]) -> None:
        self.regions = self._write_territories(
            Region,
            [
                Region(code=row.code, name=row.name, zone=row.zone, sort_key=normalise_text(row.name))
                for row in regions
            ],
        )
        self.departements = self._write_territories(
            Departement,
            [
                Departement(
                    code=row.code,
                    name=row.name,
                    zone=row.zone,
                    sort_key=normalise_text(row.name),
                    region_id=self.regions[row.region],
                )
                for row in departements
            ],
            "region",
        )

    @staticmethod
    def _write_territories[Territory: (Region, Departement)](
        model: type[Territory], rows: list[Territory], *relations: str
    ) -> dict[str, int]:
        model.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["name", "zone", "sort_key", *relations],
        )
        return dict(model.objects.order_by().values_list("code", "pk"))


def _write_bodies(
    official: OfficialList,
    current: dict[UUID, Collectivity],
    territories: TerritoryIds,
    report: ImportReport,
    *,
    is_first: bool,
) -> dict[Key, UUID]:
    """Create and change the bodies of the list, and return the uid of each by family and code.

    A new body appeared on the first day of the millésime, or on an unknown day (None) if no list was imported before.
    """
    appeared_on = None if is_first else date(official.millesime, 1, 1)
    proposed_uids = _adopt_proposed_bodies(official, current)
    uids: dict[Key, UUID] = {}
    new_rows, changed_rows = [], []
    for body in official.bodies:
        uid = uids[body.key] = proposed_uids.get(body.siren, body.uid)
        row, before = _make_row(body, uid, territories, official.millesime), current.get(uid)
        if before is None:
            row.appeared_on = appeared_on
            new_rows.append(row)
        elif _is_different(row, before):
            changed_rows.append(row)
    copy_rows(new_rows)
    _update_rows(changed_rows)
    report.created, report.changed = len(new_rows), len(changed_rows)
    report.unchanged = len(official.bodies) - len(new_rows) - len(changed_rows)
    return uids


def _adopt_proposed_bodies(official: OfficialList, current: dict[UUID, Collectivity]) -> dict[str, UUID]:
    """Confirm the bodies that people added and that this list now contains.

    Return, by SIREN, the random uids that the import must keep. If the body of the list is already in the database,
    the row that somebody added is merged into it. A row that was already merged into another body loses its SIREN.
    """
    added_rows = {row.siren: row for row in current.values() if row.siren and row.uid.version == RANDOM_UUID}
    listed_uids = {added_rows[body.siren].pk: body.uid for body in official.bodies if body.siren in added_rows}
    merged = [row.pk for row in added_rows.values() if row.pk in listed_uids and row.vanished_on and not row.is_listed]
    duplicates = {pk: current[uid].pk for pk, uid in listed_uids.items() if uid in current and pk not in merged}
    vanished_on = date(official.millesime, 1, 1)
    for pk, heir in duplicates.items():
        Collectivity.objects.filter(pk=pk).update(siren=None, vanished_on=vanished_on, merged_into=heir)
    Collectivity.objects.filter(pk__in=merged).update(siren=None)
    Collectivity.objects.to_confirm().filter(pk__in=listed_uids).update(confirmed_at=timezone.now())
    dropped = {*merged, *duplicates}
    return {siren: row.uid for siren, row in added_rows.items() if siren and row.pk not in dropped}


def _make_row(body: BodyRow, uid: UUID, territories: TerritoryIds, millesime: int) -> Collectivity:
    """Return the unsaved row of a body of the list."""
    return Collectivity(
        uid=uid,
        kind=body.kind,
        name=body.name,
        liaison=body.liaison,
        sort_key=normalise_text(body.name),
        stem=make_stem(body.name, body.kind),
        siren=body.siren or None,
        insee_code=body.insee_code or None,
        region_id=territories.regions[body.region],
        departement_id=territories.departements[body.departement] if body.departement else None,
        population=body.population,
        postal_codes=list(body.postal_codes),
        is_listed=True,
        millesime=millesime,
    )


def _is_different(row: Collectivity, before: Collectivity) -> bool:
    """Tell whether the row of the list differs from the stored row `before`.

    A stored row that has vanished, or was not on the list, always differs.
    """
    if before.vanished_on or not before.is_listed:
        return True
    return any(getattr(row, field) != getattr(before, field) for field in LISTED_FIELDS)


def _update_rows(rows: list[Collectivity]) -> None:
    for batch in batched(rows, BATCH):
        Collectivity.objects.bulk_create(
            batch, update_conflicts=True, unique_fields=["uid"], update_fields=UPDATED_FIELDS
        )


def _retire_absent_bodies(official: OfficialList, absent: list[Collectivity], ids: Ids, report: ImportReport) -> None:
    """Mark each absent body as vanished.

    Mark it as merged too if the list gives its code as a former code of another body.
    """
    heirs = {alias.code: ids[body.key] for body in official.bodies for alias in body.aliases if alias.code}
    merged = [row for row in absent if row.insee_code in heirs]
    Collectivity.objects.filter(pk__in=[row.pk for row in absent]).update(vanished_on=date(official.millesime, 1, 1))
    for row in merged:
        row.merged_into_id = heirs[str(row.insee_code)]
    Collectivity.objects.bulk_update(merged, ["merged_into"], batch_size=BATCH)
    listed_bodies = Collectivity.objects.filter(is_listed=True, vanished_on=None)
    listed_bodies.exclude(millesime=official.millesime).update(millesime=official.millesime)
    report.merged, report.vanished = len(merged), len(absent) - len(merged)


def _flatten_merges() -> None:
    """Make each merged body point to its last heir, because searches follow only one merge."""
    next_heir = Collectivity.objects.order_by().filter(pk=OuterRef("merged_into")).values("merged_into")
    merged_twice = Collectivity.objects.order_by().filter(merged_into__merged_into__isnull=False)
    while merged_twice.update(merged_into=Subquery(next_heir)):
        pass


def _write_aliases(bodies: list[BodyRow], ids: Ids) -> None:
    """Replace the aliases with those of the list and with the names and codes of all merged bodies."""
    listed = {
        (ids[body.key], alias.code, alias.name, make_stem(alias.name, body.kind))
        for body in bodies
        for alias in body.aliases
    }
    merged = Collectivity.objects.filter(is_listed=True, merged_into__vanished_on=None).exclude(merged_into=None)
    listed |= {
        (heir, code or "", name, stem)
        for heir, code, name, stem in merged.values_list("merged_into_id", "insee_code", "name", "stem")
    }
    current = {
        (alias.collectivity_id, alias.code, alias.name, alias.stem): alias.pk for alias in Alias.objects.order_by()
    }
    Alias.objects.filter(pk__in=[pk for key, pk in current.items() if key not in listed]).delete()
    fields = ["collectivity_id", "code", "name", "stem"]
    new_rows = [Alias(**dict(zip(fields, key, strict=True))) for key in sorted(listed - current.keys())]
    copy_rows(new_rows)


def _write_groupings(bodies: list[BodyRow], ids: Ids, report: ImportReport) -> None:
    listed = {(ids[body.key], ids["grouping", siren]) for body in bodies for siren in body.groups}
    current = {(row.member_id, row.group_id): row.pk for row in Grouping.objects.order_by()}
    removed = [pk for key, pk in current.items() if key not in listed]
    Grouping.objects.filter(pk__in=removed).delete()
    new_rows = [Grouping(member_id=member, group_id=group) for member, group in sorted(listed - current.keys())]
    copy_rows(new_rows)
    report.memberships_added, report.memberships_removed = len(new_rows), len(removed)


@transaction.atomic
def create_proposed_body(*, kind: Kind, name: str, siren: str | None, seat: Collectivity) -> Collectivity:
    """Add a body that no list contains, for a responder to confirm. Its région and département are those of its seat.

    If a body with this SIREN exists, return it, or the body that absorbed it. If `siren` is None, return an existing
    body with the same kind, name and seat and no SIREN. Thus two clicks or two people create one body. The caller has
    checked `siren` with `parse_siren`.
    """
    stem = make_stem(name, kind)[:NAME_LENGTH]
    _lock_proposal(siren or f"{kind} {stem} {seat.pk}")
    if earlier := _find_by_siren(siren) if siren else _find_same_proposal(kind, name, seat):
        return earlier
    return Collectivity.objects.create(
        kind=kind,
        name=name,
        sort_key=normalise_text(name)[:NAME_LENGTH],
        stem=stem,
        siren=siren,
        region=seat.home_region,
        departement=seat.departement,
        seat=seat,
        declared_at=timezone.now(),
    )


def _lock_proposal(key: str) -> None:
    """Lock this proposal until the end of the transaction.

    Two proposals of one body wait for each other, and a proposal and an import do too.
    """
    acquire_lock(Lock.IMPORT, is_shared=True)
    lock_key(key, seed=Lock.IMPORT)


def _find_by_siren(siren: str) -> Collectivity | None:
    body = Collectivity.objects.select_related("merged_into").filter(siren=siren).first()
    return body.merged_into or body if body else None


def _find_same_proposal(kind: Kind, name: str, seat: Collectivity) -> Collectivity | None:
    return Collectivity.objects.existing().filter(kind=kind, name=name, seat=seat, siren=None).first()


def save_body_confirmation(body: Collectivity) -> None:
    """Confirm a body that somebody added. Everybody then finds it by name, and by the postal codes of its seat.

    Call it in a transaction that has locked the row.
    """
    body.confirmed_at = timezone.now()
    body.postal_codes = body.seat.postal_codes if body.seat else []
    body.save(update_fields=["confirmed_at", "postal_codes"])


def remove_body_confirmation(body: Collectivity) -> None:
    """Undo the confirmation of a body that no list contains. Call it in a transaction that has locked the row."""
    body.confirmed_at, body.postal_codes = None, []
    body.save(update_fields=["confirmed_at", "postal_codes"])


def update_proposed_body(body: Collectivity, *, kind: Kind, name: str, seat: Collectivity) -> None:
    """Correct the kind, the name and the seat of an unconfirmed body. Call it in a transaction that has locked the
    row.
    """
    body.kind, body.name, body.seat = kind, name, seat
    body.sort_key, body.stem = normalise_text(name)[:NAME_LENGTH], make_stem(name, kind)[:NAME_LENGTH]
    body.region, body.departement = seat.home_region, seat.departement
    body.save(update_fields=["kind", "name", "seat", "sort_key", "stem", "region", "departement"])
    renew_territory_version()


def save_body_merge(body: Collectivity, *, into: Collectivity) -> None:
    """Merge a body that somebody added into another one. Call it in a transaction that has locked both rows.

    `into` takes the SIREN of `body` if `into` has no SIREN and is not on the official list. In any case, a search for
    that SIREN finds `into`.
    """
    if body.siren and not into.siren and not into.is_listed:
        body.siren, into.siren = None, body.siren
        body.save(update_fields=["siren"])
        into.save(update_fields=["siren"])
    Collectivity.objects.filter(merged_into=body).update(merged_into=into)
    body.vanished_on, body.merged_into = timezone.localdate(), into
    body.save(update_fields=["vanished_on", "merged_into"])
    renew_territory_version()


def correct_region(*, collectivity: Collectivity, region: Region | None, note: str, by: Any) -> Collectivity:
    """Save a région that replaces the official one for a body, or remove the correction if `region` is None. The
    centres that answered and now answer for the body hear of it, and that `by` did it (None: a command of the server).

    Imports do not change the correction.
    """
    with watch_region(collectivity, by):
        collectivity.region_correction = region
        collectivity.region_correction_note = note if region else ""
        collectivity.region_correction_on = timezone.localdate() if region else None
        collectivity.save(update_fields=["region_correction", "region_correction_note", "region_correction_on"])
        renew_territory_version()
    return collectivity

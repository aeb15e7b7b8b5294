"""The CSIRT that answers for a body on a day, the reason, and the other CSIRTs to call. This module only reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.functions import JSONObject

from collectivities.enums import GROUPINGS
from collectivities.models import Collectivity, Grouping, Region
from csirts import wording
from csirts.enums import Level
from csirts.models import BackupCentre, Coverage, Csirt

LAST_RESORTS = (Level.NATIONAL, Level.ASSISTANCE)
# The delay between the last change of the directory and the move of open cases. Thanks to it, an editor who deletes a
# coverage by mistake and enters it again moves no case and causes no mail. When it ends, declarations that were routed
# before the change are committed.
CASES_FOLLOW_AFTER = timedelta(minutes=10)


class Ground(NamedTuple):
    """The territory that a coverage gives to a centre.

    It is the whole region if `departement` is None. It holds for every kind of body if `kind` is empty.
    """

    region: int
    departement: int | None
    kind: str


@dataclass(frozen=True)
class Fallback:
    """Another centre to call when the centre of a body cannot be called."""

    name: str
    phone: str
    website: str
    csirt: Csirt | None

    @property
    def phone_note(self) -> str:
        return self.csirt.phone_note if self.csirt else ""

    @property
    def hours(self) -> str:
        return self.csirt.hours if self.csirt else ""


@dataclass(frozen=True)
class Route:
    """The centre that answers for a body, if any, and the other centres to call.

    `reason` is a French sentence for a town-hall secretary. It says where to go if `csirt` is None.
    """

    csirt: Csirt | None
    reason: str
    fallbacks: tuple[Fallback, ...]

    @property
    def stand_in(self) -> Fallback | None:
        """The other centre to call if the centre of the route has no telephone number, or else None."""
        return None if self.csirt and self.csirt.phone else _find_first_with_phone(self.fallbacks)

    @property
    def after_hours(self) -> Fallback | None:
        """The other centre to call while the centre of the route is closed, or None.

        It is the first of `fallbacks` with a telephone number and no hours of its own. It is None if the centre of the
        route has no number or no known hours, or never closes.
        """
        csirt = self.csirt
        if csirt is None or not csirt.phone or not csirt.may_be_closed:
            return None
        return _find_first_with_phone(fallback for fallback in self.fallbacks if not fallback.hours)


def find_route(collectivity: Collectivity, on: date) -> Route:
    """Return the route of a body on a day. For thousands of bodies, load one RoutingTable.

    Runs three queries at most, once this process has the directory.
    """
    return load_directory(on).find_route(collectivity, _list_member_regions(collectivity))


def find_after_hours_fallback(csirt: Csirt | None, collectivity: Collectivity, on: date) -> Fallback | None:
    """Return the other centre to call while `csirt` is closed, or None, by the rule of `Route.after_hours`.

    Runs no query if `csirt` is None, has no number or no known hours, or never closes.
    """
    if csirt is None or not csirt.phone or not csirt.may_be_closed:
        return None
    return replace(find_route(collectivity, on), csirt=csirt).after_hours


def get_centres_by_level(on: date) -> dict[str, Csirt]:
    """Return the first CSIRT of each level other than territorial, by level: national, assistance, sector."""
    return {csirt.level: csirt for csirt in reversed(load_directory(on).csirts) if csirt.level != Level.TERRITORIAL}


def find_stand_in(csirt: Csirt, on: date) -> Fallback | None:
    """Return the other centre to call if `csirt` has no telephone number, or else None.

    Runs one query at most, once this process has the directory.
    """
    if csirt.phone:
        return None
    directory = load_directory(on)
    return _find_first_with_phone((*directory.backups.get(csirt.pk, ()), *directory.last_resorts))


def find_covered_region(csirt: Csirt, on: date) -> Region | None:
    """Return the first région that this centre covers as a whole, or None. Runs one query."""
    region_coverages = csirt.coverages.filter(departement=None, kind="", valid__contains=on)
    coverage = region_coverages.select_related("region").order_by("region__sort_key").first()
    return coverage.region if coverage else None


def load_directory(on: date) -> "Directory":
    """Return the directory of a day, as this transaction sees it.

    Runs one query for its version, and two more if this process has not loaded that version. The version is read
    first, so the rows read after it are never older than the version. If they are newer, the next call loads them
    again.
    """
    version = read_directory_version()
    return _load_version(version, on) if version else Directory.load(on)


@dataclass(frozen=True)
class Directory:
    """The centres and coverages of one day. The threads of a process share these few dozen rows and must not modify
    them.
    """

    csirts: tuple[Csirt, ...]
    grounds: dict[Ground, Csirt]
    backups: dict[int, tuple[Fallback, ...]]
    last_resorts: tuple[Fallback, ...]

    @classmethod
    def load(cls, on: date) -> "Directory":
        """Read the directory of a day from the database. Runs two queries."""
        csirts = tuple(_query_active_csirts(on))
        by_id = {csirt.pk: Fallback(csirt.name, csirt.phone, csirt.website, csirt) for csirt in csirts}
        last_resorts = sorted((csirt for csirt in csirts if csirt.level in LAST_RESORTS), key=_rank_last_resort)
        return cls(
            csirts=csirts,
            grounds={Ground(**ground): csirt for csirt in csirts for ground in csirt.grounds},
            backups={csirt.pk: tuple(by_id[pk] for pk in csirt.backup_ids if pk in by_id) for csirt in csirts},
            last_resorts=tuple(by_id[csirt.pk] for csirt in last_resorts),
        )

    def find_route(self, collectivity: Collectivity, member_regions: Sequence[Region]) -> Route:
        """Return the route of a body.

        `member_regions` are the regions of the members of a group if there are several regions, or else empty.
        """
        region = _find_region(collectivity)
        ground = self._find_most_specific_ground(collectivity, region) if region else None
        csirt = self.grounds[ground] if ground else None
        fallbacks = (*(self.backups[csirt.pk] if csirt else ()), *self.last_resorts)
        location = wording.explain_location(collectivity, region, member_regions)
        if csirt and region and ground:
            reason = wording.explain_route(
                location, csirt.name, region, departement=ground.departement is not None, kind=ground.kind
            )
            return Route(csirt, reason, fallbacks)
        websites = [fallback.website for fallback in fallbacks if fallback.website]
        return Route(None, wording.explain_missing_route(location, region, websites), fallbacks)

    def find_region_centre(self, region: Region) -> Csirt | None:
        """Return the centre that covers the whole région, or None."""
        return self.grounds.get(Ground(region.pk, None, ""))

    def _find_most_specific_ground(self, collectivity: Collectivity, region: Region) -> Ground | None:
        """Return the narrowest territory that covers the body, or None.

        A département of another region cannot match, because the database keeps each département inside its region.
        """
        candidates = (
            Ground(region.pk, departement, kind)
            for departement in (collectivity.departement_id, None)
            for kind in (collectivity.kind, "")
        )
        return next((ground for ground in candidates if ground in self.grounds), None)


@dataclass(frozen=True)
class RoutingTable:
    """The routes of one day for any number of bodies. The caller loads their regions (`with_territory`)."""

    directory: Directory
    member_regions: dict[int, list[Region]] = field(repr=False)

    @classmethod
    def load(cls, on: date) -> "RoutingTable":
        return cls(load_directory(on), _load_all_member_regions())

    def find_route(self, collectivity: Collectivity) -> Route:
        return self.directory.find_route(collectivity, self.member_regions.get(collectivity.pk, []))


def read_directory_version() -> UUID | None:
    """Return the version of the directory. PostgreSQL draws a random one at each change, so equal versions mean equal
    content.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM csirts_directoryversion")
        row = cursor.fetchone()
    return row[0] if row else None


@lru_cache(maxsize=8)  # overseas zones may have two dates at once, and mails that wait need older dates
def _load_version(version: UUID, on: date) -> Directory:
    """Return the directory of a version, which is cached.

    Each change draws a random version. So a version cached inside a transaction that rolls back is never requested
    afterwards.
    """
    return Directory.load(on)


def _find_region(collectivity: Collectivity) -> Region | None:
    """Return the region of a body: its own, or else that of its seat, or None."""
    return collectivity.home_region or (_find_region(collectivity.seat) if collectivity.seat else None)


def _find_first_with_phone(fallbacks: Iterable[Fallback]) -> Fallback | None:
    """Return the first of these centres that has a telephone number, or None."""
    return next((fallback for fallback in fallbacks if fallback.phone), None)


def _rank_last_resort(csirt: Csirt) -> int:
    return [str(level) for level in LAST_RESORTS].index(csirt.level)


def _query_active_csirts(on: date) -> Iterable[Any]:
    """Return the active CSIRTs with their contacts, their `grounds` of the day and their ordered `backup_ids`.

    Runs two queries.
    """
    grounds = Coverage.objects.filter(csirt=OuterRef("pk"), valid__contains=on)
    backups = BackupCentre.objects.filter(csirt=OuterRef("pk")).order_by("rank")
    return (
        Csirt.objects.active()
        .with_contacts()
        .annotate(
            grounds=ArraySubquery(
                grounds.values(ground=JSONObject(region="region", departement="departement", kind="kind"))
            ),
            backup_ids=ArraySubquery(backups.values("backup")),
        )
    )


def _list_member_regions(collectivity: Collectivity) -> Sequence[Region]:
    """Return the regions of the members of a group if there are several regions, or else an empty list.

    Runs one query for a group, and none for other bodies.
    """
    if collectivity.kind not in GROUPINGS:
        return []
    members = Grouping.objects.filter(group=collectivity.pk, member__region=OuterRef("pk"))
    regions = list(Region.objects.filter(Exists(members)))
    return regions if len(regions) > 1 else []


def _load_all_member_regions() -> dict[int, list[Region]]:
    """Return the regions of the members of each group, by group id. Runs one query.

    Only groups with members in several regions are included.
    """
    groups = Grouping.objects.filter(member__region=OuterRef("pk")).order_by().values("group").distinct()
    member_regions: dict[int, list[Region]] = {}
    regions: Iterable[Any] = Region.objects.annotate(group_ids=ArraySubquery(groups))
    for region in regions:
        for group_id in region.group_ids:
            member_regions.setdefault(group_id, []).append(region)
    return {group_id: group_regions for group_id, group_regions in member_regions.items() if len(group_regions) > 1}

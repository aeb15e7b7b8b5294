"""Which CSIRT answers for a body on a day, why, and who else can be called. Pure reading."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from collectivities.models import Collectivity, Grouping, Region
from csirts import wording
from csirts.enums import Level
from csirts.models import Backup, Coverage, Csirt

LAST_RESORTS = (Level.NATIONAL, Level.ASSISTANCE)


class Ground(NamedTuple):
    """What a coverage names; no département: the whole region; no kind: every body."""

    region: int
    departement: int | None
    kind: str


@dataclass(frozen=True)
class Fallback:
    name: str
    phone: str
    website: str
    csirt: Csirt | None


@dataclass(frozen=True)
class Route:
    """`reason` is said to a town-hall secretary; where no CSIRT answers, it says where to go."""

    csirt: Csirt | None
    reason: str
    fallbacks: tuple[Fallback, ...]


def csirt_for(collectivity: Collectivity, on: date) -> Route:
    """Three queries. For thousands of bodies, load one RoutingTable."""
    return RoutingTable.load(on, groupings=Grouping.objects.filter(group_id=collectivity.pk)).route(collectivity)


@dataclass(frozen=True)
class RoutingTable:
    """The rule of one day, in memory: a few dozen rows."""

    csirts: list[Csirt]
    grounds: dict[Ground, Csirt]
    backups: dict[int, list[int]]
    regions: dict[int, Region]
    spread: dict[int, list[Region]] = field(repr=False)

    @classmethod
    def load(cls, on: date, *, groupings: QuerySet[Grouping] | None = None) -> "RoutingTable":
        """`groupings` narrows the search for bodies that lie on several regions: one body needs only its own."""
        csirts = list(_active_csirts(on))
        regions = list(_regions_with_groups(Grouping.objects.all() if groupings is None else groupings))
        return cls(
            csirts=csirts,
            grounds={Ground(**ground): csirt for csirt in csirts for ground in csirt.grounds},
            backups={csirt.pk: csirt.backup_ids for csirt in csirts},
            regions={region.pk: region for region in regions},
            spread=_spread(regions),
        )

    def route(self, collectivity: Collectivity) -> Route:
        region = self._region(collectivity)
        ground = self._most_specific_ground(collectivity, region) if region else None
        csirt = self.grounds[ground] if ground else None
        fallbacks = tuple(self._fallbacks(csirt))
        where = wording.where(collectivity, region, self.spread.get(collectivity.pk, []))
        if csirt and region and ground:
            reason = wording.answered(
                where, csirt.name, region, departement=ground.departement is not None, kind=ground.kind
            )
            return Route(csirt, reason, fallbacks)
        websites = [fallback.website for fallback in fallbacks if fallback.website]
        return Route(None, wording.unanswered(where, region, websites), fallbacks)

    def _region(self, collectivity: Collectivity) -> Region | None:
        """A human correction wins; a body that no list carries may have no region but that of its seat."""
        region_id = collectivity.region_correction_id or collectivity.region_id
        if region_id is None and collectivity.seat:
            return self._region(collectivity.seat)
        return self.regions.get(region_id) if region_id else None

    def _most_specific_ground(self, collectivity: Collectivity, region: Region) -> Ground | None:
        """The database keeps each département inside its region, so that of a corrected body cannot win by mistake."""
        candidates = (
            Ground(region.pk, departement, kind)
            for departement in (collectivity.departement_id, None)
            for kind in (collectivity.kind, "")
        )
        return next((ground for ground in candidates if ground in self.grounds), None)

    def _fallbacks(self, csirt: Csirt | None) -> Iterator[Fallback]:
        by_id = {one.pk: one for one in self.csirts}
        backups = self.backups[csirt.pk] if csirt else []
        last = sorted((one for one in self.csirts if one.level in LAST_RESORTS), key=_rank_of_last_resort)
        for one in [*(by_id[pk] for pk in backups if pk in by_id), *last]:
            yield Fallback(one.name, one.phone, one.website, one)


def _rank_of_last_resort(csirt: Csirt) -> int:
    return [str(level) for level in LAST_RESORTS].index(csirt.level)


def _active_csirts(on: date) -> Iterable[Any]:
    """Each with its contacts, its `grounds` of the day and its `backup_ids` in order, in two queries."""
    grounds = Coverage.objects.filter(csirt=OuterRef("pk"), valid__contains=on)
    backups = Backup.objects.filter(csirt=OuterRef("pk")).order_by("rank")
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


def _regions_with_groups(groupings: QuerySet[Grouping]) -> Iterable[Any]:
    there = groupings.filter(member__region=OuterRef("pk")).order_by().values("group").distinct()
    return Region.objects.annotate(group_ids=ArraySubquery(there))


def _spread(regions: Iterable[Any]) -> dict[int, list[Region]]:
    """The regions of each group that lies on several."""
    spread: dict[int, list[Region]] = {}
    for region in regions:
        for group_id in region.group_ids:
            spread.setdefault(group_id, []).append(region)
    return {group_id: found for group_id, found in spread.items() if len(found) > 1}

"""Who covers which territory, before and after a change: whoever loses or gains one must hear of it. So must whoever
answers for a body whose région is corrected.

`accounts`, which is above this application and knows the people of the centres, registers at its start the function
that tells them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from collectivities.models import Collectivity
from csirts import wording
from csirts.models import Coverage, Csirt, DirectoryVersion
from csirts.routing import Ground, find_route

# The coverages that are in force today or later, of centres in service, by territory.
type Coverages = dict[Ground, list[Coverage]]


@dataclass(frozen=True)
class TerritoryChange:
    """A territory whose coverage has changed, or a body whose région has, in a French sentence, and the centres that
    must hear of it: those that `lost` it, those that `gained` it, the `others` that cover it, or a part of it, or all
    around it, and the `unchanged` one that still answers for such a body.
    """

    sentence: str
    lost: frozenset[Csirt]
    gained: frozenset[Csirt]
    others: frozenset[Csirt] = frozenset()
    unchanged: frozenset[Csirt] = frozenset()


# It gets the changes and the account of whoever made them, or None for a command of the server.
type TerritoryReporter = Callable[[list[TerritoryChange], Any], None]

_reporters: list[TerritoryReporter] = []


def register_territory_reporter(report: TerritoryReporter) -> None:
    """Set the function that `watch_territories` and `watch_body_region` call."""
    _reporters[:] = [report]


def report_changes(changes: list[TerritoryChange], by: Any) -> None:
    (report,) = _reporters
    report(changes, by)


@contextmanager
def watch_territories(by: Any) -> Iterator[None]:
    """Run the block in a transaction and report each change, which `by` makes there, of who covers which territory.
    The first directory of all takes a territory from nobody, and is not reported.

    Other editors wait meanwhile, so that nobody is taken for the author of their changes.
    """
    with transaction.atomic():
        DirectoryVersion.objects.select_for_update(no_key=True).first()
        before = load_coverages()
        yield
        changes = list_territory_changes(before, load_coverages()) if before else []
        if changes:
            report_changes(changes, by)


@contextmanager
def watch_body_region(body: Collectivity, by: Any) -> Iterator[None]:
    """Run the block, in which `by` corrects the région of this body, in a transaction, and report another région.

    It is reported even if the same centre answers for both today: another one may answer for one of them later.
    """
    with transaction.atomic():
        former = Collectivity.objects.select_for_update(no_key=True).get(pk=body.pk)
        former_centre = find_route(former, timezone.localdate()).csirt
        yield
        if body.home_region != former.home_region:
            report_changes([describe_region_change(body, former_centre)], by)


def describe_region_change(body: Collectivity, former_centre: Csirt | None) -> TerritoryChange:
    """Return the change of a body whose région was corrected, and for which `former_centre` answered before."""
    centre = find_route(body, timezone.localdate()).csirt
    sentence = f"{wording.format_body_in_region(body)}\N{NO-BREAK SPACE}: {centre.name if centre else 'aucun centre'}"
    former, present = (frozenset({csirt} if csirt else ()) for csirt in (former_centre, centre))
    return TerritoryChange(sentence, lost=former - present, gained=present - former, unchanged=former & present)


def load_coverages() -> Coverages:
    """Return the coverages that are in force today or later, of centres in service, by territory. Runs one query."""
    is_not_over = Q(valid__upper_inf=True) | Q(valid__endswith__gt=timezone.localdate())
    rows = Coverage.objects.with_territories().filter(is_not_over, csirt__is_active=True)
    coverages: Coverages = {}
    for row in rows.order_by("valid"):
        coverages.setdefault(Ground(row.region_id, row.departement_id, row.kind), []).append(row)
    return coverages


def list_territory_changes(before: Coverages, after: Coverages) -> list[TerritoryChange]:
    """Return the territories that other centres cover after a change, or on other days."""
    grounds = [*before, *(ground for ground in after if ground not in before)]
    return [
        describe_territory_change(ground, before, after)
        for ground in grounds
        if list_centres_and_periods(before, ground) != list_centres_and_periods(after, ground)
    ]


def list_centres_and_periods(coverages: Coverages, ground: Ground) -> list[tuple[int, Any]]:
    return [(row.csirt_id, row.valid) for row in coverages.get(ground, [])]


def describe_territory_change(ground: Ground, before: Coverages, after: Coverages) -> TerritoryChange:
    former, present = ({row.csirt for row in rows.get(ground, [])} for rows in (before, after))
    around = {
        row.csirt
        for coverages in (before, after)
        for other, rows in coverages.items()
        if has_common_part(ground, other)
        for row in rows
    }
    name = str((after.get(ground) or before[ground])[0])
    sentence = f"{name}\N{NO-BREAK SPACE}: {format_coverages(after.get(ground, []))}"
    lost, gained = frozenset(former - present), frozenset(present - former)
    return TerritoryChange(sentence, lost=lost, gained=gained, others=frozenset(around - lost - gained))


def has_common_part(first: Ground, second: Ground) -> bool:
    """Tell whether a body may be in both territories."""
    if first.region != second.region:
        return False
    parts = (first.departement, second.departement), (first.kind, second.kind)
    return all(not code or not other or code == other for code, other in parts)


def format_coverages(rows: list[Coverage]) -> str:
    """Return « Breizh Cyber (depuis le 1er janvier 2021) », with each centre in turn."""
    centres = [f"{row.csirt.name} ({wording.format_validity(row.valid)})" for row in rows]
    return " puis ".join(centres) or "plus aucun centre pour ce territoire précis"

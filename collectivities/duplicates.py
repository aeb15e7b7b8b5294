"""Likely duplicates of a body that somebody proposes, with the reasons. A person decides."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from collectivities.enums import UNLISTED
from collectivities.models import Collectivity
from collectivities.search import bodies_resembling
from collectivities.wording import stem_of

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Likely:
    body: Collectivity
    reasons: tuple[str, ...]


def likely_doubles(proposed: Collectivity) -> list[Likely]:
    """Return at most six likely duplicates, the likeliest first. `proposed` may be unsaved but has
    a seat. Three queries.
    """
    same = Q(kind=proposed.kind, seat=proposed.seat) | Q(siren__isnull=False, siren=proposed.siren)
    sharing = Collectivity.objects.existing().with_territory().filter(same).order_by("pk")[: SHOWN + 1]
    near = list(list_same_names(proposed))
    found = {body.pk: body for body in [*sharing, *near] if body.pk != proposed.pk}
    alike = {body.pk for body in near}
    likely = [Likely(body, tuple(reasons(body, proposed, is_alike=body.pk in alike))) for body in found.values()]
    return sorted(likely, key=lambda one: -len(one.reasons))[:SHOWN]


def list_same_names(proposed: Collectivity) -> Iterator[Collectivity]:
    """Yield the bodies with a similar name in the same département. A body of the official list must have exactly the
    same name, because a commune and its CCAS are two bodies.
    """
    if proposed.departement_id is None:
        return
    for body in bodies_resembling(proposed.name, proposed.kind, proposed.departement_id, SHOWN):
        if body.kind in UNLISTED or body.stem == stem_of(proposed.name, proposed.kind):
            yield body


def reasons(body: Collectivity, proposed: Collectivity, *, is_alike: bool) -> list[str]:
    """Return each reason to think that the two are the same body."""
    said = {
        "même SIREN": bool(proposed.siren) and body.siren == proposed.siren,
        "nom proche": is_alike,
        "même nature": body.kind == proposed.kind,
        "même commune du siège": proposed.seat_id is not None and body.seat_id == proposed.seat_id,
    }
    return [reason for reason, holds in said.items() if holds]

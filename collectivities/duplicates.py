"""Likely duplicates of a body that somebody proposes, with the reasons. A person decides whether they are."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from collectivities.enums import UNLISTED
from collectivities.models import Collectivity
from collectivities.search import find_similar_bodies
from collectivities.wording import make_stem

MAX_DUPLICATES = 6


@dataclass(frozen=True, slots=True)
class LikelyDuplicate:
    """A body that is perhaps the proposed one, with the reasons to think so, in French."""

    body: Collectivity
    reasons: tuple[str, ...]


def find_likely_duplicates(proposed: Collectivity) -> list[LikelyDuplicate]:
    """Return the bodies that are perhaps the same as `proposed`, the likeliest first.

    At most MAX_DUPLICATES are returned. `proposed` may be unsaved, but must have a seat. Runs three queries.
    """
    same_body = Q(kind=proposed.kind, seat=proposed.seat) | Q(siren__isnull=False, siren=proposed.siren)
    sharing = Collectivity.objects.existing().with_territory().filter(same_body).order_by("pk")[: MAX_DUPLICATES + 1]
    near = list(list_similarly_named_bodies(proposed))
    candidates = {body.pk: body for body in [*sharing, *near] if body.pk != proposed.pk}
    alike = {body.pk for body in near}
    likely = [
        LikelyDuplicate(body, tuple(list_duplicate_reasons(body, proposed, is_alike=body.pk in alike)))
        for body in candidates.values()
    ]
    return sorted(likely, key=lambda duplicate: -len(duplicate.reasons))[:MAX_DUPLICATES]


def list_similarly_named_bodies(proposed: Collectivity) -> Iterator[Collectivity]:
    """Yield the bodies of the same département with a similar name.

    A body of a kind on the official list must have exactly the same name, because a commune and its CCAS are two
    bodies.
    """
    if proposed.departement_id is None:
        return
    for body in find_similar_bodies(proposed.name, proposed.kind, proposed.departement_id, MAX_DUPLICATES):
        if body.kind in UNLISTED or body.stem == make_stem(proposed.name, proposed.kind):
            yield body


def list_duplicate_reasons(body: Collectivity, proposed: Collectivity, *, is_alike: bool) -> list[str]:
    """Return the reasons, in French, to think that the two rows are one body.

    `is_alike` tells whether their names are similar.
    """
    criteria = {
        "même SIREN": bool(proposed.siren) and body.siren == proposed.siren,
        "nom proche": is_alike,
        "même nature": body.kind == proposed.kind,
        "même commune du siège": proposed.seat_id is not None and body.seat_id == proposed.seat_id,
    }
    return [reason for reason, holds in criteria.items() if holds]

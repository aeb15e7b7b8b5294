"""What a later release says beside an earlier one: numbers that went, and those that came in their place."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from tests.stats.attacker.served import Number, Release


class Change(NamedTuple):
    """`change` more units of `measure` are published between these days, in this region ("": any), under this band."""

    measure: str
    region: str
    first: date
    last: date
    band: str
    change: int


def changes(earlier: Release, later: Release) -> Iterator[Change]:
    """Of each scope in which a number went: what is published inside, after less before. Late numbers only add."""
    before, after = Counter(earlier.numbers), Counter(later.numbers)
    went = before - after
    came = after - before
    scopes = {one[:5] for one in went} | {one[:5] for one in came if any(overlap(one, other) for other in went)}
    scopes |= {(one.measure, "", date(one.year, 1, 1), date(one.year, 12, 31), "") for one in went}
    for scope in sorted(scopes):
        yield Change(*scope, inside(later, scope) - inside(earlier, scope))


def overlap(one: Number, other: Number) -> bool:
    return (
        one.measure == other.measure
        and (not one.region or not other.region or one.region == other.region)
        and one.first <= other.last
        and other.first <= one.last
    )


def inside(release: Release, scope: tuple) -> int:
    measure, region, first, last, band = scope
    return sum(
        one.value
        for one in release.numbers
        if one.measure == measure
        and region in ("", one.region)
        and first <= one.first
        and one.last <= last
        and f"{one.band}/".startswith(f"{band}/" if band else "")
    )

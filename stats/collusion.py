"""Whether any two bodies, who know their own units, could prove something of others. For `stats/audit.py`."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from stats.worlds import TOLERANCE, Atom, Chosen, Classes, Units, Worlds

type Body = Hashable
type Coalition = tuple[Body, ...]
type Numbers = NDArray[np.intp]

PAIR = 2
# How many kinds of coalition are asked of one node. One that takes more, as happens among hundreds of thousands of
# cases, counts as found: that refuses too much, never too little.
MOST_ASKED = 200
# Worlds that may do for other parties, and beside other nodes, too: as many as are soon looked through, in numbers.
KEPT_NUMBERS = 1_000_000


@dataclass(frozen=True)
class Party:
    """Some of the bodies at hand, of whom `many` collude, it may be any of them."""

    bodies: Chosen
    many: int


@dataclass(frozen=True)
class Suspects:
    """`few` collude for certain, and of each party as many as it says. Two in all at most."""

    few: tuple[int, ...]
    parties: tuple[Party, ...] = ()


class Known:
    """The last worlds that were found, a line each: most often one of them does."""

    def __init__(self, width: int) -> None:
        self.worlds = np.empty((0, width), np.int64)
        self.most = max(2, KEPT_NUMBERS // max(width, 1))

    def add(self, world: Units) -> None:
        self.worlds = np.concatenate([self.worlds[1 - self.most :], world[None]])

    def has_one_for(self, known: Units, inside: Numbers) -> bool:
        return bool(leaves_nothing(self.worlds, known, inside).any())


class Standing:
    """What each body has in each class: entries by class, the largest first."""

    def __init__(self, units: Mapping[Body, Mapping[Atom, int]], classes: Classes) -> None:
        held = [(held_by(mine, classes), body) for body, mine in units.items()]
        kinds = sorted({kind for kind, _ in held})
        number_of = {kind: n for n, kind in enumerate(kinds)}
        # Those that are alike stand side by side, and those that stand in the same classes not far.
        ordered = sorted(((number_of[kind], body) for kind, body in held), key=lambda one: one[0])
        self.names = [body for _, body in ordered]
        self.kind = np.array([kind for kind, _ in ordered], np.int64)
        entries = [(column, -number, n) for n, (kind, _) in enumerate(ordered) for column, number in kinds[kind]]
        table = np.array(sorted(entries), np.int64).reshape(-1, 3)
        self.column, self.number, self.body = table[:, 0], -table[:, 1], table[:, 2]
        self.width = len(classes)
        # Where the entries of each class begin, and those of each body in the order of the table.
        self.first_of = np.searchsorted(self.column, np.arange(self.width + 1))
        self.by_body = np.argsort(self.body, kind="stable")
        self.first_by_body = np.searchsorted(self.body[self.by_body], np.arange(len(self.names) + 1))

    def there(self, inside: Numbers) -> Chosen:
        stands = np.zeros(len(self.names), bool)
        stands[self.body[spans(self.first_of, inside)]] = True
        return stands

    def entries_of(self, bodies: Chosen) -> Numbers:
        """In the order of the table."""
        if 8 * bodies.sum() > len(bodies):
            return np.flatnonzero(bodies[self.body])
        return np.sort(self.by_body[spans(self.first_by_body, np.flatnonzero(bodies))])

    def known_to(self, suspects: Suspects) -> Units:
        """Class by class, the most that such a coalition may know."""
        known = np.zeros(self.width, np.int64)
        for body in suspects.few:
            mine = self.by_body[spans(self.first_by_body, np.array([body]))]
            known[self.column[mine]] += self.number[mine]
        for party in suspects.parties:
            self.add_largest(known, party)
        return known

    def add_largest(self, known: Units, party: Party) -> None:
        mine = self.entries_of(party.bodies)
        columns, numbers = self.column[mine], self.number[mine]
        is_first = np.diff(columns, prepend=-1) != 0
        known[columns[is_first]] += numbers[is_first]
        if party.many == PAIR:
            is_second = ~is_first & np.roll(is_first, 1)
            known[columns[is_second]] += numbers[is_second]

    def who_is_heeded(self, prices: NDArray[np.float64]) -> Chosen:
        """Those who stand where one more unit known would have cost something."""
        return self.there(np.flatnonzero(prices > TOLERANCE))

    def is_alike(self, party: Party) -> bool:
        kinds = self.kind[party.bodies]
        return bool((kinds == kinds[0]).all())

    def named(self, suspects: Suspects) -> Coalition:
        """One such coalition."""
        chosen = list(suspects.few)
        for party in suspects.parties:
            chosen += np.flatnonzero(party.bodies)[: party.many].tolist()
        return tuple(self.names[n] for n in chosen)


def spans(first: Numbers, chosen: Numbers) -> Numbers:
    """The places from `first[n]` on, before `first[n + 1]`, of each n chosen."""
    starts, lengths = first[chosen], first[chosen + 1] - first[chosen]
    return np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())


def held_by(units: Mapping[Atom, int], classes: Classes) -> tuple[tuple[int, int], ...]:
    held: dict[int, int] = defaultdict(int)
    for atom, number in units.items():
        if atom in classes.of:
            held[classes.of[atom]] += number
    return tuple(sorted(held.items()))


def who_proves(worlds: Worlds, standing: Standing, inside: Numbers, found: Known) -> Coalition | None:
    """Two bodies or one who can prove that others stand in these classes, or may; None if there are none.

    A world that leaves the others nothing here, and has in each class as much as any two of a party know, does for
    all of that party. Where there is no such world the party is split, until it is exactly one coalition.
    """
    costs = np.bincount(inside, minlength=standing.width).astype(float)
    waiting = [*first_suspects(standing.there(inside))]
    asked = 0
    while waiting:
        suspects = waiting.pop()
        asked += 1
        if asked > MOST_ASKED:
            return standing.named(suspects)
        known = standing.known_to(suspects)
        if found.has_one_for(known, inside):
            continue
        worlds.collude(known)
        world = worlds.lowest(costs) + known
        if leaves_nothing(world[None], known, inside).any():
            found.add(world)
        elif parts := split(suspects, standing, worlds.prices):
            waiting += parts
        else:
            return standing.named(suspects)
    return None


def leaves_nothing(worlds: Units, known: Units, inside: Numbers) -> Chosen:
    """Of each world, a line."""
    chosen: Chosen = (worlds[:, inside] == known[inside]).all(axis=1)
    chosen[chosen] = (worlds[chosen] >= known).all(axis=1)
    return chosen


def first_suspects(there: Chosen) -> Iterator[Suspects]:
    """Nobody, one or two of the bodies that stand there, as long as one is left, with others from elsewhere."""
    insiders = np.flatnonzero(there).tolist()
    for size in range(min(PAIR + 1, len(insiders))):
        others = Party(~there, PAIR - size)
        for few in combinations(insiders, size):
            yield Suspects(few, (others,) if others.many and others.bodies.any() else ())


def split(suspects: Suspects, standing: Standing, prices: NDArray[np.float64]) -> list[Suspects]:
    """The same coalitions in smaller parties; none if there is but one kind of coalition.

    Those who know what the solver had to heed are put apart from the others, who may then be done with.
    """
    mixed = [party for party in suspects.parties if not standing.is_alike(party)]
    if not mixed:
        return []
    party = max(mixed, key=lambda one: int(one.bodies.sum()))
    others = tuple(one for one in suspects.parties if one is not party)
    chosen = party.bodies & standing.who_is_heeded(prices)
    if not chosen.any() or (chosen == party.bodies).all():
        chosen = half(party, standing)
    one, other = chosen, party.bodies & ~chosen
    parts: Iterable[tuple[Party, ...]] = [(Party(some, party.many),) for some in (one, other)]
    if party.many == PAIR:
        parts = [*parts, (Party(one, 1), Party(other, 1))]
    return [Suspects(suspects.few, (*others, *part)) for part in parts]


def half(party: Party, standing: Standing) -> Chosen:
    """Never between two that are alike."""
    kinds = np.unique(standing.kind[party.bodies])
    below: Chosen = standing.kind < kinds[len(kinds) // 2]
    return party.bodies & below

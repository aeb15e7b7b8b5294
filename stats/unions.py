"""Whether some cells together in which fewer than k bodies stand are certain to hold something. For `stats/audit.py`.

There are too many unions to ask one by one: twenty bodies in as many cells make thousands. A union holds for certain
what the classes that lie in it whole hold. A world that leaves nothing in these does for all unions within it; and
whatever larger one is certain to hold something has another class in which that world has units, whole. So the search
begins with the empty cells, and adds to the bodies in sight those of one such class after the other, as long as they
are fewer than k. Worlds are looked for that have little where it would go on: most often the first has nothing there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stats.collusion import Body, Numbers
from stats.worlds import Atoms, Classes, Units, Worlds

# How many unions are looked at in one place. One that takes more counts as found: that refuses too much, never too
# little.
MOST_ASKED = 1000
# The last worlds do for other unions too, and for other places, as long as the search goes on in a few cells only.
KEPT, FEW = 100, 4
# What units inside cost against those beside; where that does not do, they alone are asked.
DEAR = 100

type Crowd = frozenset[Body]


@dataclass(frozen=True)
class Part:
    name: str
    atoms: Atoms
    bodies: Crowd


class Unions:
    def __init__(self, worlds: Worlds, classes: Classes, k: int) -> None:
        self.worlds, self.classes, self.k = worlds, classes, k
        self.kept = np.empty((0, len(classes)), np.int64)

    def certain(self, parts: Sequence[Part]) -> Iterator[tuple[list[Part], int]]:
        """Each smallest union that is certain to hold something, with how much at least."""
        crowds = self.crowds(parts)
        ahead, seen, proved = [frozenset[Body]()] if crowds else [], set[Crowd](), list[Crowd]()
        asked = 0
        while ahead and asked <= MOST_ASKED:
            crowd = ahead.pop(0)
            if any(one <= crowd for one in proved):
                continue
            inside = np.array([column for column, bodies in crowds.items() if bodies <= crowd], np.int64)
            beside = {column: crowd | bodies for column, bodies in crowds.items() if not bodies <= crowd}
            beside = {column: bodies for column, bodies in beside.items() if len(bodies) < self.k}
            world = self.without(inside, np.array([*beside], np.int64))
            asked += 1
            if world[inside].any() or asked > MOST_ASKED:
                proved.append(crowd)
                yield [part for part in parts if part.bodies <= crowd], int(world[inside].sum())
                continue
            larger = {bodies for column, bodies in beside.items() if world[column]} - seen
            seen |= larger
            ahead = sorted([*ahead, *larger], key=len)

    def crowds(self, parts: Sequence[Part]) -> Mapping[int, Crowd]:
        """The classes that may lie whole in such a union → the bodies of all cells that they are in."""
        found: dict[int, Crowd] = defaultdict(frozenset)
        small = [part for part in parts if len(part.bodies) < self.k]
        for part in small:
            for column in self.classes.touched(part.atoms):
                found[column] |= part.bodies
        whole = self.classes.whole(frozenset().union(*(part.atoms for part in small)))
        return {column: found[column] for column in whole if len(found[column]) < self.k}

    def without(self, inside: Numbers, beside: Numbers) -> Units:
        """A world with nothing inside, if there is one, and little beside; else one with the least inside."""
        fit = self.kept[~self.kept[:, inside].any(axis=1)]
        there = (fit[:, beside] > 0).sum(axis=1)
        if len(fit) and there.min() <= FEW:
            known: Units = fit[there.argmin()]
            return known
        costs = np.zeros(len(self.classes))
        costs[beside] = 1
        costs[inside] = DEAR
        world = self.worlds.lowest(costs)
        if world[inside].any():
            costs[beside] = 0
            world = self.worlds.lowest(costs)
        self.kept = np.concatenate([self.kept[1 - KEPT :], world[None]])
        return world

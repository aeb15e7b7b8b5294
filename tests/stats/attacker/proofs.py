"""What holds in every content that agrees with what is published: claims, for the judge to weigh.

The judge says beforehand which sets of cells hold few bodies. That spares the attacker what would be dismissed anyway,
and gives it nothing: of each set it proves what it can from numbers alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations, product
from typing import NamedTuple

import numpy as np

from tests.stats.attacker.knowledge import BODIES, NOWHERE, OR, Knowledge, Rest, Scope, is_under
from tests.stats.attacker.system import UNBOUNDED

ENOUGH = 5
MOST_COALITIONS = 30


class Target(NamedTuple):
    """`inside`: the unknowns that it holds whole; `touched`: all that it may hold some of, None if not bounded."""

    what: object
    inside: frozenset[int]
    touched: frozenset[int] | None


class Gap(NamedTuple):
    """A rest, of which each side holds these unknowns whole, and touches those; None if not bounded."""

    what: Rest
    of: Target
    by: Target


class Claim(NamedTuple):
    """The total of `what` lies in [lo, hi]; of those who do not collude, if some do."""

    kind: str
    what: object
    lo: float
    hi: float = UNBOUNDED
    coalition: tuple[int, ...] = ()


@dataclass
class Attack:
    known: Knowledge
    targets: list[Target]
    gaps: list[Gap] = field(default_factory=list)

    def claims(self, own: dict[int, dict[int, int]]) -> Iterator[Claim]:
        """`own`: of each body that may collude, unknown → units that it knows to be its own."""
        proved = set()
        for claim in chain(self.certain(), self.narrow()):
            proved.add(claim.what)
            yield claim
        yield from self.spared()
        yield from self.left()
        left = [target for target in self.targets if target.inside and target.what not in proved]
        yield from self.colluded([target for target in left if not is_union(target.what)], own)

    def certain(self) -> Iterator[Claim]:
        targets = [target for target in self.targets if target.inside]
        for target, least in self.never_below(targets, 1):
            yield Claim("certain", target.what, least)

    def never_below(self, targets: list[Target], enough: int) -> Iterator[tuple[Target, float]]:
        """Those whose least total is `enough`; one content often answers for many of them."""
        if not targets:
            return
        rows = self.rows(target.inside for target in targets)
        left = rows @ self.known.system.world(rows.sum(axis=0)) >= enough
        while left.any():
            first = left.argmax()
            totals = rows @ self.known.system.world(rows[first])
            if totals[first] >= enough:
                yield targets[first], float(totals[first])
            left &= totals >= enough
            left[first] = False

    def rows(self, sets: Iterable[frozenset[int]]) -> np.ndarray:
        sets = list(sets)
        rows = np.zeros((len(sets), self.known.system.width))
        for number, some in enumerate(sets):
            rows[number, list(some)] = 1
        return rows

    def narrow(self) -> Iterator[Claim]:
        """So few that it was not known before."""
        public = {target: self.public_most(target.what) for target in self.targets if isinstance(target.what, Scope)}
        targets = [target for target, most in public.items() if target.touched and most]
        if not targets:
            return
        rows = self.rows(target.touched for target in targets)
        before = np.array([min(ENOUGH, public[target]) for target in targets])
        left = rows @ self.known.system.world(-rows.sum(axis=0)) < before
        while left.any():
            first = left.argmax()
            totals = rows @ self.known.system.world(-rows[first])
            if totals[first] < before[first]:
                yield Claim("narrow", targets[first].what, 0, float(totals[first]))
            left &= totals < before
            left[first] = False

    def public_most(self, scope: Scope) -> int:
        """Of three bodies on an island, nobody expects more than three incidents; nor anything where there is none."""
        bodies, year = self.known.last.bodies, self.known.year
        most, there = [ENOUGH], scope.regions - self.known.empty_regions[scope.measure]
        if NOWHERE not in there:
            most.append(sum(bodies.get((year, region, ""), 0) for region in there) or ENOUGH)
        if scope.measure in BODIES and scope.band:
            most.append(bodies.get((year, "", scope.band), ENOUGH))
            if NOWHERE not in there:
                kinds = [one for one in self.known.last.bands[scope.measure] if is_under(one, scope.band)]
                most.append(sum(bodies.get((year, *where), ENOUGH) for where in product(there, kinds)))
        return min(most)

    def spared(self) -> Iterator[Claim]:
        """All of a kind were hit, or nearly."""
        for scope, existing in self.known.kinds():
            inside = frozenset(self.known.whole(self.known.inside(scope)))
            if inside and (least := self.known.system.least(inside)) and existing - least < ENOUGH:
                yield Claim("spared", scope, least, existing)

    def left(self) -> Iterator[Claim]:
        """Nearly all had it, by subtracting one number from another that holds it."""
        for what, of, by in self.gaps:
            if of.touched is not None and (public := self.public_most(what.of)):
                weights = self.rows([of.touched])[0] - self.rows([by.inside])[0]
                most = float(weights @ self.known.system.world(-weights))
                if most < min(ENOUGH, public):
                    yield Claim("narrow", what, 0, most)

    def colluded(self, left: list[Target], own: dict[int, dict[int, int]]) -> Iterator[Claim]:
        """Worlds are then those that hold at least what they know, and a total is that of the others."""
        if not left:
            return
        rows = self.rows(target.inside for target in left)
        together = rows.sum(axis=0)
        for coalition, units in coalitions(own):
            self.known.system.know(units)
            mine = rows[:, list(units)] @ np.array(list(units.values()))
            for number in np.flatnonzero(rows @ self.known.system.world(together) > mine):
                least = float(rows[number] @ self.known.system.world(rows[number]) - mine[number])
                if least > 0:
                    yield Claim("certain", left[number].what, least, coalition=coalition)
        self.known.system.know({})


def is_union(what: object) -> bool:
    """Several quarters or bands together: what those who collude learn of them is a limit that the method tells."""
    return isinstance(what, Scope) and (not isinstance(what.months, range) or OR in what.band)


def coalitions(own: dict[int, dict[int, int]]) -> Iterator[tuple[tuple[int, ...], dict[int, int]]]:
    """One body of each kind that has other units than the others, and pairs of them."""
    kinds = {tuple(sorted(units.items())): body for body, units in own.items() if units}
    one_of = [(body, dict(units)) for units, body in kinds.items()][:MOST_COALITIONS]
    for body, units in one_of:
        yield (body,), units
    for (one, first), (other, second) in list(combinations(one_of, 2))[:MOST_COALITIONS]:
        together = {column: first.get(column, 0) + second.get(column, 0) for column in first | second}
        yield (one, other), together

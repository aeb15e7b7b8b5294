"""May these tables be published together? Numbers in, findings out; neither Django nor a database.

An attacker has every published number, knows how the tables hang together and how many bodies exist, and wants to
learn of fewer than k bodies. A *world* is one content of all cells (atoms), in whole numbers of zero or more, that
agrees with all of it; the attacker cannot tell one world from another. A hidden node passes once two worlds are known:
one in which nobody was hit there, one in which it holds k units or more. The solver only proposes worlds: each is
rounded and checked in whole numbers before it counts. Its tolerances may refuse a family, never let one through.

What makes this affordable, and why it gives nothing away:

- *Classes.* Atoms that stand in the same rows with the same signs are one variable. A world of atoms gives one of
  classes by adding; a world of classes gives one of atoms by any split, since no row tells the atoms of a class apart.
  So a node has at least what its whole classes hold (the rest can lie outside it) and at most what all of the classes
  that it touches hold: both exact. Atoms of no row are free: nothing is known of them, and they need no variable.
- *Fractions.* Linear programming gives an interval that contains the true one: a lowest total of 0.5 means one unit,
  but one of 0 might be met by halves only. Such a solution fails the check of whole numbers and is looked for again
  with integer variables, so that the intervals given are those of whole numbers. Two trees of sums that cross are
  totally unimodular and never come to this.
- *Colluding bodies* know their own units. Worlds are then those that hold at least these units, atom by atom; what the
  others have is the rest. Only lower bounds of variables change.
- *One partition.* If each atom stands in one sum at most and in no other row, and each sum has k bodies or more, a
  node with fewer holds no sum whole, hence no whole class: its lowest total is 0 whoever colludes, without solving.
  Coalitions are therefore looked for only beside nodes that hold a whole class.
- *All pairs at once.* A world that gives each class outside the node as much as any two bodies hold there, and the
  node nothing, agrees with what any two bodies outside know: none of them learns anything of it. So with one or two
  of its own bodies colluding, and whoever else. Where there is no such world the bodies are put in smaller parties,
  down to one coalition if need be (`stats/collusion.py`): every body and every pair is done with, and none is left
  out; a node that takes too many parties counts as found. Three bodies or more are never tried.

It reasons on numbers only, not on why cells were put together nor on what newspapers say.
Every cell that outsiders cannot rule out must be an atom, empty ones too: leaving one out says that it is known empty.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from time import monotonic

import numpy as np

from stats.collusion import Body, Coalition, Known, Standing, who_proves
from stats.unions import Part, Unions
from stats.worlds import Atom, Atoms, AuditError, AuditTimeout, Chosen, Classes, Groups, Row, Units, Worlds, unmet

__all__ = [
    "AuditError",
    "AuditTimeout",
    "Cap",
    "Choice",
    "Family",
    "Finding",
    "Floor",
    "Link",
    "Node",
    "Reason",
    "Sum",
    "audit",
]


@dataclass(frozen=True)
class Sum:
    """A published number."""

    atoms: Atoms
    value: int


@dataclass(frozen=True)
class Link:
    """What everybody knows of two tables: both sides have the same total, or the left one at most the right one's."""

    left: Atoms
    right: Atoms
    at_most: bool = False


@dataclass(frozen=True)
class Cap:
    """A stratum, by a public figure: atoms that count distinct bodies, of which `value` exist."""

    name: str
    atoms: Atoms
    value: int


@dataclass(frozen=True)
class Floor:
    """What a published number says of another table: that at least `value` units are in these atoms."""

    atoms: Atoms
    value: int


@dataclass(frozen=True)
class Node:
    """A finest cell, or any union of cells, which must tell nothing while fewer than k bodies stand in it.

    `most`: what anybody would guess at most, from how few bodies exist there; to prove as much is no finding.
    `with_least`: whether it tells anything that some are there.
    """

    name: str
    atoms: Atoms
    most: float = inf
    with_least: bool = True


@dataclass(frozen=True)
class Choice:
    """Cells side by side: no union of them in which fewer than k bodies stand may be certain to hold something.

    Colluding bodies are not looked for: among thousands of cases some pair could nearly always prove something of such
    a wide union, and the nation would have no quarters. The method says so.
    """

    name: str
    parts: Mapping[str, Atoms]


@dataclass(frozen=True)
class Family:
    """All that is published and known, and the truth: the units (1 or more) that each body has in each atom.

    `left`: the same of atoms of which nobody knows its own: that it was not hit.
    """

    sums: Sequence[Sum]
    links: Sequence[Link]
    caps: Sequence[Cap]
    nodes: Sequence[Node]
    units: Mapping[Body, Mapping[Atom, int]]
    floors: Sequence[Floor] = ()
    choices: Sequence[Choice] = ()
    left: Mapping[Body, Mapping[Atom, int]] = field(default_factory=dict)


class Reason(StrEnum):
    CERTAIN = "certain"  # somebody of fewer than k bodies was hit, whatever the world
    NARROW = "narrow"  # the numbers leave fewer than k units there, and fewer than was public before
    SPARED = "spared"  # some of a stratum were hit, and fewer than k were not


@dataclass(frozen=True)
class Finding:
    """The total that can be proved to lie in [lo, hi]: of the node, or of its other bodies if some collude."""

    name: str
    reason: Reason
    lo: int
    hi: float  # inf: nothing bounds it
    coalition: Coalition = ()
    atoms: Atoms = field(default=frozenset(), compare=False, repr=False)


def audit(family: Family, *, k: int, deadline: float, coalitions: Iterable[Coalition] | None = None) -> list[Finding]:
    """What these tables tell of fewer than k bodies, in the order of the nodes, the choices, the caps; empty: nothing.

    One finding a node: without coalition if there is one, else with the first coalition that finds something.
    `coalitions` are tried as given, else looked for. Raises AuditTimeout after `deadline` seconds, AuditError if the
    truth contradicts a published number or the solver gives no answer.
    """
    return Auditor(family, k, monotonic() + deadline).findings(coalitions)


def rows_of(family: Family) -> list[Row]:
    """What is published first, then what is known without it."""
    rows = [Row(dict.fromkeys(one.atoms, 1), one.value, one.value, f"sum {n}") for n, one in enumerate(family.sums)]
    rows += [Row(dict.fromkeys(one.atoms, 1), one.value, inf, f"floor {n}") for n, one in enumerate(family.floors)]
    for n, link in enumerate(family.links):
        signs = dict.fromkeys(link.left - link.right, 1) | dict.fromkeys(link.right - link.left, -1)
        rows.append(Row(signs, -inf if link.at_most else 0, 0, f"link {n}"))
    return rows + [Row(dict.fromkeys(cap.atoms, 1), -inf, cap.value, f"cap {cap.name}") for cap in family.caps]


class Auditor:
    def __init__(self, family: Family, k: int, ends_at: float) -> None:
        self.family, self.k, self.ends_at = family, k, ends_at
        self.rows = rows_of(family)
        self.classes = Classes(self.rows)
        check_truth(family, self.rows)
        self.stand = standing(family)
        self.nodes = [node for node in family.nodes if 0 < len(self.bodies_in(node.atoms)) < k]
        self.whole = self.groups(self.classes.whole(node.atoms) if node.with_least else [] for node in self.nodes)
        self.touched = self.groups(self.classes.touched(node.atoms) for node in self.nodes)
        self.is_free = np.array([not node.atoms <= self.classes.of.keys() for node in self.nodes], bool)
        truth = sum(sum(units.values()) for units in family.units.values())
        # Far above what any row can leave: a bound that is too low could only make the audit stricter.
        self.room = 10 * (k + truth + sum(cap.value for cap in family.caps))
        self.worlds = Worlds(self.classes, self.rows, self.room, ends_at)

    def groups(self, groups: Iterable[list[int]]) -> Groups:
        return Groups(list(groups), len(self.classes))

    def findings(self, coalitions: Iterable[Coalition] | None) -> list[Finding]:
        found = {n: self.finding(n, Reason.CERTAIN) for n in self.certain(~self.whole.is_empty)}
        found |= {n: self.finding(n, Reason.NARROW) for n in self.narrow() if n not in found}
        others = [*self.chosen(), *self.spared()]
        left = ~self.whole.is_empty & ~np.isin(np.arange(len(self.nodes)), list(found))
        if coalitions is not None:
            found |= self.colluded(coalitions, left)
        else:
            for n, coalition in self.pairs_that_prove(left):
                self.worlds.collude(self.known_to(coalition))
                found[n] = self.finding(n, Reason.CERTAIN, coalition)
        return [found[n] for n in sorted(found)] + others

    def certain(self, asked: Chosen) -> dict[int, int]:
        return unmet(self.worlds, self.whole, asked, lambda totals: totals == 0)

    def narrow(self) -> list[int]:
        """Only what the publication narrows: that a stratum has three bodies was known before."""
        low = unmet(self.worlds, self.touched, ~self.is_free, lambda totals: totals >= self.k, sign=-1)
        if not low:
            return []
        known = len(self.family.sums) + len(self.family.floors)
        rows = [replace(row, lower=-inf, upper=inf) for row in self.rows[:known]] + self.rows[known:]
        before = Worlds(self.classes, rows, self.room, self.ends_at)
        asked = np.isin(np.arange(len(self.nodes)), list(low))
        public = unmet(before, self.touched, asked, lambda totals: totals >= self.k, sign=-1)
        return [n for n, hi in low.items() if hi < min(public.get(n, self.k), self.nodes[n].most)]

    def chosen(self) -> Iterator[Finding]:
        """Unions of the choices that are certain to hold something, the smallest ones."""
        search = Unions(self.worlds, self.classes, self.k)
        for choice in self.family.choices:
            parts = [Part(name, atoms, self.bodies_in(atoms)) for name, atoms in choice.parts.items()]
            for some, lo in search.certain(parts):
                atoms = frozenset[Atom]().union(*(part.atoms for part in some))
                name = f"{choice.name} " + " + ".join(part.name for part in some)
                yield Finding(name, Reason.CERTAIN, lo, inf, atoms=atoms)

    def bodies_in(self, atoms: Atoms) -> frozenset[Body]:
        return frozenset().union(*(self.stand[atom] for atom in atoms & self.stand.keys()))

    def spared(self) -> list[Finding]:
        """Strata of which it can be proved that some bodies were hit and that fewer than k were not."""
        caps = self.family.caps
        existing = np.array([cap.value for cap in caps], np.int64)
        hit = self.groups(self.classes.whole(cap.atoms) for cap in caps)
        proved = unmet(self.worlds, hit, ~hit.is_empty, lambda totals: (totals == 0) | (existing - totals >= self.k))
        return [
            Finding(caps[n].name, Reason.SPARED, lo, self.highest(hit, n), atoms=caps[n].atoms)
            for n, lo in proved.items()
        ]

    def colluded(self, tried: Iterable[Coalition], left: Chosen) -> dict[int, Finding]:
        """Findings among the nodes left. Where all bodies collude, the truth is a world that leaves the others 0."""
        found: dict[int, Finding] = {}
        for coalition in tried:
            self.worlds.collude(self.known_to(coalition))
            found |= {n: self.finding(n, Reason.CERTAIN, coalition) for n in self.certain(left)}
            left = left & ~np.isin(np.arange(len(self.nodes)), list(found))
        return found

    def pairs_that_prove(self, asked: Chosen) -> Iterator[tuple[int, Coalition]]:
        """Of the nodes asked, those in which some body, or some two, could prove something."""
        standing, found = Standing(self.family.units, self.classes), Known(len(self.classes))
        proofs: dict[bytes, Coalition | None] = {}
        for n in np.flatnonzero(asked).tolist():
            inside = self.whole.columns[self.whole.owner == n]
            key = inside.tobytes()
            if key not in proofs:
                proofs[key] = who_proves(self.worlds, standing, inside, found)
            if coalition := proofs[key]:
                yield n, coalition

    def known_to(self, coalition: Coalition) -> Units:
        own = np.zeros(len(self.classes), np.int64)
        for body in coalition:
            for atom, number in self.family.units[body].items():
                if atom in self.classes.of:
                    own[self.classes.of[atom]] += number
        return own

    def finding(self, n: int, reason: Reason, coalition: Coalition = ()) -> Finding:
        lo, hi = self.interval(n)
        return Finding(self.nodes[n].name, reason, lo, hi, coalition, self.nodes[n].atoms)

    def interval(self, n: int) -> tuple[int, float]:
        """What can be proved of the total of the n-th node."""
        lo = 0 if self.whole.is_empty[n] else self.extreme(self.whole, n, 1)
        return lo, inf if self.is_free[n] else self.highest(self.touched, n)

    def highest(self, groups: Groups, n: int) -> float:
        """The bounds of the variables are no knowledge of anybody's."""
        hi = self.extreme(groups, n, -1)
        return inf if hi > self.room // 2 else hi

    def extreme(self, groups: Groups, n: int, sign: int) -> int:
        only = np.arange(groups.count) == n
        return int(groups.totals(self.worlds.lowest(sign * groups.weights(only)))[n])


def check_truth(family: Family, rows: Sequence[Row]) -> None:
    """Nobody can be deceived by numbers that are false, and no world need exist that agrees with them."""
    truth: dict[Atom, int] = defaultdict(int)
    for units in (*family.units.values(), *family.left.values()):
        for atom, number in units.items():
            if number < 1:
                raise AuditError(f"A body cannot have {number} units: leave it out.")
            truth[atom] += number
    for row in rows:
        total = sum(sign * truth.get(atom, 0) for atom, sign in row.signs.items())
        if not row.lower <= total <= row.upper:
            raise AuditError(f"Infeasible: the true total of {row.says} is {total}, not {row.lower} to {row.upper}.")


def standing(family: Family) -> dict[Atom, set[Body]]:
    stand: dict[Atom, set[Body]] = defaultdict(set)
    for body, units in (*family.units.items(), *family.left.items()):
        for atom in units:
            stand[atom].add(body)
    return stand

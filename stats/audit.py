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
  with integer variables, so that the intervals given are those of whole numbers. Tables that cross twice at most
  (totally unimodular) never come to this.
- *Colluding bodies* know their own units. Worlds are then those that hold at least these units, atom by atom; what the
  others have is the rest. Only lower bounds of variables change.
- *One partition.* If each atom stands in one sum at most, and each sum has k bodies or more, a node with fewer holds
  no sum whole, hence no whole class: its lowest total is 0 whoever colludes, without any solving. Coalitions are
  therefore looked for only beside nodes that hold a whole class: every single body there, and pairs. Bodies that
  stand in the same classes with the same units are alike. If more than FEW kinds remain, pairs are taken within one
  sum, among its LARGEST kinds: a sum of LARGEST units or fewer is tried whole, a larger one has more left when two
  leave it. This is a search with a limit: a pair that only tells something across sums can escape it, and so can
  three bodies or more.

Every cell that outsiders cannot rule out must be an atom, empty ones too: leaving one out says that it is known empty.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations, combinations_with_replacement, product
from math import inf
from time import monotonic

import highspy
import numpy as np
from numpy.typing import NDArray

type Atom = Hashable
type Body = Hashable
type Atoms = frozenset[Atom]
type Coalition = tuple[Body, ...]
type Units = NDArray[np.int64]
type Kind = tuple[tuple[int, int], ...]  # (class, units) of one body

FEW = 40
LARGEST = 8


class AuditError(Exception):
    """No verdict: the input contradicts itself, or the solver failed. Publish nothing."""


class AuditTimeout(AuditError):
    """No verdict within the time given. Publish nothing."""


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
class Node:
    """A finest cell, or any union of cells, which must tell nothing while fewer than k bodies stand in it."""

    name: str
    atoms: Atoms


@dataclass(frozen=True)
class Family:
    """All that is published and known, and the truth: the units (1 or more) that each body has in each atom."""

    sums: Sequence[Sum]
    links: Sequence[Link]
    caps: Sequence[Cap]
    nodes: Sequence[Node]
    units: Mapping[Body, Mapping[Atom, int]]


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


def audit(family: Family, *, k: int, deadline: float, coalitions: Iterable[Coalition] | None = None) -> list[Finding]:
    """What these tables tell of fewer than k bodies, in the order of the nodes, then of the caps; empty: nothing.

    One finding a node: without coalition if there is one, else with the first coalition that finds something.
    `coalitions` are tried as given, else looked for. Raises AuditTimeout after `deadline` seconds, AuditError if the
    truth contradicts a published number or the solver gives no answer.
    """
    return Auditor(family, k, monotonic() + deadline).findings(coalitions)


@dataclass(frozen=True)
class Row:
    """lower ≤ Σ sign · atom ≤ upper"""

    signs: Mapping[Atom, int]
    lower: float
    upper: float
    says: str


def rows_of(family: Family) -> list[Row]:
    """Sums first, then what is known without them."""
    rows = [Row(dict.fromkeys(one.atoms, 1), one.value, one.value, f"sum {n}") for n, one in enumerate(family.sums)]
    for n, link in enumerate(family.links):
        signs = dict.fromkeys(link.left - link.right, 1) | dict.fromkeys(link.right - link.left, -1)
        rows.append(Row(signs, -inf if link.at_most else 0, 0, f"link {n}"))
    return rows + [Row(dict.fromkeys(cap.atoms, 1), -inf, cap.value, f"cap {cap.name}") for cap in family.caps]


class Classes:
    """The variables: each is all the atoms that stand in the same rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        stands: dict[Atom, list[tuple[int, int]]] = defaultdict(list)
        for number, row in enumerate(rows):
            for atom, sign in row.signs.items():
                stands[atom].append((number, sign))
        # Sorted by rows: the order in which a set gives its atoms changes nothing.
        self.rows_of = sorted({tuple(where) for where in stands.values()})
        column = {where: n for n, where in enumerate(self.rows_of)}
        self.of = {atom: column[tuple(where)] for atom, where in stands.items()}
        self.size = np.bincount(np.fromiter(self.of.values(), int, len(self.of)), minlength=len(self))

    def __len__(self) -> int:
        return len(self.rows_of)

    def touched(self, atoms: Atoms) -> list[int]:
        return sorted({self.of[atom] for atom in atoms if atom in self.of})

    def whole(self, atoms: Atoms) -> list[int]:
        inside = np.bincount([self.of[atom] for atom in atoms if atom in self.of] or [], minlength=len(self))
        return np.flatnonzero((inside == self.size) & (self.size > 0)).tolist()

    def near(self, columns: Iterable[int]) -> set[int]:
        """The classes that some chain of rows ties to these."""
        members: dict[int, set[int]] = defaultdict(set)
        for column, where in enumerate(self.rows_of):
            for row, _ in where:
                members[row].add(column)
        found, todo = set(), set(columns)
        while todo:
            found |= todo
            rows = {row for column in todo for row, _ in self.rows_of[column]}
            todo = set().union(*(members.pop(row, ()) for row in rows)) - found
        return found


class Groups:
    """Sets of classes side by side: the totals of all of them in one world."""

    def __init__(self, groups: Sequence[Sequence[int]], width: int) -> None:
        self.width, self.count = width, len(groups)
        self.owner = np.repeat(np.arange(self.count), [len(group) for group in groups])
        self.columns = np.array([column for group in groups for column in group], np.int64)
        self.is_empty = np.array([not group for group in groups], bool)

    def totals(self, world: Units) -> Units:
        totals = np.bincount(self.owner, world[self.columns], minlength=self.count)
        return totals.astype(np.int64)

    def weights(self, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(self.columns, chosen[self.owner], minlength=self.width).astype(np.float64)


class Worlds:
    """The solver: one model, of which only the costs and the lower bounds change."""

    def __init__(self, classes: Classes, rows: Sequence[Row], room: int, ends_at: float) -> None:
        self.ends_at, self.room, self.width = ends_at, room, len(classes)
        self.columns = np.arange(self.width, dtype=np.int32)
        self.own = np.zeros(self.width, np.int64)
        self.lower, self.upper = (np.array([getattr(row, side) for row in rows], float) for side in ("lower", "upper"))
        entries = [(row, sign) for where in classes.rows_of for row, sign in where]
        self.row, self.sign = (np.array([entry[n] for entry in entries], np.int32) for n in (0, 1))
        lengths = [len(where) for where in classes.rows_of]
        self.column = np.repeat(self.columns, lengths)
        self.highs = silent_solver()
        self.highs.passModel(self.model(np.concatenate([[0], np.cumsum(lengths)])))

    def model(self, starts: NDArray[np.int64]) -> highspy.HighsLp:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.width, len(self.lower)
        lp.col_cost_ = np.zeros(self.width)
        lp.col_lower_, lp.col_upper_ = np.zeros(self.width), np.full(self.width, float(self.room))
        lp.row_lower_, lp.row_upper_ = self.lower, self.upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, self.row, self.sign.astype(float)
        return lp

    def collude(self, own: Units) -> None:
        """From now on these units are known, and worlds tell what the others have."""
        self.own = own
        self.highs.changeColsBounds(self.width, self.columns, own.astype(float), np.full(self.width, float(self.room)))

    def lowest(self, costs: NDArray[np.float64]) -> Units:
        """A world of the least cost, checked in whole numbers."""
        self.highs.changeColsCost(self.width, self.columns, costs)
        world = self.solve()
        if world is None:
            world = self.solve_in_whole_numbers()
        if world is None:
            raise AuditError("The solver's whole numbers do not agree with what is published.")
        return world - self.own

    def solve_in_whole_numbers(self) -> Units | None:
        kinds = np.full(self.width, int(highspy.HighsVarType.kInteger), np.uint8)
        self.highs.changeColsIntegrality(self.width, self.columns, kinds)
        try:
            return self.solve()
        finally:
            self.highs.changeColsIntegrality(self.width, self.columns, np.zeros_like(kinds))

    def solve(self) -> Units | None:
        """The optimum; None if it is not in whole numbers."""
        left = self.ends_at - monotonic()
        if left <= 0:
            raise AuditTimeout("The time given is over.")
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + left)  # its clock adds up the runs
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kTimeLimit:
            raise AuditTimeout("The time given is over.")
        if status != highspy.HighsModelStatus.kOptimal:
            raise AuditError(f"The solver says: {self.highs.modelStatusToString(status)}.")
        world = np.rint(self.highs.getSolution().col_value).astype(np.int64)
        return world if self.agrees(world) else None

    def agrees(self, world: Units) -> bool:
        totals = np.bincount(self.row, self.sign * world[self.column], minlength=len(self.lower))
        return bool((world >= self.own).all() and (totals >= self.lower).all() and (totals <= self.upper).all())


def silent_solver() -> highspy.Highs:
    highs = highspy.Highs()
    highs.silent()
    # The gap suffices: costs are whole, so less than one from the bound is the optimum.
    for option, value in {"threads": 1, "solver": "simplex", "mip_rel_gap": 0.0, "mip_abs_gap": 0.99}.items():
        highs.setOptionValue(option, value)
    return highs


class Auditor:
    def __init__(self, family: Family, k: int, ends_at: float) -> None:
        self.family, self.k, self.ends_at = family, k, ends_at
        self.rows = rows_of(family)
        self.classes = Classes(self.rows)
        check_truth(family, self.rows)
        found = [(node, bodies) for node, bodies in bodies_of_nodes(family) if 0 < len(bodies) < k]
        self.nodes, self.bodies = [node for node, _ in found], [bodies for _, bodies in found]
        self.whole = self.groups(self.classes.whole(node.atoms) for node in self.nodes)
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
        spared = self.spared()
        left = ~self.whole.is_empty & ~np.isin(np.arange(len(self.nodes)), list(found))
        if left.any():
            near = self.classes.near(self.whole.columns[left[self.whole.owner]].tolist())
            search = Search(self.family, self.classes, near)
            found |= self.colluded(search.by_kind(search.likely() if coalitions is None else coalitions), left)
        return [found[n] for n in sorted(found)] + spared

    def certain(self, asked: NDArray[np.bool_]) -> dict[int, int]:
        return unmet(self.worlds, self.whole, asked, lambda totals: totals == 0)

    def narrow(self) -> list[int]:
        """Only what the publication narrows: that a stratum has three bodies was known before."""
        low = unmet(self.worlds, self.touched, ~self.is_free, lambda totals: totals >= self.k, sign=-1)
        if not low:
            return []
        known = len(self.family.sums)
        rows = [replace(row, lower=-inf, upper=inf) for row in self.rows[:known]] + self.rows[known:]
        before = Worlds(self.classes, rows, self.room, self.ends_at)
        asked = np.isin(np.arange(len(self.nodes)), list(low))
        public = unmet(before, self.touched, asked, lambda totals: totals >= self.k, sign=-1)
        return [n for n, hi in low.items() if hi < public.get(n, self.k)]

    def spared(self) -> list[Finding]:
        """Strata of which it can be proved that some bodies were hit and that fewer than k were not."""
        caps = self.family.caps
        existing = np.array([cap.value for cap in caps], np.int64)
        hit = self.groups(self.classes.whole(cap.atoms) for cap in caps)
        proved = unmet(self.worlds, hit, ~hit.is_empty, lambda totals: (totals == 0) | (existing - totals >= self.k))
        return [Finding(caps[n].name, Reason.SPARED, lo, self.highest(hit, n)) for n, lo in proved.items()]

    def colluded(self, kinds: Iterable[tuple[Units, list[Coalition]]], left: NDArray[np.bool_]) -> dict[int, Finding]:
        """Findings among the nodes left in which a body remains that does not collude."""
        found: dict[int, Finding] = {}
        left = left.copy()
        for own, alike in kinds:
            self.worlds.collude(own)
            asked = left & np.array([any(not bodies <= set(one) for one in alike) for bodies in self.bodies])
            for n in self.certain(asked):
                coalition = next(one for one in alike if not self.bodies[n] <= set(one))
                found[n] = self.finding(n, Reason.CERTAIN, coalition)
                left[n] = False
        return found

    def finding(self, n: int, reason: Reason, coalition: Coalition = ()) -> Finding:
        lo, hi = self.interval(n)
        return Finding(self.nodes[n].name, reason, lo, hi, coalition)

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


def unmet(
    worlds: Worlds,
    groups: Groups,
    asked: NDArray[np.bool_],
    is_enough: Callable[[Units], NDArray[np.bool_]],
    sign: int = 1,
) -> dict[int, int]:
    """The groups asked whose lowest total (sign 1) or highest (-1) is not enough in any world, with that total.

    One world can do for many groups: they are asked together as long as that settles some, then one by one.
    """
    found: dict[int, int] = {}
    together, left = True, asked
    while left.any():
        first = np.arange(groups.count) == left.argmax()
        totals = groups.totals(worlds.lowest(sign * groups.weights(left if together else first)))
        after = left & ~is_enough(totals)
        if not together:
            found |= {int(n): int(totals[n]) for n in np.flatnonzero(after & first)}
            after &= ~first
        together &= bool((after != left).any())
        left = after
    return found


def check_truth(family: Family, rows: Sequence[Row]) -> None:
    """Nobody can be deceived by numbers that are false, and no world need exist that agrees with them."""
    truth: dict[Atom, int] = defaultdict(int)
    for units in family.units.values():
        for atom, number in units.items():
            truth[atom] += number
    for row in rows:
        total = sum(sign * truth.get(atom, 0) for atom, sign in row.signs.items())
        if not row.lower <= total <= row.upper:
            raise AuditError(f"Infeasible: the true total of {row.says} is {total}, not {row.lower} to {row.upper}.")


def bodies_of_nodes(family: Family) -> Iterator[tuple[Node, frozenset[Body]]]:
    stand: dict[Atom, set[Body]] = defaultdict(set)
    for body, units in family.units.items():
        for atom in units:
            stand[atom].add(body)
    for node in family.nodes:
        yield node, frozenset().union(*(stand[atom] for atom in node.atoms & stand.keys()))


class Search:
    """Which coalitions to try, among the bodies that stand in the classes `near` a node that can be proved anything."""

    def __init__(self, family: Family, classes: Classes, near: set[int]) -> None:
        self.family, self.classes, self.near = family, classes, near
        self.alike: dict[Kind, list[Body]] = defaultdict(list)
        for body in family.units:
            if kind := self.kind((body,)):
                self.alike[kind].append(body)

    def kind(self, coalition: Coalition) -> Kind:
        held: dict[int, int] = defaultdict(int)
        for body in coalition:
            for atom, number in self.family.units[body].items():
                column = self.classes.of.get(atom)
                if column in self.near:
                    held[column] += number
        return tuple(sorted(held.items()))

    def likely(self) -> Iterator[Coalition]:
        """Of bodies that are alike, as many as can matter: one more than collude, so that nodes keep one of them."""
        for kind in sorted(self.alike):
            yield from ((body,) for body in self.alike[kind][:2])
        for one, other in sorted(self.pairs()):
            if one == other:
                yield from combinations(self.alike[one][:3], 2)
            else:
                yield from product(self.alike[one][:2], self.alike[other][:2])

    def pairs(self) -> set[tuple[Kind, Kind]]:
        if len(self.alike) <= FEW:
            return set(combinations_with_replacement(sorted(self.alike), 2))
        in_sum: dict[int, Counter[Kind]] = defaultdict(Counter)
        for kind in self.alike:
            for column, number in kind:
                for row, _ in self.classes.rows_of[column]:
                    in_sum[row][kind] += number
        found: set[tuple[Kind, Kind]] = set()
        for row in range(len(self.family.sums)):
            largest = sorted(in_sum[row], key=lambda kind: (-in_sum[row][kind], kind))[:LARGEST]
            found.update(combinations_with_replacement(sorted(largest), 2))
        return found

    def by_kind(self, coalitions: Iterable[Coalition]) -> Iterator[tuple[Units, list[Coalition]]]:
        """What each coalition owns, and those that own the same."""
        grouped: dict[Kind, list[Coalition]] = defaultdict(list)
        for coalition in coalitions:
            grouped[self.kind(coalition)].append(coalition)
        for kind, alike in grouped.items():
            own = np.zeros(len(self.classes), np.int64)
            for column, number in kind:
                own[column] = number
            yield own, alike

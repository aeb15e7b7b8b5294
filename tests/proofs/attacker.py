"""An attacker of printed releases, who proves facts about one to four bodies, as an outsider or as one of the bodies.

The attacker shares no code with the publication rule and assumes more than a reader knows: it believes that a dash
hides at most four units (or the true number, where that is more). The judge, who knows the truth, tells it which sets
of cells contain few bodies. This saves questions about sets of many bodies and gives the attacker nothing, because it
proves each fact from numbers alone.

For each set, the attacker searches assignments of numbers that agree with what it knows: one in which the set is
empty, and two in which the units of the set differ by at least four. If all of these exist, nothing is proved. If some
do not exist, it has proved a fact.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import numpy as np

from tests.proofs.countries import Body
from tests.proofs.knowledge import Edition, Knowledge, Unknown
from tests.proofs.solver import Contradiction, Program
from tests.proofs.truth import Truth, find_truth

FEW = 4
LARGEST_SHARE = 0.85
MORE_THAN_ANYTHING = 10_000_000
OUTSIDER = None


class Scope(NamedTuple):
    """A set of cells about which the attacker asks how many units lie in it, and the bodies that have units in it."""

    cells: tuple[Unknown, ...]
    bodies: frozenset[Body]


class Fact(NamedTuple):
    """A proved fact: the units of bodies other than the reader in these cells lie between `least` and `most`.

    `true` is the true number of these units, `bodies` the number of their bodies, and `own` the reader's units in
    dashes among the cells.
    """

    reader: Body | None
    cells: tuple[Unknown, ...]
    least: int
    most: int
    true: int
    bodies: int
    own: int

    @property
    def kinds(self) -> list[str]:
        width = self.most - self.least
        kinds = {"certain": self.least > 0, "narrow": width < FEW, "pinned": width == 0}
        return [kind for kind, holds in kinds.items() if holds]

    @property
    def is_reading(self) -> bool:
        """Tell whether the fact is only what the attacker believes of a dash: at most four units, the reader's own
        included.
        """
        return self.least == 0 and self.most >= max(FEW - self.own, 1)


@dataclass
class Findings:
    """The findings of one attack. `limits` counts shown cells of exactly five bodies, each of which knows that at
    least four others exist. `readings` are what the belief about a dash tells a body
    that is in it, which is not a fact.
    """

    facts: list[Fact] = field(default_factory=list)
    readings: list[Fact] = field(default_factory=list)
    readers: int = 0
    questions: int = 0
    limits: int = 0
    solves: int = 0
    is_contradiction: bool = False

    def count(self, kind: str) -> int:
        return sum(kind in fact.kinds for fact in self.facts)


class Attack:
    """The parts of an attack that are the same for each reader."""

    def __init__(self, knowledge: Knowledge, truth: Truth) -> None:
        self.knowledge, self.truth = knowledge, truth
        self.program = Program(knowledge.unknowns, knowledge.rows)
        self.columns = self.program.columns
        self.units = np.array([truth[unknown].total() if unknown in truth else 0 for unknown in knowledge.unknowns])
        self.threshold, self.base = knowledge.rule["threshold"], knowledge.rule["base"]
        self.least, self.most = np.array([self.read_bounds(unknown) for unknown in knowledge.unknowns]).T
        self.is_shown = np.array([self.has_value(unknown) for unknown in knowledge.unknowns])
        self.is_dash = np.array([unknown in knowledge.values for unknown in knowledge.unknowns]) & ~self.is_shown
        self.scopes = list(self.list_scopes())
        self.places = self.place_scopes()
        self.sizes = np.array([len(scope.bodies) for scope in self.scopes], int)
        self.scopes_of = self.index_scopes()
        self.limits = self.list_limits()
        inequalities = [row for row in knowledge.rows if row.least < 0]
        self.inequalities, self.highest = self.program.matrix(inequalities), [row.most for row in inequalities]
        self.assignments = np.zeros((0, self.program.width), np.int64)
        self.own = self.count_own()

    def has_value(self, unknown: Unknown) -> bool:
        return any(value is not None for value in self.knowledge.values.get(unknown, ()))

    def read_bounds(self, unknown: Unknown) -> tuple[int, int]:
        """Return the least and the most units of an unknown that all figures printed of it allow, to a reader who has
        no units in it.
        """
        values = [value for value in self.knowledge.values.get(unknown, ()) if value is not None]
        is_zero = bool(values) and not values[0]
        if is_zero:
            return 0, 0
        least = [max(self.threshold, value - self.base + 1) for value in values]
        most = [value + self.base - 1 for value in values]
        fewest = int(self.knowledge.rule.get("shows_zeros", False) and unknown in self.knowledge.values)
        return max(least, default=fewest), min(most, default=MORE_THAN_ANYTHING)

    # The questions

    def list_scopes(self) -> Iterator[Scope]:
        """Yield the sets of cells that contain one to five bodies. Five are included, because one of them may be the
        reader.
        """
        sets: dict[tuple[Unknown, ...], None] = dict.fromkeys((unknown,) for unknown in self.knowledge.unknowns)
        for _whole, parts in self.knowledge.partitions:
            hidden = tuple(part for part in parts if not self.has_value(part))
            sets |= dict.fromkeys([hidden] if hidden else [])
            sets |= dict.fromkeys(combinations(hidden, len(hidden) - 1) if len(hidden) > 2 else [])
            few = [part for part in parts if len(self.truth.get(part, ())) <= self.threshold]
            sets |= dict.fromkeys(combinations(few, 2))
        for cells in sets:
            inside = [self.truth[cell] for cell in cells if cell in self.truth]
            if max(map(len, inside), default=0) <= self.threshold:
                bodies = frozenset().union(*inside)
                if 1 <= len(bodies) <= self.threshold:
                    yield Scope(cells, bodies)

    def place_scopes(self) -> np.ndarray:
        """Return the columns of each scope, padded with the number of a column that is always empty."""
        longest = max((len(scope.cells) for scope in self.scopes), default=0)
        places = np.full((len(self.scopes), longest), self.program.width)
        for number, scope in enumerate(self.scopes):
            places[number, : len(scope.cells)] = [self.columns[cell] for cell in scope.cells]
        return places

    # The readers

    def count_own(self) -> dict[Body, dict[int, int]]:
        """Return the units of each body by column."""
        own_units: dict[Body, dict[int, int]] = {}
        for unknown, bodies in self.truth.items():
            if unknown in self.columns:
                for body, units in bodies.items():
                    own_units.setdefault(body, {})[self.columns[unknown]] = units
        return own_units

    def bound_others(self, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds that a reader with the units `own` knows for the units of other bodies in each unknown.

        A shown cell in which the reader has units has at least five bodies, and the reader has at most 85 % of its
        units. In a dash, the reader believes that others have at most four units.
        """
        at_least = np.maximum(self.threshold - 1, np.ceil(own / LARGEST_SHARE - own - 1e-9))
        least = np.maximum(self.least - own, 0)
        least = np.where(self.is_shown & (own > 0) & (self.most > 0), np.maximum(least, at_least), least)
        most = np.where(self.is_dash, np.maximum(FEW, self.units - own), self.most - own)
        return least, most

    def index_scopes(self) -> dict[Body, list[int]]:
        """Return the numbers of the scopes of each body."""
        scopes_of: dict[Body, list[int]] = {}
        for number, scope in enumerate(self.scopes):
            for body in scope.bodies:
                scopes_of.setdefault(body, []).append(number)
        return scopes_of

    def list_limits(self) -> list[Counter[Body]]:
        """Return the units by body of each shown cell of exactly five bodies, each of which knows that four others
        exist.

        This is not a fact. It would be a fact that there are exactly four units of others.
        """
        contributors = (self.truth[cell] for cell, column in self.columns.items() if self.is_shown[column])
        return [bodies for bodies in contributors if len(bodies) == self.threshold]

    def is_limit(self, scope: Scope, reader: Body) -> bool:
        """Tell whether the scope contains all units of a shown cell of which the reader is one of exactly five
        bodies.
        """
        limits = [bodies for bodies in self.limits if reader in bodies and bodies.keys() <= scope.bodies]
        if not limits:
            return False
        inside = sum((self.truth[cell] for cell in scope.cells), Counter())
        return any(bodies <= inside for bodies in limits)

    def list_questions(self, reader: Body | None) -> np.ndarray:
        """Return the numbers of the scopes with one to four bodies other than the reader."""
        other_bodies = self.sizes.copy()
        own = self.scopes_of.get(reader, []) if reader else []
        other_bodies[own] -= 1
        return np.flatnonzero((other_bodies > 0) & (other_bodies < self.threshold))

    def recall_assignments(self, own: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
        """Return the assignments found for the outsider that this reader cannot exclude, without the reader's
        own units.
        """
        other_units = self.assignments - own
        fits = ((other_units >= least) & (other_units <= most)).all(axis=1)
        return other_units[fits & (other_units @ self.inequalities.T <= self.highest).all(axis=1)]

    def ask_all(self, insiders: Iterable[Body]) -> Findings:
        """Return what the outsider and each insider prove. `is_contradiction` is set if no assignment agrees with what
        one of them believes.
        """
        findings = Findings(limits=len(self.limits))
        try:
            for reader in (OUTSIDER, *insiders):
                self.ask(reader, findings)
        except Contradiction:
            findings.is_contradiction = True
        findings.solves = self.program.solves
        return findings

    def ask(self, reader: Body | None, findings: Findings) -> None:
        """Add what this reader proves to the findings. Raise Contradiction if no assignment agrees with what the
        reader believes.
        """
        own = np.zeros(self.program.width, np.int64)
        for column, units in self.own.get(reader, {}).items() if reader else ():
            own[column] = units
        numbers = self.list_questions(reader)
        findings.readers += 1
        findings.questions += len(numbers)
        if not len(numbers):
            return
        least, most = self.bound_others(own)
        self.program.set_bounds(least, most)
        questions = Questions(self.program, self.places[numbers])
        for assignment in self.recall_assignments(own, least, most):
            questions.widen_bounds(assignment)
        questions.find_least()
        questions.find_most()
        if reader is OUTSIDER:
            self.assignments = np.array(questions.assignments)
        for place in questions.list_proved():
            scope = self.scopes[numbers[place]]
            fact = self.describe_fact(reader, scope, own, questions.bound(place))
            if reader and "pinned" not in fact.kinds and self.is_limit(scope, reader):
                continue
            (findings.readings if fact.is_reading else findings.facts).append(fact)

    def describe_fact(self, reader: Body | None, scope: Scope, own: np.ndarray, bounds: tuple[int, int]) -> Fact:
        columns = [self.columns[cell] for cell in scope.cells]
        true = int((self.units - own)[columns].sum())
        own_in_dashes = int((own * self.is_dash)[columns].sum())
        return Fact(reader, scope.cells, *bounds, true, len(scope.bodies - {reader}), own_in_dashes)


class Questions:
    """The least and the most units that each set of cells may contain, in the assignments that were found."""

    def __init__(self, program: Program, places: np.ndarray) -> None:
        self.program, self.places = program, places
        self.least = np.full(len(places), MORE_THAN_ANYTHING)
        self.most = np.full(len(places), -1)
        self.is_least_known = np.zeros(len(places), bool)
        self.is_most_known = np.zeros(len(places), bool)
        self.assignments: list[np.ndarray] = []

    def make_weights(self, chosen: Iterable[int], sign: int) -> np.ndarray:
        weights = np.zeros(self.program.width + 1)
        for place in chosen:
            weights[self.places[place]] = sign
        return weights[:-1]

    def widen_bounds(self, assignment: np.ndarray) -> None:
        """Update the bounds of every set with the units that this assignment has in it."""
        totals = np.append(assignment, 0)[self.places].sum(axis=1)
        self.least, self.most = np.minimum(self.least, totals), np.maximum(self.most, totals)

    def find_assignment(self, chosen: np.ndarray, sign: int) -> None:
        """Find the assignment with the least (sign 1) or the most (sign -1) units in these sets together, and update
        the bounds.
        """
        assignment = self.program.find_assignment(self.make_weights(chosen, sign))
        self.assignments.append(assignment)
        self.widen_bounds(assignment)

    def find_least(self) -> None:
        """Search an assignment that makes all sets empty that no earlier assignment showed empty; then one for each
        set that remains.
        """
        is_first = True
        while len(remaining := np.flatnonzero((self.least > 0) & ~self.is_least_known)):
            self.find_assignment(remaining if is_first else remaining[:1], 1)
            self.is_least_known[remaining[0]] |= not is_first
            is_first = False

    def find_most(self) -> None:
        """Search an assignment with the most units in all sets whose bounds do not yet differ by four; then one
        for each set that remains.
        """
        before = -1
        while len(remaining := np.flatnonzero((self.most - self.least < FEW) & ~self.is_most_known)):
            if len(remaining) != before:
                self.find_assignment(remaining, -1)
                before = len(remaining)
            else:
                self.find_assignment(remaining[:1], -1)
                self.is_most_known[remaining[0]] = True
                before = -1

    def bound(self, place: int) -> tuple[int, int]:
        """Return the least and the most units that any assignment has in one set."""
        weights = self.make_weights([place], 1)
        least, most = (self.program.find_assignment(sign * weights) @ weights for sign in (1, -1))
        return int(least), int(most)

    def list_proved(self) -> Iterator[int]:
        """Yield the numbers of the sets of which something is proved."""
        yield from np.flatnonzero((self.least > 0) | (self.most - self.least < FEW)).tolist()


def prepare_attack(editions: Sequence[Edition], *, is_sure: bool = True) -> Attack:
    knowledge = Knowledge(editions, is_sure=is_sure)
    return Attack(knowledge, find_truth(knowledge))


def attack(editions: Sequence[Edition], *, is_sure: bool = True, insiders: Iterable[Body] | None = None) -> Findings:
    """Return what an outsider proves, and each of `insiders` on its own. None means every body that has a case."""
    prepared = prepare_attack(editions, is_sure=is_sure)
    return prepared.ask_all(prepared.own if insiders is None else insiders)

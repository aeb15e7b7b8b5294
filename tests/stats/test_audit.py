"""The auditor alone: small families of tables, and an enemy who tries every content of their cells."""

from collections import Counter
from dataclasses import dataclass, field
from math import inf
from time import monotonic

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats import collusion
from stats.audit import AuditError, Auditor, AuditTimeout, Cap, Family, Finding, Link, Node, Reason, Sum, audit
from tests.stats.families import K, everybody, family, judge, people, some_examples, tiny, total

# Rows a and b by columns 1 and 2, ten in each
SQUARE = people(a1=6, a2=4, b1=4, b2=6)


def test_it_works():
    """One cell is shown beside both margins: the three others are given away, and two of them are small."""
    assert judge(family(SQUARE, "a1 a2", "b1 b2", "a1 b1", "a2 b2", "a1")) == [
        ("a2", Reason.CERTAIN, 4, 4, ()),
        ("b1", Reason.CERTAIN, 4, 4, ()),
    ]


def test_margins_alone_leave_an_interval():
    assert judge(family(SQUARE, "a1 a2", "b1 b2", "a1 b1", "a2 b2")) == []
    assert judge(family(people(a1=11, a2=3, b1=2, b2=2), "a1 a2", "b1 b2", "a1 b1", "a2 b2")) == [
        ("a2", Reason.CERTAIN, 1, 5, ()),  # 14 in the row, 13 at most in its other cell
        ("b1", Reason.NARROW, 0, 4, ()),
        ("b2", Reason.NARROW, 0, 4, ()),
    ]


def test_an_empty_cell_hides_if_nobody_can_rule_it_out():
    assert judge(family(people(a=3), "a")) == [("a", Reason.CERTAIN, 3, 3, ())]
    assert judge(family(people(a=3), "a empty")) == [("a", Reason.NARROW, 0, 3, ())]
    assert judge(family(people(a=3, b=2), "a b empty")) == []


def test_a_union_is_found_though_its_cells_are_not():
    tables = family(people(a=1, b=2, c=9), "a b", "a b c", nodes=["a", "b", "a b", "c"])
    assert judge(tables) == [
        ("a", Reason.NARROW, 0, 3, ()),
        ("b", Reason.NARROW, 0, 3, ()),
        ("a b", Reason.CERTAIN, 3, 3, ()),
    ]


def test_nothing_is_known_of_what_no_number_covers():
    tables = family(people(a=9, b=2), "a", nodes=["b", "a b"])
    assert judge(tables) == []
    auditor = Auditor(tables, 20, monotonic() + 60)
    assert [auditor.interval(n) for n in range(2)] == [(0, inf), (9, inf)]


def test_two_tables_of_the_same_cases_are_subtracted():
    """Brittany by type, the nation by cause: the phishing of the rest is what Brittany leaves of the nation."""
    units = people(bzh_ransom=9, bzh_other=2, nation_mail=9, nation_hole=2)
    same = Link(frozenset({"bzh_ransom", "bzh_other"}), frozenset({"nation_mail", "nation_hole"}))
    shown = ["bzh_ransom bzh_other", "nation_mail"]
    nodes = ["bzh_other", "nation_hole"]
    assert judge(family(units, *shown, nodes=nodes)) == []
    assert judge(family(units, *shown, links=[same], nodes=nodes)) == [("nation_hole", Reason.CERTAIN, 2, 2, ())]


def test_at_most_is_an_inequality():
    """Bodies hit are no more than incidents: eight incidents leave room for two bodies beside the six shown."""
    units = people(bodies=6, others="x y", incidents=8)
    link = Link(frozenset({"bodies", "others"}), frozenset({"incidents"}), at_most=True)
    narrow = [("others", Reason.NARROW, 0, 2, ())]
    assert judge(family(units, "bodies", "incidents", links=[link], nodes=["others"])) == narrow
    turned = Link(link.right, link.left, at_most=True)
    certain = [("others", Reason.CERTAIN, 2, inf, ())]
    assert judge(family(units, "bodies", "incidents", links=[turned], nodes=["others"])) == certain


def stratum(hit, existing, *shown):
    units = people(hit=hit)
    return family(units, *shown, caps=[Cap("communes", frozenset({"hit"}), existing)], nodes=["hit"])


def test_all_of_a_stratum_or_nearly_all():
    assert judge(stratum(10, 15, "hit")) == []
    assert judge(stratum(11, 15, "hit")) == [("communes", Reason.SPARED, 11, 11, ())]
    assert judge(stratum(15, 15, "hit")) == [("communes", Reason.SPARED, 15, 15, ())]


def test_a_small_stratum_says_nothing_by_itself():
    """That three bodies exist was public; that one of them was hit was not."""
    assert judge(stratum(2, 3)) == []
    assert judge(stratum(2, 3, "hit")) == [
        ("hit", Reason.CERTAIN, 2, 2, ()),
        ("communes", Reason.SPARED, 2, 2, ()),
    ]


def test_half_units_deceive_nobody():
    """By halves, a, b and c would leave nothing to d; no whole numbers do."""
    tables = family(people(d=1), "a b d", "b c d", "a c d", nodes=["d"])
    assert judge(tables) == [("d", Reason.CERTAIN, 1, 1, ())]


# Everything that tiny families can hold, tried one by one


@dataclass
class Enemy:
    """Tries every content: a table of worlds, one line each, one column a cell that some sum covers."""

    tables: Family
    worlds: np.ndarray = field(init=False)

    def __post_init__(self):
        self.cells = sorted(frozenset().union(*(one.atoms for one in self.tables.sums)))
        size = max(one.value for one in self.tables.sums) + 1
        self.worlds = np.indices([size] * len(self.cells), np.int8).reshape(len(self.cells), -1).T
        for one in self.tables.sums:
            self.keep(self.of(one.atoms) == one.value)
        self.public = self.worlds
        for link in self.tables.links:
            left, right = self.of(link.left), self.of(link.right)
            self.keep(left <= right if link.at_most else left == right)
        for cap in self.tables.caps:
            self.keep(self.of(cap.atoms) <= cap.value)

    def of(self, atoms):
        return self.worlds[:, [cell in atoms for cell in self.cells]].sum(axis=1)

    def keep(self, is_possible):
        self.worlds = self.worlds[is_possible]

    def interval(self, atoms, coalition=()):
        own = [sum(self.tables.units[body].get(cell, 0) for body in coalition) for cell in self.cells]
        others = (self.worlds - own)[(self.worlds >= own).all(axis=1)]
        totals = others[:, [cell in atoms for cell in self.cells]].sum(axis=1)
        return totals.min(), totals.max() if atoms <= set(self.cells) else inf

    def certain(self, node, coalitions):
        """The first coalition that proves something of those who remain in the node."""
        bodies = {body for body, mine in self.tables.units.items() if node.atoms & mine.keys()}
        for coalition in [(), *coalitions]:
            lo, hi = self.interval(node.atoms, coalition)
            if 0 < len(bodies) < K and bodies - set(coalition) and lo > 0:
                return [(node.name, Reason.CERTAIN, lo, hi, coalition)]
        return []


@some_examples
@given(tiny())
def test_it_proves_what_an_enemy_proves_who_tries_everything(tables):
    enemy = Enemy(tables)
    auditor = Auditor(tables, K, monotonic() + 60)
    for n, node in enumerate(auditor.nodes):
        assert auditor.interval(n) == enemy.interval(node.atoms)
    pairs = everybody(tables.units)
    expected = [one for node in tables.nodes for one in enemy.certain(node, pairs)]
    found = [one for one in judge(tables, coalitions=pairs) if one[1] == Reason.CERTAIN]
    alone = [one for one in found if not one[-1]]
    assert alone == [one for one in expected if not one[-1]]
    narrow = {one[0] for one in judge(tables) if one[1] == Reason.NARROW}
    assert [one for one in found if one[-1]] == [one for one in expected if one[-1] and one[0] not in narrow]
    for cap in tables.caps:
        lo, hi = enemy.interval(cap.atoms)
        spared = [(cap.name, Reason.SPARED, lo, hi, ())] if lo and cap.value - lo < K else []
        assert [one for one in judge(tables) if one[1] == Reason.SPARED] == spared


# One partition


@st.composite
def partitions(draw):
    """Cells merged in a row until K bodies stand in them, what is left joining the last; any unions as nodes."""
    cells = range(draw(st.integers(3, 14)))
    stands = draw(st.lists(st.tuples(st.integers(0, 25), st.sampled_from(cells)), min_size=20, max_size=60))
    units = {}
    for body, atom in stands:
        units.setdefault(body, Counter())[atom] += 1
    blocks, block = [], set()
    for cell in draw(st.permutations(cells)):
        block.add(cell)
        if sum(any(atom in block for atom in mine) for mine in units.values()) >= K:
            blocks.append(block)
            block = set()
    if not blocks:
        blocks = [set()]
    blocks[-1] |= block
    sums = [Sum(frozenset(block), total(units, block)) for block in blocks if total(units, block)]
    some = st.frozensets(st.sampled_from(cells), min_size=1)
    nodes = [frozenset({cell}) for cell in cells] + draw(st.lists(some, max_size=6))
    return Family(sums, [], [], [Node(str(sorted(atoms)), atoms) for atoms in nodes], units)


@some_examples
@given(partitions())
def test_a_single_partition_tells_nothing(tables):
    assert judge(tables, coalitions=everybody(tables.units)) == []
    assert judge(tables, coalitions=None) == []


def test_a_cell_of_which_too_much_would_have_to_be_asked_counts_as_found(monkeypatch):
    """Four stand in a1, and no two of the others can tell."""
    tables = family(people(a1=4, a2=9, b1=9, b2=9), "a1 a2", "b1 b2", "a1 b1", "a2 b2")
    assert judge(tables, coalitions=None) == []
    monkeypatch.setattr(collusion, "MOST_ASKED", 0)
    assert [finding[0] for finding in judge(tables, coalitions=None)] == ["a1"]


# What goes wrong, and the same twice


@pytest.mark.parametrize("deadline", [0, 0.0001])
def test_no_verdict_when_time_is_over(deadline):
    with pytest.raises(AuditTimeout):
        judge(family(SQUARE, "a1 a2", "b1 b2", "a1 b1", "a2 b2", "a1"), deadline=deadline)


def test_the_solver_itself_is_stopped(monkeypatch):
    auditor = Auditor(family(SQUARE, "a1 a2", "b1 b2", "a1 b1", "a2 b2"), K, monotonic() + 60)
    monkeypatch.setattr("stats.worlds.monotonic", lambda: auditor.ends_at - 1e-9)
    with pytest.raises(AuditTimeout):
        auditor.interval(0)


@pytest.mark.parametrize(
    "tables",
    [
        Family([Sum(frozenset("ab"), 4)], [], [], [], people(a=3)),
        Family([Sum(frozenset(), 1)], [], [], [], {}),
        Family([], [Link(frozenset("a"), frozenset("b"))], [], [], people(a=3, b=2)),
        Family([], [Link(frozenset("a"), frozenset("b"), at_most=True)], [], [], people(a=3, b=2)),
        Family([], [], [Cap("communes", frozenset("a"), 2)], [], people(a=3)),
    ],
    ids=["sum", "empty", "link", "at most", "cap"],
)
def test_numbers_that_contradict_the_truth_are_refused(tables):
    with pytest.raises(AuditError, match="Infeasible"):
        judge(tables)


def test_a_solver_without_an_answer_is_no_verdict():
    """Two colluding bodies that pretend to more units than were published."""
    auditor = Auditor(family(people(x="p q r", y="s t", z="u v w"), "x y", "y z"), K, monotonic() + 60)
    auditor.worlds.collude(np.array([6, 0, 0]))
    with pytest.raises(AuditError, match="Infeasible"):
        auditor.interval(0)


def test_a_body_without_a_unit_is_refused():
    with pytest.raises(AuditError, match="0 units"):
        judge(Family([], [], [], [], {"x": {"a": 0}}))


def test_nothing_published_is_nothing_told():
    assert judge(Family([], [], [], [Node("a", frozenset("a"))], people(a=1)), coalitions=None) == []


@dataclass(frozen=True)
class Cell:
    """Its sets give their atoms in an order that `salt` draws."""

    name: str
    salt: int = field(compare=False)

    def __hash__(self):
        return hash((self.salt, ord(self.name[0]), int(self.name[1:])))


def test_the_same_family_has_the_same_findings():
    cells = [f"{row}{column}" for row in "abcd" for column in range(4)] + ["x0", "y0", "z0"]
    counts = dict(zip(cells, [9, 1, 2, 7, 3, 8, 1, 0, 0, 4, 6, 2, 5, 1, 1, 12, 3, 2, 3], strict=True))

    def salted(salt):
        of = {name: Cell(name, salt) for name in cells}
        units = {body: {of[atom]: 1 for atom in mine} for body, mine in people(**counts).items()}
        shown = [frozenset(of[name] for name in cells if name[0] == row) for row in "abcd"]
        shown += [frozenset(of[name] for name in cells[:16] if name[1] == str(column)) for column in range(4)]
        shown += [frozenset(of[name] for name in some.split()) for some in ("a0", "b2", "d3 b1", "x0 y0", "y0 z0")]
        sums = [Sum(atoms, total(units, atoms)) for atoms in shown]
        return judge(Family(sums, [], [], [Node(n, frozenset({of[n]})) for n in cells], units), coalitions=None)

    first = salted(0)
    assert {bool(coalition) for *_, coalition in first} == {False, True}
    assert all(salted(salt) == first for salt in (1, 2))


def test_a_finding_says_what_it_found():
    (found,) = audit(family(people(a=2), "a"), k=K, deadline=60)
    assert found == Finding("a", Reason.CERTAIN, 2, 2)

"""Bodies that know their own units and put them together: whatever any pair could prove is found."""

from collections import Counter
from dataclasses import replace
from time import monotonic
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from stats import cutting
from stats.audit import Auditor, Family, Finding, Node, Reason, Sum
from stats.enums import Measure
from tests.stats.families import K, everybody, family, judge, people, some_examples, tiny, total

# Five bodies in the block x y, of which two are in y; the block y z holds these and three more.
TIGHT = people(x="p q r", y="s t", z="u v w")


def test_two_bodies_that_collude_know_the_rest():
    """Of five in y z, three are u, v, w. If two of them are put apart, y has at most three of the five of x y."""
    tables = family(TIGHT, "x y", "y z")
    assert judge(tables) == []
    assert judge(tables, coalitions=[("u",)])[0] == ("x", Reason.CERTAIN, 1, 5, ("u",))
    assert judge(tables, coalitions=[("u", "v")])[0] == ("x", Reason.CERTAIN, 2, 5, ("u", "v"))
    assert {name for name, *_ in judge(tables, coalitions=None)} == {"x", "z"}


def test_a_pair_sees_what_no_single_body_sees():
    """Of eight in y z, two are known to be in z: y has six at most of the seven of x y."""
    units = people(x="p q r", y="s t a b", z="u v w m")
    tables = family(units, "x y", "y z", nodes=["x"])
    assert judge(tables, coalitions=[(body,) for body in units]) == []
    ((*found, coalition),) = judge(tables, coalitions=None)
    assert found == ["x", Reason.CERTAIN, 1, 7]
    assert set(coalition) < set("uvwm")
    assert len(coalition) == 2


def test_what_only_a_pair_could_tell_is_not_told_to_everybody(monkeypatch):
    """Earlier numbers let two bodies prove something of x. That excuses no number that lets everybody prove it."""
    draft = SimpleNamespace(units={Measure.LEAKS: ["a late case"]}, shown=[SimpleNamespace(measure=Measure.LEAKS)])
    monkeypatch.setattr(cutting, "tied_to", lambda measure, _there: {measure})

    def told_with(*published):
        monkeypatch.setattr(cutting, "families_with", lambda *_: [family(TIGHT, *published, nodes=["x"])])
        return cutting.what_tells(draft, Measure.LEAKS, already, monotonic() + 60)

    already = {}
    assert told_with("x y", "y z")
    already = cutting.told_already(draft, monotonic() + 60)
    assert not told_with("x y", "y z")
    assert told_with("x y", "y z", "x")


def test_what_was_told_excuses_no_more_than_that():
    told = Finding("x", Reason.NARROW, 0, 4)
    already = {cutting.about(told): (told.lo, told.hi)}
    assert not cutting.is_new(told, already)
    assert cutting.is_new(replace(told, hi=3), already)
    assert cutting.is_new(replace(told, lo=1), already)
    assert cutting.is_new(replace(told, reason=Reason.CERTAIN), already)


def test_who_colludes_is_not_who_is_found():
    """The last other body of a cell has nobody left to hide."""
    tables = family(people(a="p", b="q r s t u v"), "a b", "b")
    certain = [("a", Reason.CERTAIN, 1, 1, ())]
    assert judge(tables, coalitions=None) == certain
    tight = family(people(x="p", y="s t u v", z="m n o"), "x y", "y z", nodes=["x"])
    assert judge(tight, coalitions=[("p", "m"), ("p", "m", "n", "o")]) == []


@some_examples
@given(tiny())
def test_the_search_finds_whatever_a_pair_can_find(tables):
    """Of few bodies, every coalition of one or two is tried."""
    searched = judge(tables, coalitions=None)
    assert [one[:2] for one in searched] == [one[:2] for one in judge(tables, coalitions=everybody(tables.units))]


@st.composite
def crossing(draw):
    """Twenty bodies and more in a grid of cells, cut by rows and by columns, in sums of neighbours."""
    rows, columns = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    stands = draw(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(cells)), min_size=20, max_size=50))
    units = {}
    for body, cell in stands:
        units.setdefault(body, Counter())[cell] += 1
    sums = []
    for side, length in ((0, rows), (1, columns)):
        for numbers in draw(
            st.sampled_from([[[n] for n in range(length)], [[0, 1], *([n] for n in range(2, length))]])
        ):
            atoms = frozenset(cell for cell in cells if cell[side] in numbers)
            sums.append(Sum(atoms, total(units, atoms)))
    return Family(sums, [], [], [Node(str(cell), frozenset([cell])) for cell in cells], units)


@some_examples
@given(crossing())
def test_parties_find_what_each_pair_finds(tables):
    """Of many bodies too, though one world does for most of the pairs."""
    searched = judge(tables, coalitions=None)
    assert [one[:2] for one in searched] == [one[:2] for one in judge(tables, coalitions=everybody(tables.units))]


def test_one_world_does_for_all_pairs(monkeypatch):
    """A thousand bodies beside a small cell are half a million pairs, and a few questions to the solver."""
    asked = []
    units = people(a=2, b=500, c=500, d=4)
    tables = family(units, "a b", "c d", "b c d", "a c", nodes=["a"])
    lowest = Auditor(tables, K, monotonic() + 60).worlds.__class__.lowest
    monkeypatch.setattr("stats.worlds.Worlds.lowest", lambda *one: asked.append(1) or lowest(*one))
    judge(tables, coalitions=None)
    assert len(asked) < 30

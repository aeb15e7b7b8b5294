"""Cells side by side of which any may be taken together: what is certain of few bodies in some of them is found."""

from dataclasses import replace
from itertools import chain, combinations

from hypothesis import given

from stats import unions
from stats.audit import Choice, Node, Reason
from tests.stats.families import CELLS, K, family, judge, people, some_examples, tiny


def asked(tables, cells=CELLS):
    """Of any of these cells together."""
    return replace(tables, nodes=[], choices=[Choice("any", {cell: frozenset([cell]) for cell in cells})])


def test_it_works():
    """Fourteen in all, of which eight in d at most: somebody is in a or b."""
    tables = family(people(a=1, b=2, d=6, e="x y"), "a b d", "d e")
    assert judge(asked(tables, "abd")) == [("any a + b", Reason.CERTAIN, 1, float("inf"), ())]


def test_what_many_share_is_nobodys():
    tables = family(people(a=3, b=2, d=6, e="x y"), "a b d", "d e")
    assert judge(asked(tables, "abd")) == []


def test_empty_cells_are_asked_with_the_others():
    """Nobody is in b, which no reader knows."""
    tables = family(people(a=2, d=6, e="x"), "a b d", "d e")
    assert judge(asked(tables, "abd")) == [("any a + b", Reason.CERTAIN, 1, float("inf"), ())]


def test_bodies_that_collude_are_not_looked_for():
    """Of five in y z, three are u, v, w: two of them could tell something of x."""
    tables = family(people(x="p q r", y="s t", z="u v w"), "x y", "y z", nodes=["x"])
    assert judge(tables, coalitions=None) != []
    assert judge(replace(asked(tables, "xyz"), nodes=[]), coalitions=None) == []


def test_where_many_worlds_are_needed_too_much_is_found(monkeypatch):
    tables = family(people(**dict.fromkeys("abcdefgh", 1)), "a b c d e f g h", "a b i", "c d i")
    monkeypatch.setattr(unions, "MOST_ASKED", 0)
    assert judge(asked(tables, "abcdefghi")) != []


@given(tables=tiny())
@some_examples
def test_each_union_of_few_bodies_is_judged_as_if_it_were_asked_alone(tables):
    """Those that are found are the smallest ones, by the bodies in them."""
    bodies_in = {cell: {body for body, mine in tables.units.items() if mine.get(cell)} for cell in CELLS}
    told = set()
    for some in chain.from_iterable(combinations(CELLS, size) for size in range(1, len(CELLS) + 1)):
        crowd = frozenset().union(*(bodies_in[cell] for cell in some))
        node = Node("", frozenset(some))
        if len(crowd) < K and any(reason is Reason.CERTAIN for _, reason, *_ in judge(replace(tables, nodes=[node]))):
            told.add(crowd)
    found = {
        frozenset().union(*(bodies_in[cell] for cell in name.removeprefix("any ").split(" + ")))
        for name, reason, *_ in judge(asked(tables))
        if reason is Reason.CERTAIN
    }
    assert found == {crowd for crowd in told if not any(other < crowd for other in told)}

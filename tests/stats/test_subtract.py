"""What a subtraction of two published numbers gives: of fewer than five bodies it must not be there to be done."""

from stats import hidden
from stats.hidden import largest
from stats.partition import K
from stats.services import publish_release
from tests.stats.cases import Case, bodies, change, on, one_each, store
from tests.stats.test_prove import YEAR_CLOSED, blocks

AT, NEXT_SPRING = on(2025, 2, 1), on(2026, 4, 30)
OTHERS = ("paie", "eau", "civil", "cantine", "urbanisme", "social")


def regions_of(measure):
    return {region for region, _band, _value in blocks(measure) if region}


def other_services(number):
    """In Bretagne `number` bodies had other services stopped than messagerie; elsewhere six had."""
    for some in (bodies("53", 20 + number), bodies("11", 26), bodies("52", 26)):
        store(one_each(some[:20], AT, services=("messagerie",)))
        store([Case(body=body, at=AT, services=OTHERS) for body in some[20:]])


def test_it_works(db):
    """Six bodies of each region are in no number of it."""
    other_services(6)
    publish_release(now=YEAR_CLOSED)
    assert regions_of("services") == {"53", "11", "52"}


def test_the_other_services_of_one_body_are_hidden_in_another_number(db):
    other_services(1)
    publish_release(now=YEAR_CLOSED)
    assert ("53", "0-4h", 26) in blocks("interruptions")
    assert "53" not in regions_of("services")


def declared(number):
    """Of 30 bodies of Bretagne that declared all but `number` had an interruption."""
    some, others = bodies("53", 30), bodies("11", 50)
    store(one_each(some[number:], AT, hours=(2,)) + one_each(some[:number], AT))
    store(one_each(others[:25], AT, hours=(2,)) + one_each(others[25:], AT))


def test_those_that_declared_and_were_not_hit_are_five_or_hidden(db):
    declared(5)
    publish_release(now=YEAR_CLOSED)
    assert blocks("bodies_hit") == [("11", "", 25), ("53", "", 25)]


def test_two_that_declared_and_were_not_hit_are_not_a_subtraction_away(db):
    declared(2)
    publish_release(now=YEAR_CLOSED)
    assert ("53", "", 30) in blocks("bodies")
    assert blocks("bodies_hit") == [(None, "", 53)]


def test_a_correction_that_leaves_less_than_nothing_stops_no_release(db):
    """Counted as hit, then as no incident at all; and cases that came late."""
    some = bodies("53", 60)
    cases = store(one_each(some[:30], AT, hours=(2,)) + one_each(bodies("11", 30), AT))
    publish_release(now=YEAR_CLOSED)
    change(cases[:6], nature="report")
    store(one_each(some[30:], AT, hours=(2,)))
    publish_release(now=NEXT_SPRING)
    assert blocks("bodies_hit") == [("53", "", 30)] * 2


# The largest unions


def test_unions_are_as_large_as_the_bodies_in_them_are_few():
    """Whatever has bodies of 1 to 4 alone, or nobody's; and no union that a larger one holds."""
    small = {"a": {1}, "b": {2, 3}, "c": {3, 4}, "d": set(), "e": {5, 6, 7}}
    found = {frozenset(some) for some in largest({name: frozenset(some) for name, some in small.items()})}
    assert found == {frozenset("abcd"), frozenset("ade")}


def test_one_cell_and_empty_ones_are_a_union():
    assert list(largest({"a": frozenset([1]), "b": frozenset()})) == [["a", "b"]]
    assert list(largest({"a": frozenset([1])})) == []
    assert list(largest({"a": frozenset(), "b": frozenset()})) == []


def test_too_many_unions_are_asked_as_one(monkeypatch):
    small = {name: frozenset([name]) for name in range(10)}
    assert len(list(largest(small))) == 210  # ways to choose K - 1 of ten
    monkeypatch.setattr(hidden, "MOST_UNIONS", 50)
    assert K == 5
    assert list(largest(small)) == [list(small)]

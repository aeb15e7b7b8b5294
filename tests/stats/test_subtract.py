"""What a subtraction of two published numbers gives: of fewer than five bodies it must not be there to be done."""

import pytest

from collectivities.models import Region
from incidents.models import DataLeak
from stats.models import Block
from stats.services import publish_release
from tests.stats.cases import Case, bodies, change, on, one_each, store, touch
from tests.stats.hard_cases import LEAK
from tests.stats.test_prove import YEAR_CLOSED, blocks

AT, NEXT_SPRING = on(2025, 2, 1), on(2026, 4, 30)
UNFOUNDED = {"leaks": (("unfounded", "6-50"),)}
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


def test_a_table_that_is_left_out_is_told_by_no_other(db):
    """Eleven were hit, of which eight by a leak: three had an interruption, as nobody else in France."""
    some, others = bodies("53", 40), bodies("11", 40)
    store(one_each(some[:3], AT, hours=(30,)) + one_each(some[3:11], AT, **LEAK) + one_each(some[11:], AT))
    store(one_each(others[:30], AT) + one_each(others[30:], AT, **LEAK))
    publish_release(now=YEAR_CLOSED)
    assert blocks("leaks") == [("11", "6-50/confirmed", 10), ("53", "6-50/confirmed", 8)]
    assert blocks("interruptions") == blocks("bodies_hit") == blocks("strata_hit") == []


@pytest.mark.parametrize("interruptions", [0, 1])
def test_what_hit_few_since_is_told_by_no_number_of_bodies(db, interruptions):
    """Eleven leaks are told of the spring. With them fourteen bodies were hit in the year: three more, and by what
    else if no interruption is told of?
    """
    some = bodies("53", 80)
    store(one_each(some[:11], AT, **LEAK) + one_each(some[11:39], AT))
    publish_release(now=on(2025, 4, 30))
    late = on(2025, 8, 1)
    store(
        one_each(some[39:42], late, hours=(2,))[:interruptions] + one_each(some[42 + interruptions : 45], late, **LEAK)
    )
    store(one_each(some[45:70], late))
    publish_release(now=YEAR_CLOSED)
    assert blocks("leaks") == [("53", "6-50/confirmed", 11)]
    assert blocks("bodies") != []
    assert blocks("interruptions") == blocks("bodies_hit") == blocks("strata_hit") == []


def test_a_region_where_nobody_is_hides_none(db):
    """Eleven of telephonie: of these ten at most in two regions with five interruptions each, one in two others."""
    for code, calls, mails in (("53", 3, 17), ("11", 0, 20), ("52", 4, 1), ("93", 4, 1)):
        names = ["telephonie"] * calls + ["messagerie"] * mails
        some = bodies(code, len(names))
        store([Case(body=body, at=AT, services=(of,)) for body, of in zip(some, names, strict=True)])
    publish_release(now=YEAR_CLOSED)
    assert ("52", "0-4h", 5) in blocks("interruptions")
    assert {value for region, _band, value in blocks("services") if not region} == {50}


def without_a_leak(number, **said):
    """In the first quarter of Bretagne thirty incidents, of which all but `number` with a leak; twenty in the next."""
    some, others = bodies("53", 60), bodies("11", 60)
    cases = store(one_each(some[number:30], AT, **LEAK) + one_each(some[:number], AT, **said))
    store(one_each(some[30:50], on(2025, 5, 1)) + one_each(others[:30], AT) + one_each(others[30:45], AT, **LEAK))
    return cases[-number:]


def test_two_incidents_of_a_quarter_without_a_leak_are_not_a_subtraction_away(db):
    without_a_leak(2)
    publish_release(now=YEAR_CLOSED)
    assert leaks_of_bretagne() == [(12, 28)]


def test_five_are(db):
    without_a_leak(5)
    publish_release(now=YEAR_CLOSED)
    assert leaks_of_bretagne() == [(3, 25)]


def leaks_of_bretagne():
    """(last month, number)"""
    there = Block.objects.filter(measure="leaks", region__code="53")
    return [(block.ends_on.month, block.value) for block in there]


def test_two_with_neither_a_leak_nor_an_unfounded_one_are_hidden(db):
    some = bodies("53", 40)
    store(one_each(some[:15], AT, **LEAK) + one_each(some[15:28], AT, **UNFOUNDED) + one_each(some[28:30], AT))
    others = bodies("11", 60)
    store(one_each(others[:30], AT, **LEAK) + one_each(others[30:45], AT, **UNFOUNDED) + one_each(others[45:], AT))
    publish_release(now=YEAR_CLOSED)
    assert ("53", "6-50/confirmed", 15) in blocks("leaks")
    assert blocks("unfounded") == [(None, "", 28)]


def test_a_case_that_came_from_elsewhere_hides_nothing(db):
    """Ten of Bretagne without a leak: eight of these, and one moved there since, had one after all."""
    some, others = bodies("53", 40), bodies("11", 40)
    cases = store(one_each(some[:20], AT, **LEAK) + one_each(some[20:30], AT))
    far = store(one_each(others, AT) + one_each(others[:9], AT, **LEAK))
    publish_release(now=YEAR_CLOSED)
    change(far[20:21], region=Region.objects.get(code="53"))
    late = [*cases[20:28], far[20]]
    DataLeak.objects.bulk_create(DataLeak(incident=one, status="confirmed", persons_band="6-50") for one in late)
    touch(late)
    publish_release(now=NEXT_SPRING)
    assert ("53", "6-50/confirmed", 20) in blocks("leaks")
    assert not {value for region, _band, value in blocks("leaks") if region == "53"} & {8, 9}


def test_a_correction_that_leaves_less_than_nothing_stops_no_release(db):
    """Counted as hit, then as no incident at all; and cases that came late."""
    some = bodies("53", 60)
    cases = store(one_each(some[:30], AT, hours=(2,)) + one_each(bodies("11", 30), AT))
    publish_release(now=YEAR_CLOSED)
    change(cases[:6], nature="report")
    store(one_each(some[30:], AT, hours=(2,)))
    publish_release(now=NEXT_SPRING)
    assert blocks("bodies_hit") == [("53", "", 30)] * 2

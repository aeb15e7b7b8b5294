"""What every reader knows of two tables, and the auditor as well: without that, each country would tell of few."""

from datetime import timedelta

from collectivities.models import Collectivity
from stats.services import publish_release
from tests.stats.cases import bodies, change, on, one_each, store
from tests.stats.test_prove import RANSOMWARE, YEAR_CLOSED, blocks

AT, NEXT_SPRING = on(2025, 2, 1), on(2026, 4, 30)
TAKEN_AT_ONCE, LATER = AT + timedelta(minutes=30), AT + timedelta(days=2)
LEAK = {"leaks": (("confirmed", "6-50"),)}


def closed(cases, taken_at, closed_at):
    said = {"status": "closed", "closing_reason": "resolved"}
    change(cases, acknowledged_at=taken_at, closed_at=closed_at, **said)


def test_it_works(db):
    store(one_each(bodies("53", 12), AT, hours=(2,), **LEAK) + one_each(bodies("94", 12), AT, hours=(2,), **LEAK))
    publish_release(now=YEAR_CLOSED)
    assert blocks("interruptions") == [("53", "0-4h", 12), ("94", "0-4h", 12)]
    assert blocks("bodies_hit") == [("53", "", 12), ("94", "", 12)]


def test_five_bodies_with_an_interruption_have_five_incidents(db):
    """Five interruptions in Bretagne are of five bodies: of eight incidents without Île-de-France, three are left."""
    store(one_each(bodies("53", 5), AT, hours=(2,)) + one_each(bodies("94", 3), AT) + one_each(bodies("11", 10), AT))
    publish_release(now=YEAR_CLOSED)
    assert blocks("incidents") == [(None, "", 8), ("11", RANSOMWARE, 10)]
    assert blocks("interruptions") == [(None, "", 5)]


def test_a_body_that_is_hit_late_has_a_late_interruption_or_leak(db):
    """Of eight such bodies five at most are of Bretagne, which had five late interruptions: three are of Corse."""
    some = {code: bodies(code, 30) for code in ("53", "94")}
    store(one_each([*some["53"][:10], *some["94"][:10]] * 3, AT, hours=(2,), **LEAK))
    store(one_each([*some["53"][10:], *some["94"][10:]], AT))
    publish_release(now=YEAR_CLOSED)
    hit = [("53", "", 10), ("94", "", 10)]
    assert blocks("bodies_hit") == hit
    for code, number in (("53", 1), ("94", 5)):
        store(one_each([*some[code][10:14], *some[code][:number]], on(2025, 2, 4), hours=(2,)))
    publish_release(now=NEXT_SPRING)
    assert ("94", "0-4h", 9) in blocks("interruptions")
    assert blocks("bodies_hit") == hit


def test_what_was_closed_late_had_been_taken_in_charge_late(db):
    """Of eight late cases closed within the hour five at most are of Bretagne, where five late ones were taken."""
    some = {code: bodies(code, 40) for code in ("53", "94")}
    for here in some.values():
        closed(store(one_each(here[:20], AT)), TAKEN_AT_ONCE, LATER)
    publish_release(now=YEAR_CLOSED)
    for code, number in (("53", 5), ("94", 9)):
        cases = store(one_each(some[code][20:], AT))
        closed(cases[:4], TAKEN_AT_ONCE, TAKEN_AT_ONCE)
        closed(cases[4:number], TAKEN_AT_ONCE, LATER)
        closed(cases[number:], LATER, LATER)
    publish_release(now=NEXT_SPRING)
    assert ("94", "0-1h", 9) in blocks("help")
    assert blocks("closing") == [(None, "", 40), ("53", "1-3d", 20), ("94", "1-3d", 20)]


def test_several_delays_together_are_told_of_nobody(db):
    """Of twelve closed within four hours eight at most are of Bretagne, where eight were taken: four are of Corse,
    though nobody knows of which delay.
    """
    within_hours = AT + timedelta(hours=3)
    for code, number, taken in (("53", 4, 8), ("94", 2, 9)):
        cases = store(one_each(bodies(code, 20), AT))
        closed(cases[:number], TAKEN_AT_ONCE, TAKEN_AT_ONCE)
        closed(cases[number : 2 * number], TAKEN_AT_ONCE, within_hours)
        closed(cases[2 * number : taken], TAKEN_AT_ONCE, LATER)
        closed(cases[taken:], LATER, LATER)
    publish_release(now=YEAR_CLOSED)
    assert ("53", "0-1h", 8) in blocks("help")
    assert blocks("closing") == [(None, "", 12), (None, "1-3d", 28)]


def test_several_kinds_together_are_told_of_nobody(db):
    """Of 26 bodies of La Réunion 24 at most are communes, for it has no more: two of the others declared, of three."""
    there = Collectivity.objects.filter(region__code="04", is_listed=True).with_territory()
    some = [*there.filter(kind="commune")[:23], *there.exclude(kind="commune")[:3]]
    store(one_each(some * 2, AT) + one_each(bodies("53", 20) * 2, AT))
    publish_release(now=YEAR_CLOSED)
    assert ("04", RANSOMWARE, 52) in blocks("incidents")
    assert blocks("bodies") == [(None, "", 46)]


def test_two_quarters_together_are_told_of_nobody(db):
    """Ten incidents in Bretagne: of fifteen of the first half of the year, five are elsewhere, of four bodies."""
    some, few = bodies("53", 10), bodies("94", 4)
    store(one_each([*some[:4], *few], AT) + one_each([*some[4:7], *few], on(2025, 5, 1)))
    store(one_each([*some[7:], *bodies("01", 4), *bodies("11", 10)], on(2025, 8, 1)))
    publish_release(now=YEAR_CLOSED)
    assert blocks("incidents") == [("53", "", 10), (None, "", 12), ("11", RANSOMWARE, 10)]
    assert blocks("quarters") == [(None, "", 8), (None, "", 24)]

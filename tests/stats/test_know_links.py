"""What every reader knows of two tables, and the auditor as well: without that, each country would tell of few."""

from datetime import timedelta

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

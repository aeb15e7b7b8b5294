"""The family as a whole: what would single somebody out once tables are held against each other is not published."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from accounts.enums import Role
from collectivities.enums import GROUPINGS, TERRITORIAL
from collectivities.models import Collectivity
from stats import cutting, proof
from stats.audit import AuditError
from stats.enums import Measure, Outcome
from stats.models import Attempt, Block, Release
from stats.services import publish_release
from tests.cast import a_person
from tests.stats.cases import Case, bodies, change, on, one_each, store
from tests.stats.hard_cases import few_of_a_kind

SPRING, SUMMER, YEAR_CLOSED = on(2025, 4, 30), on(2025, 7, 30), on(2026, 1, 30)
RANSOMWARE = "information-content-security/rancon"


def blocks(measure):
    rows = Block.objects.filter(measure=measure).order_by("band", "region__code", "value")
    return [(block.region and block.region.code, block.band, block.value) for block in rows]


def caused(cases, *causes):
    """These cases, each with its cause."""
    incidents = store(cases)
    for incident, cause in zip(incidents, causes, strict=True):
        change([incident], cause=cause)
    return incidents


def some_flaws(at):
    caused(one_each(bodies("53", 10), at), *["phishing"] * 10)
    caused(one_each(bodies("94", 3), at), *["flaw"] * 3)
    caused(one_each(bodies("01", 6), at), *["flaw"] * 6)
    caused(one_each(bodies("52", 10), at), *["flaw"] * 4, *["phishing"] * 6)


def test_it_works(db):
    caused(one_each(bodies("53", 12), on(2025, 2, 1)), *["phishing"] * 6, *["flaw"] * 6)
    release = publish_release(now=YEAR_CLOSED)
    assert blocks("causes") == [("53", "flaw", 6), ("53", "phishing", 6)]
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.release, attempt.coarsened) == (Outcome.PUBLISHED, release, {})


def test_a_table_that_would_tell_of_few_is_cut_more_coarsely(db):
    """Each table is safe alone: by region, Corse's three go with Guadeloupe's six; by cause, they go with Pays de la
    Loire's four « flaw ». Held against each other: 7 « flaw » without Guadeloupe, of which 4 in Pays de la Loire.
    Even for the nation: of 13 « flaw », 9 at most are not in the two regions that are named, so 4 are.
    """
    some_flaws(on(2025, 2, 1))
    publish_release(now=YEAR_CLOSED)
    assert blocks("incidents") == [
        (None, "", 9),
        ("52", RANSOMWARE, 10),
        ("53", RANSOMWARE, 10),
    ]
    assert blocks("causes") == [(None, "", 29)]
    assert Attempt.objects.get().coarsened == {"causes": {"2025": 0}}


def test_a_table_is_as_fine_each_year_as_that_year_allows(db):
    caused(one_each(bodies("53", 12), on(2024, 2, 1)), *["phishing"] * 6, *["flaw"] * 6)
    some_flaws(on(2025, 2, 1))
    publish_release(now=YEAR_CLOSED)
    assert blocks("causes") == [(None, "", 29), ("53", "flaw", 6), ("53", "phishing", 6)]
    assert Attempt.objects.get().coarsened == {"causes": {"2025": 0}}


def test_many_late_cases_of_few_bodies_are_told_by_no_total(db):
    """Twelve were published in the first quarter. A table of the year that said 21 tells of three bodies' nine."""
    some = bodies("53", 15)
    store(one_each(some[:12], on(2025, 2, 1)))
    publish_release(now=SPRING)
    store([Case(body=body, at=on(2025, 2, day)) for body in some[12:] for day in (7, 8, 9)])
    store(one_each(some[:6], on(2025, 1, 1), nature="report"))
    publish_release(now=YEAR_CLOSED)
    assert blocks("incidents") == [("53", RANSOMWARE, 12)]
    assert blocks("causes") == blocks("help") == blocks("bodies") == []


def test_a_case_that_moved_is_told_by_no_other_table(db):
    """It stays in February, where it was published. Of the second quarter, 13 beside 12 would tell of it alone."""
    some = bodies("53", 42)
    cases = store(one_each(some[:30], on(2025, 2, 1)) + one_each(bodies("94", 3), on(2025, 2, 1)))
    publish_release(now=SPRING)
    assert blocks("quarters") == []
    change(cases[:1], received_at=on(2025, 5, 1))
    store(one_each(some[30:], on(2025, 5, 1)))
    publish_release(now=SUMMER)
    assert blocks("incidents") == [("53", RANSOMWARE, 12), ("53", RANSOMWARE, 30)]
    assert blocks("quarters") == []


def test_what_becomes_of_cases_stops_no_later_number(db):
    """Of sixty cases two thirds were closed since, and one body is late: what was told stays, what is new is told."""
    cases = store(one_each(bodies("53", 60), on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    before = blocks("closing")
    change(
        cases[:40],
        status="closed",
        acknowledged_at=on(2025, 2, 2),
        closed_at=on(2026, 2, 5),
        closing_reason="resolved",
    )
    store(one_each(bodies("53", 61)[60:], on(2025, 2, 1)) + one_each(bodies("94", 8), on(2026, 2, 1)))
    publish_release(now=on(2026, 4, 30))
    assert before
    assert blocks("closing") == before
    assert blocks("incidents") == [("53", RANSOMWARE, 60), ("94", RANSOMWARE, 8)]


def test_a_body_that_declared_and_went_within_the_year_stops_nothing(db):
    """Three bodies of an island declared, of which two are left at its end."""
    island = list(Collectivity.objects.filter(region__code="975", is_listed=True).with_territory())
    store(one_each([*island, *bodies("53", 20)], on(2025, 2, 1)))
    Collectivity.objects.filter(pk=island[0].pk).update(vanished_on=date(2025, 7, 1))
    assert publish_release(now=YEAR_CLOSED)
    assert blocks("incidents") == [(None, "", 23)]


def test_what_stays_of_any_table_is_held_against_the_first(db, monkeypatch):
    some = bodies("53", 24)
    store(one_each(some[:12], on(2025, 2, 1)))
    publish_release(now=SPRING)
    store(one_each(some[12:], on(2025, 5, 1)))
    asked = []

    def what_tells(draft, measure, *_args, **_said):
        asked.append((measure, {one.measure for one in draft.shown}))
        return []

    monkeypatch.setattr(cutting, "what_tells", what_tells)
    publish_release(now=SUMMER)
    assert asked[0] == (Measure.INCIDENTS, {Measure.INCIDENTS, Measure.QUARTERS})


def test_an_audit_that_takes_too_long_publishes_nothing_and_says_so(client, db):
    caused(one_each(bodies("53", 12), on(2025, 2, 1)), *["phishing"] * 6, *["flaw"] * 6)
    assert publish_release(now=YEAR_CLOSED, seconds=-1) is None
    assert Attempt.objects.get().outcome == Outcome.TIMED_OUT
    assert (Release.objects.count(), Block.objects.count()) == (0, 0)
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert "vérification trop longue, rien n’est publié" in client.get("/admin/stats/attempt/").content.decode()
    assert publish_release(now=YEAR_CLOSED).number == 1


def test_an_audit_that_fails_publishes_nothing_and_says_so(db, monkeypatch):
    def fails(*_args, **_kwargs):
        raise AuditError("no verdict")

    monkeypatch.setattr(cutting, "what_tells", fails)
    store(one_each(bodies("53", 12), on(2025, 2, 1)))
    assert publish_release(now=YEAR_CLOSED) is None
    assert Attempt.objects.get().outcome == Outcome.FAILED
    assert Release.objects.count() == 0


def test_an_error_that_nobody_foresaw_is_seen_in_the_admin(client, db, monkeypatch):
    def fails(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr(cutting, "cut", fails)
    store(one_each(bodies("53", 12), on(2025, 2, 1)))
    with pytest.raises(MemoryError):
        publish_release(now=YEAR_CLOSED)
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert "vérification impossible, rien n’est publié" in client.get("/admin/stats/attempt/").content.decode()


@time_machine.travel(YEAR_CLOSED)
def test_the_command_says_why_nothing_is_published(db):
    store(one_each(bodies("53", 4), on(2025, 2, 1)))
    with pytest.raises(CommandError, match="rien ne peut être montré sans désigner quelqu’un"):
        call_command("publish_release")


def test_a_stratum_of_which_nearly_all_were_hit_is_not_told(db):
    """A rate near 100 % would name nearly everybody."""
    large = list(Collectivity.objects.filter(kind__in=TERRITORIAL, is_listed=True).with_territory())
    assert len(large) > 100
    store(one_each(large[:-3], on(2025, 2, 1)) + one_each(bodies("53", 30), on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    assert "large" not in {band for _region, band, _value in blocks("strata")}


def test_only_the_stratum_that_would_tell_goes_with_another(db):
    large = list(Collectivity.objects.filter(kind__in=TERRITORIAL, is_listed=True).with_territory())
    communes = Collectivity.objects.filter(kind="commune", is_listed=True).with_territory()
    groupings = Collectivity.objects.filter(kind__in=GROUPINGS, is_listed=True).with_territory()
    some = [*groupings[:20], *communes.filter(population__lt=500)[:25], *communes.filter(population__gte=10_000)[:30]]
    store(one_each([*large[:-3], *some * 2], on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    assert blocks("strata") == [
        (None, "", len(large) - 3 + 20),
        (None, "commune/0-499", 25),
        (None, "commune/10000+", 30),
    ]
    assert Attempt.objects.get().coarsened["strata"] == {"2025": 0}


def test_only_the_region_that_would_tell_goes_with_others(db):
    """Nearly all bodies of Mayotte were hit: its rate would name the few that were not."""
    nearly_all = list(Collectivity.objects.filter(region__code="06", is_listed=True).with_territory())[:-2]
    store(one_each([*nearly_all, *bodies("53", 40), *bodies("52", 30) * 2], on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    assert blocks("bodies") == [("53", "", 40), (None, "", len(nearly_all) + 30)]


def test_as_many_bodies_as_incidents_say_where_they_are(db):
    """With one incident each, whatever total of bodies says that all of Mayotte's incidents are of different ones."""
    nearly_all = list(Collectivity.objects.filter(region__code="06", is_listed=True).with_territory())[:-2]
    store(one_each([*nearly_all, *bodies("53", 40), *bodies("52", 30)], on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    assert ("06", RANSOMWARE, len(nearly_all)) in blocks("incidents")
    assert blocks("bodies") == []


def test_a_body_that_was_hit_had_an_interruption_or_a_leak(db):
    """Nine that were hit in one region, beside six interruptions, would say that three of them or more had a leak."""
    for code in ("53", "52"):
        some = bodies(code, 13)
        store(one_each(some[:6], on(2025, 2, 1), hours=(2,)) + one_each(some[9:], on(2025, 2, 1)))
        store(one_each(some[6:9], on(2025, 2, 1), leaks=(("confirmed", "6-50"),)))
    publish_release(now=YEAR_CLOSED)
    assert blocks("interruptions") == [("52", "0-4h", 6), ("53", "0-4h", 6)]
    assert blocks("leaks") == [(None, "", 6)]
    assert blocks("bodies") == [("52", "", 13), ("53", "", 13)]
    assert blocks("bodies_hit") == [(None, "", 18)]


@pytest.mark.parametrize("measure", [Measure.BODIES, Measure.STRATA])
def test_a_body_hit_often_is_one_body(db, measure):
    some = bodies("53", 6)
    store([Case(body=body, at=on(2025, month, 1)) for body in some for month in (1, 5, 9)])
    publish_release(now=YEAR_CLOSED)
    assert sum(value for _region, _band, value in blocks(measure)) == 6


def merged(some, into):
    """On 1 January, communes become one; a body that was entered by hand was a double of a listed one."""
    gone = Collectivity.objects.filter(pk__in=[body.pk for body in some])
    gone.update(vanished_on=date(2026, 1, 1), merged_into=into)


def test_bodies_that_were_merged_hide_no_more_than_one(db):
    """Whoever has the files of five communes knows all of a number that would be made of them."""
    some = bodies("53", 12)
    store(one_each(some[:7], on(2025, 2, 1), cause="flaw") + one_each(some[7:], on(2025, 2, 1), cause="phishing"))
    merged(some[8:10], some[10])
    publish_release(now=YEAR_CLOSED)
    assert blocks("incidents") == [("53", RANSOMWARE, 12)]
    assert blocks("causes") == [(None, "", 12)]


def test_five_that_became_one_are_shown_nowhere(db):
    some = bodies("53", 6)
    store(one_each(some[:5], on(2025, 2, 1)))
    merged(some[:5], some[5])
    assert publish_release(now=YEAR_CLOSED) is None


def test_a_merger_after_a_number_stops_no_later_one(db):
    """What it lets an old number tell is told already: late cases of that year, and of another one, still appear."""
    some = bodies("53", 20)
    store(one_each(some[:5], on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    merged(some[:2], some[2])
    store(one_each(some[8:14], on(2025, 2, 1)) + one_each(some[3:9], on(2026, 2, 1)))
    publish_release(now=on(2026, 4, 30))
    numbers = Block.objects.filter(measure="incidents").order_by("starts_on", "value")
    assert [(one.starts_on.year, one.value) for one in numbers] == [(2025, 5), (2025, 6), (2026, 6)]


def test_what_old_numbers_tell_of_late_bodies_silences_no_year(db, monkeypatch):
    """Of fourteen bodies that declared ten were hit: readers know since then that four others at most may be. It was
    published before a rule forbade it.
    """
    some = {code: bodies(code, 14) for code in ("53", "94")}
    for here in some.values():
        store(one_each(here[:10] * 2, on(2025, 2, 1), hours=(2,)) + one_each(here[10:] * 2, on(2025, 2, 1)))
    with monkeypatch.context() as earlier:
        earlier.setattr(proof, "rests_of", lambda _asked: [])
        publish_release(now=YEAR_CLOSED)
    before = blocks("bodies_hit")
    assert before == [("53", "", 10), ("94", "", 10)]
    for here in some.values():
        store(one_each(here[10:] * 3, on(2025, 2, 4), hours=(2,)) + one_each(here[:8], on(2025, 2, 4)))
    publish_release(now=on(2026, 4, 30))
    assert blocks("bodies_hit") == before
    assert [value for _region, _band, value in blocks("incidents")] == [20, 28, 20, 28]


def test_a_region_that_has_a_number_is_in_none_of_several_regions(db):
    """27 incidents in Bretagne, of which 20 « flaw »: of ten « phishing », three at least were elsewhere, of three."""
    at = on(2025, 2, 1)
    caused(one_each(bodies("53", 27), at), *["flaw"] * 20, *["phishing"] * 7)
    caused(one_each(bodies("11", 16), at), *["flaw"] * 8, *["supplier"] * 8)
    caused(one_each(bodies("01", 6) * 2, at), *["flaw"] * 12)
    caused(one_each(bodies("94", 3), at), *["phishing"] * 3)
    caused(one_each([*bodies("03", 3) * 2, *bodies("02", 2) * 2], at), *["supplier"] * 6, *["flaw"] * 4)
    publish_release(now=YEAR_CLOSED)
    assert ("53", RANSOMWARE, 27) in blocks("incidents")
    assert blocks("causes") == [(None, "flaw", 44), (None, "phishing", 10), (None, "supplier", 14)]


def test_an_incident_has_one_leak_at_most(db):
    """Ten of the fourteen leaks at most are of Bretagne, of ten incidents: four are elsewhere, of four bodies."""
    leak = {"leaks": (("confirmed", "6-50"),)}
    store(one_each(bodies("53", 10), on(2025, 2, 1), **leak))
    store(one_each(bodies("01", 6)[:4], on(2025, 2, 1), **leak))
    store(one_each([*bodies("01", 6)[4:], *bodies("94", 3)], on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    assert blocks("incidents") == [(None, "", 9), ("53", RANSOMWARE, 10)]
    assert blocks("leaks") == []


def test_an_incident_has_no_leak_beside_one_that_is_unfounded(db):
    """Of the nine that were unfounded, five at most are of Bretagne: ten of its fifteen incidents had a leak."""
    for code, number in (("53", 15), ("94", 14)):
        some = bodies(code, 15)
        store(one_each(some[:10], on(2025, 2, 1), leaks=(("confirmed", "6-50"),)))
        store(one_each(some[number:], on(2025, 2, 1)))
        store(one_each(some[10:number], on(2025, 2, 1), leaks=(("unfounded", "6-50"),)))
    publish_release(now=YEAR_CLOSED)
    assert blocks("leaks") == [("53", "6-50/confirmed", 10), ("94", "6-50/confirmed", 10)]
    assert blocks("unfounded") == []


def test_late_cases_are_the_same_in_each_table(db):
    """Seven late incidents of Bretagne, six of Corse: of eight « phishing » that came with them, two are of Bretagne
    at least, though nobody knows where the earlier ones are.
    """
    some = {code: bodies(code, 27) for code in ("53", "94")}
    for here in some.values():
        caused(one_each(here[:20], on(2025, 2, 1)), *["phishing"] * 16, *["flaw"] * 4)
    publish_release(now=YEAR_CLOSED)
    assert blocks("causes") == [(None, "flaw", 8), (None, "phishing", 32)]
    caused(one_each(some["53"][20:], on(2025, 2, 1)), *["phishing"] * 4, *["flaw"] * 3)
    caused(one_each(some["94"][20:26], on(2025, 2, 1)), *["phishing"] * 4, *["flaw"] * 2)
    publish_release(now=on(2026, 4, 30))
    assert blocks("causes") == [(None, "", 13), (None, "flaw", 8), (None, "phishing", 32)]


def test_what_was_closed_had_been_taken_in_charge(db):
    """Of eight closed within the hour five at most are of Bretagne, where five were taken: three are of Corse."""
    at, closed = on(2025, 2, 1), {"status": "closed", "closing_reason": "resolved"}
    soon, later = at + timedelta(minutes=30), at + timedelta(days=2)
    for code, number in (("53", 5), ("94", 9)):
        cases = store(one_each(bodies(code, 20), at))
        change(cases[:4], acknowledged_at=soon, closed_at=soon, **closed)
        change(cases[4:number], acknowledged_at=soon, closed_at=later, **closed)
        change(cases[number:], acknowledged_at=later, closed_at=later, **closed)
    publish_release(now=YEAR_CLOSED)
    assert blocks("help") == [("53", "0-1h", 5), ("94", "0-1h", 9), ("53", "1-3d", 15), ("94", "1-3d", 11)]
    assert blocks("closing") == [(None, "", 40)]


def test_a_body_that_is_counted_late_has_a_late_incident(db):
    """Of eight such bodies five at most are of Bretagne, which had five late incidents: three are of Corse."""
    some = {code: bodies(code, 14) for code in ("53", "94")}
    store(one_each([*some["53"][:10], *some["94"][:10]] * 3, on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    assert blocks("bodies") == [("53", "", 10), ("94", "", 10)]
    for code, number in (("53", 1), ("94", 5)):
        store(one_each([*some[code][10:], *some[code][:number]], on(2025, 2, 4)))
    publish_release(now=on(2026, 4, 30))
    assert ("94", RANSOMWARE, 9) in blocks("incidents")
    assert blocks("bodies") == [("53", "", 10), ("94", "", 10)]


def test_everybody_knows_how_many_of_a_kind_a_region_has(db):
    """Of eight groupings that declared, five at most are of La Réunion, which has no more: three are of Mayotte."""
    [moment] = few_of_a_kind()
    publish_release(now=moment)
    assert blocks("bodies") == [("04", "", 10), ("06", "", 10)]
    assert blocks("strata") == [(None, "", 20)]

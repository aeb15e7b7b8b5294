"""« Que voit-on de moi ? »: for whoever may follow a case, and nothing of the others."""

import re

import pytest
import time_machine
from django.urls import reverse

from accounts.enums import Role
from incidents.models import Incident
from incidents.services.follow_up import secret_of
from incidents.services.reopen import reopen_incident
from incidents.services.triage import verify_incident
from stats import cutting
from stats.mine import standing_of
from stats.models import Block, BlockMember
from stats.services import fold_events, publish_release
from tests import harmless
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, declare
from tests.stats.cases import Case, bodies, change, interruption_of, on, one_each, store, touch

CLOSED = on(2025, 4, 30)
YEAR_CLOSED = on(2026, 1, 30)
LEAK = (("confirmed", "6-50"),)


def opened(client, incident):
    client.post(reverse("follow_up_access", args=[secret_of(incident.accesses.get())]))
    return client.get(reverse("figures_of_case", args=[incident.reference]))


def counted(client, incident):
    rows = harmless.answer(opened(client, incident)).css("tbody th")
    return [one.text(strip=True).replace("\xa0", " ") for one in rows]


@pytest.fixture
def mine(db):
    """A verified declaration of February, and five of other bodies."""
    csirt = breizh_cyber()
    with time_machine.travel(on(2025, 2, 10)):
        incident = declare()
        verify_incident(reference=incident.reference, actor=a_lead(csirt))
    store(one_each([body for body in bodies("53", 8) if body != incident.collectivity][:5], on(2025, 2, 1)))
    return incident


@time_machine.travel(CLOSED)
def test_it_works(client, mine):
    publish_release(now=CLOSED)
    page = opened(client, mine).content.decode()
    assert "Bretagne, février 2025" in page
    assert "France entière, de janvier à mars 2025" in page
    assert '<td class="number">6</td>' in page
    assert "Publication n<sup>o</sup>&nbsp;1 du 30 avril 2025" in page
    assert mine.collectivity.label in page


@time_machine.travel(CLOSED)
def test_each_number_says_what_it_counts(client, mine):
    """A number of one type says which."""
    publish_release(now=CLOSED)
    assert counted(client, mine)[0] == "Incidents vérifiés : Sécurité de l’information / rançongiciel"


@time_machine.travel(CLOSED)
def test_a_number_of_all_types_says_so(client, mine):
    change(list(Incident.objects.exclude(pk=mine.pk)[:3]), type="panne")
    publish_release(now=CLOSED)
    assert counted(client, mine)[0] == "Incidents vérifiés, toutes les classes ensemble"


@time_machine.travel(CLOSED)
def test_it_does_not_say_how_often_the_others_declared(client, mine):
    """Twelve incidents of six bodies: the public page says twelve."""
    others = [body for body in bodies("53", 8) if body != mine.collectivity][:5]
    store([Case(body=body, at=on(2025, 2, day)) for body, day in zip([*others, others[0]], range(2, 8), strict=True)])
    publish_release(now=CLOSED)
    page = opened(client, mine).content.decode()
    assert '<td class="number">12</td>' in page
    assert not re.search("[0-9]+ (à [0-9]+ |ou plus )?collectivités", page)


@time_machine.travel(CLOSED)
def test_a_quarter_that_closed_and_is_not_published_is_late_and_not_small(client, mine):
    assert "les chiffres de son trimestre ne sont pas encore parus" in opened(client, mine).content.decode()


@time_machine.travel(on(2025, 5, 20))
def test_one_that_was_verified_later_waits_for_the_next_release(client, mine):
    change([mine], verification="unverified", verified_at=None)
    store(one_each([body for body in bodies("53", 9) if body != mine.collectivity][5:], on(2025, 2, 1)))
    publish_release(now=CLOSED)
    change([mine], verification="call_back", verified_at=on(2025, 5, 19))
    assert "vérifiée après la dernière publication" in opened(client, mine).content.decode()


def test_one_that_was_reopened_later_waits_for_the_next_release(client, mine):
    """Closed by mistake as no incident on the day of the release."""
    store(one_each([body for body in bodies("53", 9) if body != mine.collectivity][5:], on(2025, 2, 1)))
    change([mine], status="closed", closed_at=on(2025, 2, 11), closing_reason="not_an_incident", due_for="nothing")
    publish_release(now=CLOSED)
    with time_machine.travel(on(2025, 5, 20)):
        reopen_incident(reference=mine.reference, actor=a_lead(breizh_cyber()), motive="Clos par erreur.")
        assert "rouverte après la dernière publication" in opened(client, mine).content.decode()


def test_the_numbers_of_bodies_in_which_its_body_is_are_told_too(client, mine):
    change([mine], collectivity=bodies("53", 1)[0])
    store(one_each(bodies("53", 30)[1:], on(2025, 3, 1)))
    with time_machine.travel(on(2026, 1, 30)):
        publish_release(now=on(2026, 1, 30))
        assert "Collectivités ayant déclaré" in " ".join(counted(client, mine))
        change([mine], verification="unverified", verified_at=None)
        store(one_each(bodies("53", 31)[30:], on(2025, 3, 1)))
        other = declare(collectivity=mine.collectivity)
        assert counted(client, other) == []


HIT = "collectivités ayant déclaré une interruption ou une fuite"
DECLARED = "collectivités ayant déclaré un incident"


def titles_of(incident):
    return {place.title for place in standing_of(incident).places}


def test_an_interruption_that_was_added_later_was_not_counted(db):
    """Its body is counted for another one: that is not told here."""
    some = bodies("53", 30)
    hit = [Case(body=some[0], at=on(2025, 3, 1), hours=(2,)), *one_each(some[1:20], on(2025, 2, 1), hours=(2,))]
    later, other, *_ = store([Case(body=some[0], at=on(2025, 2, 1)), *hit])
    store(one_each(some[20:], on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    interruption_of(later, 5).save()
    touch([later])
    fold_events()
    assert {HIT, DECLARED} & titles_of(later) == {DECLARED}
    assert {HIT, DECLARED} & titles_of(other) == {HIT, DECLARED}


def test_an_interruption_of_which_the_table_was_left_out_is_told_by_its_body(db, monkeypatch):
    """Three of France: no number of interruptions, and eleven bodies that had one, or a leak. The audit lets no such
    thing through today; what was published stays.
    """
    monkeypatch.setattr(cutting, "what_tells", lambda *_args: [])
    some = bodies("53", 40)
    [first, *_] = store(one_each(some[:3], on(2025, 2, 1), hours=(30,)))
    store(one_each(some[3:11], on(2025, 2, 1), leaks=LEAK))
    store(one_each(some[11:], on(2025, 2, 1)) + one_each(bodies("11", 30), on(2025, 2, 1)))
    store(one_each(bodies("11", 40)[30:], on(2025, 2, 3), leaks=LEAK))
    [unhit, *_] = Incident.objects.filter(collectivity=some[11])
    publish_release(now=YEAR_CLOSED)
    assert not Block.objects.filter(measure="interruptions").exists()
    assert HIT in titles_of(first)
    assert HIT not in titles_of(unhit)


def test_a_signalement_that_became_an_incident_was_not_counted_as_one(db):
    some = bodies("53", 30)
    reports = store(one_each(some[:8], on(2025, 2, 1)))
    change(reports, nature="report")
    store(one_each(some, on(2025, 3, 1)))
    publish_release(now=YEAR_CLOSED)
    assert titles_of(reports[0]) == {"signalements vérifiés"}
    change(reports[:1], nature="incident")
    fold_events()
    assert titles_of(reports[0]) == {"signalements vérifiés"}


@time_machine.travel(on(2025, 3, 1))
def test_a_quarter_that_is_not_closed_has_its_day(client, mine):
    assert "son trimestre le sera à partir du 30 avril 2025" in opened(client, mine).content.decode()


@time_machine.travel(CLOSED)
def test_it_says_why_nothing_is_published(client, mine):
    change([mine], nature="report")
    publish_release(now=CLOSED)
    assert "trop peu de collectivités seraient derrière le nombre" in opened(client, mine).content.decode()
    change([mine], verification="unverified", verified_at=None)
    assert "seules les déclarations vérifiées" in opened(client, mine).content.decode()
    change([mine], status="closed", closed_at=on(2025, 3, 1), closing_reason="duplicate")
    assert "comptée nulle part" in opened(client, mine).content.decode()
    assert not BlockMember.objects.filter(fact=mine.pk).exists()


def test_it_tells_the_others_nothing(client, mine):
    page = reverse("figures_of_case", args=[mine.reference])
    assert client.get(page).status_code == 404
    opens_to = {an_agent(): 200, a_responder(breizh_cyber()): 200, a_person(Role.ADMINISTRATOR): 404}
    for person, code in opens_to.items():
        client.force_login(person)
        assert client.get(page).status_code == code


@time_machine.travel(CLOSED)
def test_it_costs_few_queries(client, mine, django_assert_max_num_queries):
    publish_release(now=CLOSED)
    opened(client, mine)
    with django_assert_max_num_queries(12):
        client.get(reverse("figures_of_case", args=[mine.reference]))

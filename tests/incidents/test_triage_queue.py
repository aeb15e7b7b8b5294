"""The queue of a CSIRT, through its page."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from collectivities.models import Region
from csirts.models import Csirt
from incidents.enums import Answer, ClosingReason, IncidentType, LeakStatus, PublicService
from incidents.facts.shapes import Interruption, Leak
from incidents.models import Incident
from incidents.reference import spaced
from incidents.services.handling.triage import acknowledge_incident, close_incident, verify_incident
from incidents.services.transfer.proposal import accept_transfer
from tests import harmless
from tests.cast import CALLER, a_lead, a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.hostile import MARKUP
from tests.incidents import transferring
from tests.incidents.transferring import another_centre
from tests.reading import link_to, text_of

URL = "/admin/incidents/incident/"
DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def lines(response):
    return response.context["rows"]


def shown(response):
    return [line.incident.reference for line in lines(response)]


def elsewhere():
    """A case of another centre."""
    incident = declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    other = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    Incident.objects.filter(pk=incident.pk).update(csirt=other)
    return incident


def test_it_works(client, responder):
    interruption = Interruption(service=PublicService.CIVIL, extent="stopped")
    incident = declare(
        service_stopped=Answer.YES, interruptions=(interruption,), leak=Leak(status=LeakStatus.CONFIRMED)
    )

    page = client.get(URL)

    assert page.status_code == 200
    text = " ".join(page.content.decode().split())
    for words in [
        "À prendre",
        spaced(incident.reference),
        "Plouexemple (Finistère)",
        "4 210 hab.",
        "Rançongiciel",
        "<b>Critique</b>",
        "row--4",
        "État civil",
        "fuite confirmée",
        "non vérifiée",
        "avant ",
        'href="tel:0299000000"',
        "02 99 00 00 00",
    ]:
        assert words in text, words
    assert "sans canal" not in text


def test_the_queue_is_the_home_page_of_a_responder(client, responder):
    assert client.get("/admin/").headers["Location"] == URL


def test_the_pages_that_a_person_may_open_are_in_the_header(client, responder):
    header = re.search(r'<nav class="apps".*?</nav>', client.get(URL).content.decode(), re.DOTALL)
    assert header
    links = re.findall(r'href="([^"]+)"', header[0])
    assert URL in links
    assert all(client.get(link).status_code == 200 for link in links)


def test_the_worst_first_then_what_is_due_first(client, responder):
    taken = declare()
    mild = declare(type=IncidentType.OUTAGE)
    bad, newer = declare(), declare()
    acknowledge_incident(reference=taken.reference, actor=responder)
    closed = declare()
    close_incident(reference=closed.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)

    page = client.get(URL)
    assert shown(page) == [each.reference for each in (bad, newer, taken, mild)]
    assert "Les critiques en tête. Ensuite un retard monte d’un cran" in text_of(page)
    assert shown(client.get(URL, {"etat": "clos"})) == [closed.reference]
    everything = client.get(URL, {"etat": "tous"})
    assert shown(everything) == [each.reference for each in (closed, newer, bad, mild, taken)]
    assert "Les plus récents en tête." in text_of(everything)


def test_what_is_late_counts_one_level_more_whoever_has_it(client, responder):
    answered_late, waiting, free = declare(), declare(), declare(type=IncidentType.OUTAGE)
    for case in (answered_late, waiting):
        acknowledge_incident(reference=case.reference, actor=responder)
    Incident.objects.filter(pk=answered_late.pk).update(due_at=timezone.now() - DAY)

    expected = [each.reference for each in (answered_late, waiting, free)]
    assert shown(client.get(URL)) == expected
    assert shown(client.get(URL, {"etat": "miens"})) == expected[:2], "« Les miens » in the same order"


def test_only_the_cases_of_my_centre(client, responder):
    mine, theirs = declare(), elsewhere()

    assert shown(client.get(URL)) == [mine.reference]
    assert shown(client.get(URL, {"etat": "tous"})) == [mine.reference]
    for asked in (theirs.reference, "Saint-Exemple"):
        assert client.get(URL, {"q": asked, "etat": "tous"}, follow=True).context["hits"] == []


def test_an_agent_who_also_answers_elsewhere_does_not_triage_the_body(client):
    incident = declare()
    both = an_agent(incident.collectivity)
    other = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    both.membership_set.create(role=Role.RESPONDER, csirt=other)
    client.force_login(both)

    assert shown(client.get(URL)) == []


def test_filters(client, responder):
    verified, unverified = declare(), declare(type=IncidentType.PHISHING)
    verify_incident(reference=verified.reference, actor=responder)

    assert shown(client.get(URL, {"etat": "non-verifies"})) == [unverified.reference]
    assert shown(client.get(URL, {"type": "hameconnage"})) == [unverified.reference]
    assert shown(client.get(URL, {"type": "rancon"})) == [verified.reference]


@pytest.mark.parametrize("lookup", ["csirt__name", "story__contact_phone__startswith", "pk__gt", "_to_field"])
def test_no_other_question_can_be_asked_of_the_rows(client, responder, lookup):
    case = declare()
    assert shown(client.get(URL, {lookup: "0"})) == [case.reference]


def test_late_is_said(client, responder, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    declare()
    time_machine.move_to("2026-11-24 16:30+01:00", tick=False)

    assert "en retard de 3\u00a0h" in client.get(URL).content.decode()


def test_without_a_notification_address_the_queue_says_so(client):
    client.force_login(a_lead(breizh_cyber(notification_email="")))
    declare()

    text = client.get(URL).content.decode()

    assert "Breizh Cyber&nbsp;: sans canal." in text


@pytest.fixture
def many(responder):
    """Seven times the page's length of two rows, several of them alike."""
    return [declare() for _ in range(7)]


def test_pages_follow_each_other_and_come_back(client, many, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES", 2)
    expected = [incident.reference for incident in many]
    page, seen = client.get(URL), []
    assert not link_to(page, "prev")
    while True:
        seen += shown(page)
        if not link_to(page, "next"):
            break
        page = client.get(URL + link_to(page, "next"))
    assert seen == expected

    back = client.get(URL + link_to(page, "prev"))
    assert shown(back) == expected[4:6]
    first = client.get(URL + link_to(client.get(URL + link_to(back, "prev")), "prev"))
    assert shown(first) == expected[:2]
    assert not link_to(first, "prev")
    assert link_to(first, "next")


def test_a_page_starts_where_the_last_one_ended_though_its_row_was_taken(client, responder, many, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES", 2)
    page = client.get(URL)
    acknowledge_incident(reference=shown(page)[-1], actor=responder)

    assert shown(client.get(URL + page.context["page"].next)) == [many[2].reference, many[3].reference]


def test_a_page_starts_where_the_last_one_ended_though_its_row_is_due_later(client, responder, many, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES", 2)
    page = client.get(URL)
    Incident.objects.filter(pk=many[1].pk).update(due_at=timezone.now() + 9 * DAY)

    following = client.get(URL + page.context["page"].next)

    assert shown(following) == [many[2].reference, many[3].reference]
    assert shown(client.get(URL + following.context["page"].previous)) == [many[0].reference]


def test_a_page_starts_where_the_last_one_ended_though_its_row_went_away(client, responder, many, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES", 2)
    page = client.get(URL)
    taker = a_responder(another_centre())
    accept_transfer(uid=transferring.propose_transfer(many[1], responder).uid, actor=taker)

    assert shown(client.get(URL + page.context["page"].next)) == [many[2].reference, many[3].reference]
    client.force_login(a_responder(another_centre("tiers", "Tiers")))
    mine = Incident.objects.filter(pk=many[6].pk)
    mine.update(csirt=Csirt.objects.get(slug="tiers"))
    assert shown(client.get(URL + page.context["page"].next)) == [many[6].reference], "nothing is told by their place"


def test_beyond_the_last_row_it_is_not_said_that_nothing_is_to_be_done(client, many):
    page = client.get(URL, {"etat": "ouverts", "apres": a_cursor(many[-1])})
    assert shown(page) == []
    assert "Rien à traiter" not in page.content.decode()
    assert shown(client.get(URL + page.context["asked"].link())) == [each.reference for each in many]
    assert f'<a href="{page.context["asked"].link()}">' in page.content.decode()


def a_cursor(incident, **changed):
    """High and in time: two levels below a critical case."""
    said = {"level": "2", "due": f"{incident.due_at:%Y%m%dT%H%M%S%f}", "reference": incident.reference} | changed
    return "{level}.{due}.{reference}".format(**said)


def test_a_cursor_is_what_a_link_carries(client, many):
    assert shown(client.get(URL, {"apres": a_cursor(many[2])})) == [each.reference for each in many[3:]]


@pytest.mark.parametrize(
    "changed", [{"level": "9"}, {"due": "20261301T000000"}, {"due": ""}, {"reference": "AAAAAAAA"}]
)
def test_a_cursor_of_which_one_part_is_altered_starts_again(client, many, changed):
    assert len(shown(client.get(URL, {"apres": a_cursor(many[2], **changed)}))) == 7


@pytest.mark.parametrize("cursor", ["", "x", "0.x.AAAA", "0..", "0.20261124T090000000000.' OR 1=1"])
def test_an_altered_page_starts_again(client, many, cursor):
    assert len(shown(client.get(URL, {"apres": cursor}))) == 7


@pytest.mark.parametrize("number", [2, 50])
def test_a_page_costs_at_most_ten_queries_and_counts_nothing(client, responder, number):
    for _ in range(number):
        declare(leak=Leak(), supplier="Exemple Informatique")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get(URL)

    assert len(shown(page)) == number
    assert len(queries) <= 10, [query["sql"][:90] for query in queries]
    assert not [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]


def test_every_length_costs_the_same(client, responder):
    costs = []
    client.get(URL)  # what a process reads once and remembers
    for number in (2, 48):
        for _ in range(number):
            declare(leak=Leak())
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_an_empty_queue_says_what_will_come(client, responder):
    assert "Rien à traiter." in client.get(URL).content.decode()


def test_what_a_declarant_wrote_is_never_markup(client, responder):
    caller = CALLER.__class__(name=MARKUP[0], phone="02 99 00 00 00")
    for code in ("29901", "29902", "29903"):
        declare(supplier=MARKUP[0], caller=caller, collectivity=plouexemple(insee_code=code))

    queue = client.get(URL)
    opened = client.get(URL, {"ouvre": queue.context["rows"][0].key})

    harmless.answer(queue)
    harmless.answer(opened)
    assert queue.content.decode().count("&lt;script&gt;piege") == 4, (
        "the line of their supplier, its box, its button, the caller"
    )
    assert opened.content.decode().count("&lt;script&gt;piege") == 6, "and three callers"


def test_nothing_is_posted_to_the_queue(client, responder):
    assert client.post(URL, {"action": "delete_selected", "index": "0"}).status_code == 405


def test_what_is_left_shrinks(client, responder, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    declare()
    assert "il reste 4 h" in text_of(client.get(URL)).replace("\u00a0", " ")
    time_machine.move_to("2026-11-24 12:25+01:00", tick=False)
    text = text_of(client.get(URL)).replace("\u00a0", " ")
    assert "prendre avant 13 h 00 <small>il reste 35 min" in text


def test_hours_are_those_of_the_town_hall(client, responder, time_machine):
    time_machine.move_to("2026-11-24 15:51:00+00:00", tick=False)
    reunion = Region.objects.get_or_create(
        code="04", defaults={"name": "La Réunion", "zone": "drom", "sort_key": "la reunion"}
    )[0]
    body = plouexemple(insee_code="97499", name="Saint-Exemple", region=reunion, departement=None)
    incident = declare(collectivity=body)
    Incident.objects.filter(pk=incident.pk).update(csirt=breizh_cyber())

    queue = text_of(client.get(URL))
    case = text_of(client.get(f"{URL}{incident.reference}/"))
    telephone = text_of(client.get(f"/triage/{incident.reference}/"))

    assert "19 h 51</time> <span>heure de La Réunion</span>" in queue
    assert "<dt>Heures</dt><dd>heure de La Réunion</dd>" in case
    assert "19 h 51" in case
    assert "mardi 24 novembre 2026 à 19 h 51, heure de La Réunion" in telephone


def test_services_that_all_work_again_are_said_so(client, responder):
    now = timezone.now()
    over = Interruption(service=PublicService.CIVIL, extent="stopped", started_at=now - DAY, ended_at=now)
    declare(service_stopped=Answer.YES, interruptions=(over,))

    assert [line.services for line in lines(client.get(URL))] == ["Services\N{NO-BREAK SPACE}: tous repris"]


def test_a_centre_without_channel_is_said_above_an_empty_queue(client):
    centre = breizh_cyber(notification_email="")
    client.force_login(a_responder(centre))
    page = client.get(URL)
    assert "Breizh Cyber : sans canal." in text_of(page)
    assert "sur sa page" not in text_of(page)

    client.force_login(a_lead(centre))
    assert 'href="/equipe/adresse/">sur sa page</a>' in client.get(URL).content.decode()

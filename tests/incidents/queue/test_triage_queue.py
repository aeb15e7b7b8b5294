"""The queue of a CSIRT, through its page."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import formats, timezone

from accounts.enums import Role
from accounts.models import User
from collectivities.models import Region
from csirts.models import Csirt
from incidents.enums import Answer, ClosingReason, IncidentType, LeakStatus, PublicService
from incidents.facts.shapes import Interruption, Leak
from incidents.models import Incident
from incidents.reference import hyphenate
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.verify import verify_incident
from incidents.services.transfer.proposal import accept_transfer
from tests import harmless
from tests.cast import CALLER, a_lead, a_responder, an_agent, breizh_cyber, bretagne, declare, plouexemple
from tests.hostile import MARKUP
from tests.incidents import transferring
from tests.incidents.transferring import create_other_centre
from tests.reading import find_link, read_markup

URL = "/admin/incidents/incident/"
DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def get_rows(response):
    return response.context["rows"]


def list_references(response):
    return [line.incident.reference for line in get_rows(response)]


def declare_elsewhere():
    """Declare a case that another centre has."""
    incident = declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    other = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    Incident.objects.filter(pk=incident.pk).update(csirt=other)
    return incident


def test_the_queue_shows_what_a_responder_needs_of_a_case(client, responder):
    interruption = Interruption(service=PublicService.CIVIL, extent="stopped")
    incident = declare(
        service_stopped=Answer.YES, interruptions=(interruption,), leak=Leak(status=LeakStatus.CONFIRMED)
    )

    page = client.get(URL)

    assert page.status_code == 200
    text = " ".join(page.content.decode().split())
    for words in [
        "À prendre",
        hyphenate(incident.reference),
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


def test_every_link_of_the_header_opens(client, responder):
    header = re.search(r'<nav class="apps".*?</nav>', client.get(URL).content.decode(), re.DOTALL)
    assert header
    links = re.findall(r'href="([^"]+)"', header[0])
    assert URL in links
    assert all(client.get(link).status_code == 200 for link in links)


def test_the_queue_is_ordered_by_severity_then_by_deadline(client, responder):
    taken = declare()
    mild = declare(type=IncidentType.OUTAGE)
    bad, newer = declare(), declare()
    acknowledge_incident(reference=taken.reference, actor=responder)
    closed = declare()
    close_incident(reference=closed.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)

    page = client.get(URL)
    assert list_references(page) == [incident.reference for incident in (bad, newer, taken, mild)]
    assert "Les critiques en tête. Ensuite un retard monte d’un cran" in read_markup(page)
    assert list_references(client.get(URL, {"etat": "clos"})) == [closed.reference]
    everything = client.get(URL, {"etat": "tous"})
    assert list_references(everything) == [incident.reference for incident in (closed, newer, bad, mild, taken)]
    assert "Les plus récents en tête." in read_markup(everything)


def test_a_late_case_rises_by_one_level_with_or_without_an_assignee(client, responder):
    answered_late, waiting, free = declare(), declare(), declare(type=IncidentType.OUTAGE)
    for case in (answered_late, waiting):
        acknowledge_incident(reference=case.reference, actor=responder)
    Incident.objects.filter(pk=answered_late.pk).update(due_at=timezone.now() - DAY)

    expected = [incident.reference for incident in (answered_late, waiting, free)]
    assert list_references(client.get(URL)) == expected
    assert list_references(client.get(URL, {"etat": "miens"})) == expected[:2], "« Les miens » has the same order"


def test_the_queue_lists_the_cases_of_its_centre_only(client, responder):
    own, foreign = declare(), declare_elsewhere()

    assert list_references(client.get(URL)) == [own.reference]
    assert list_references(client.get(URL, {"etat": "tous"})) == [own.reference]
    for query in (foreign.reference, "Saint-Exemple"):
        assert client.get(URL, {"q": query, "etat": "tous"}, follow=True).context["hits"] == []


def test_an_agent_who_responds_elsewhere_does_not_see_their_own_bodys_case(client):
    incident = declare()
    agent = an_agent(incident.collectivity)
    other = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    agent.membership_set.create(role=Role.RESPONDER, csirt=other)
    client.force_login(agent)

    assert list_references(client.get(URL)) == []


def test_the_queue_is_filtered_by_verification_and_type(client, responder):
    verified, unverified = declare(), declare(type=IncidentType.PHISHING)
    verify_incident(reference=verified.reference, actor=responder)

    assert list_references(client.get(URL, {"etat": "non-verifies"})) == [unverified.reference]
    assert list_references(client.get(URL, {"type": "hameconnage"})) == [unverified.reference]
    assert list_references(client.get(URL, {"type": "rancon"})) == [verified.reference]


@pytest.mark.parametrize("lookup", ["csirt__name", "story__contact_phone__startswith", "pk__gt", "_to_field"])
def test_unknown_lookups_are_ignored(client, responder, lookup):
    case = declare()
    assert list_references(client.get(URL, {lookup: "0"})) == [case.reference]


def test_a_late_case_shows_its_delay(client, responder, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    declare()
    time_machine.move_to("2026-11-24 16:30+01:00", tick=False)

    assert "en retard de 3\u00a0h" in client.get(URL).content.decode()


def test_the_queue_tells_that_the_centre_has_no_notification_address(client):
    client.force_login(a_lead(breizh_cyber(notification_email="")))
    declare()

    text = client.get(URL).content.decode()

    assert "Breizh Cyber&nbsp;: sans canal." in text


@pytest.fixture
def many(responder: User) -> list[Incident]:
    """Return seven cases, which make four pages of two rows."""
    return [declare() for _ in range(7)]


def test_pages_of_the_queue_lead_forward_and_back(client, many, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES_PER_PAGE", 2)
    expected = [incident.reference for incident in many]
    page, listed = client.get(URL), []
    assert not find_link(page, "prev")
    while True:
        listed += list_references(page)
        if not find_link(page, "next"):
            break
        page = client.get(URL + find_link(page, "next"))
    assert listed == expected

    back = client.get(URL + find_link(page, "prev"))
    assert list_references(back) == expected[4:6]
    first = client.get(URL + find_link(client.get(URL + find_link(back, "prev")), "prev"))
    assert list_references(first) == expected[:2]
    assert not find_link(first, "prev")
    assert find_link(first, "next")


def test_the_next_page_is_right_after_its_cursor_case_was_taken(client, responder, many, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES_PER_PAGE", 2)
    page = client.get(URL)
    acknowledge_incident(reference=list_references(page)[-1], actor=responder)

    assert list_references(client.get(URL + page.context["page"].next)) == [many[2].reference, many[3].reference]


def test_the_next_page_is_right_after_its_cursor_case_was_postponed(client, responder, many, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES_PER_PAGE", 2)
    page = client.get(URL)
    Incident.objects.filter(pk=many[1].pk).update(due_at=timezone.now() + 9 * DAY)

    following = client.get(URL + page.context["page"].next)

    assert list_references(following) == [many[2].reference, many[3].reference]
    assert list_references(client.get(URL + following.context["page"].previous)) == [many[0].reference]


def test_the_next_page_is_right_after_its_cursor_case_was_transferred(client, responder, many, monkeypatch):
    monkeypatch.setattr("incidents.triage.queue.pages.LINES_PER_PAGE", 2)
    page = client.get(URL)
    taker = a_responder(create_other_centre())
    accept_transfer(uid=transferring.propose_transfer(many[1], responder).uid, actor=taker)

    assert list_references(client.get(URL + page.context["page"].next)) == [many[2].reference, many[3].reference]
    client.force_login(a_responder(create_other_centre("tiers", "Tiers")))
    last_case = Incident.objects.filter(pk=many[6].pk)
    last_case.update(csirt=Csirt.objects.get(slug="tiers"))
    assert list_references(client.get(URL + page.context["page"].next)) == [many[6].reference], (
        "a case of another centre gives no position"
    )


def test_a_page_beyond_the_last_case_links_to_the_first_page(client, many):
    page = client.get(URL, {"etat": "ouverts", "apres": make_cursor(many[-1])})
    assert list_references(page) == []
    assert "Rien à traiter" not in page.content.decode()
    assert list_references(client.get(URL + page.context["filters"].make_link())) == [
        incident.reference for incident in many
    ]
    assert f'<a href="{page.context["filters"].make_link()}">' in page.content.decode()


def make_cursor(incident, **changed):
    """Build the cursor of a case of level 2: high severity and not late."""
    parts = {"level": "2", "due": f"{incident.due_at:%Y%m%dT%H%M%S%f}", "reference": incident.reference} | changed
    return "{level}.{due}.{reference}".format(**parts)


def test_a_cursor_starts_the_page_after_its_case(client, many):
    assert list_references(client.get(URL, {"apres": make_cursor(many[2])})) == [
        incident.reference for incident in many[3:]
    ]


@pytest.mark.parametrize(
    "changed", [{"level": "9"}, {"due": "20261301T000000"}, {"due": ""}, {"reference": "AAAAAAAA"}]
)
def test_a_cursor_with_one_altered_part_starts_at_the_first_page(client, many, changed):
    assert len(list_references(client.get(URL, {"apres": make_cursor(many[2], **changed)}))) == 7


@pytest.mark.parametrize("cursor", ["", "x", "0.x.AAAA", "0..", "0.20261124T090000000000.' OR 1=1"])
def test_an_invalid_cursor_starts_at_the_first_page(client, many, cursor):
    assert len(list_references(client.get(URL, {"apres": cursor}))) == 7


@pytest.mark.parametrize("number", [2, 50])
def test_a_page_costs_at_most_ten_queries_and_counts_nothing(client, responder, number):
    for _ in range(number):
        declare(leak=Leak(), supplier="Exemple Informatique")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get(URL)

    assert len(list_references(page)) == number
    assert len(queries) <= 10, [query["sql"][:90] for query in queries]
    assert not [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]


def test_every_length_costs_the_same(client, responder):
    costs = []
    client.get(URL)  # fills what the process caches
    for number in (2, 48):
        for _ in range(number):
            declare(leak=Leak())
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_rows_of_cases_print_no_numbers(client, responder, monkeypatch):
    """A template formats a number slowly, and a page of the queue has fifty rows. Its own numbers do not multiply."""
    numbers = []
    monkeypatch.setattr(formats, "number_format", lambda value, **_options: numbers.append(value) or str(value))
    counts = []
    for number in (2, 3):
        for _ in range(number):
            declare(leak=Leak())
        numbers.clear()
        client.get(URL)
        counts.append(len(numbers))
    assert counts[0] == counts[1], numbers


def test_an_empty_queue_says_what_will_come(client, responder):
    assert "Rien à traiter." in client.get(URL).content.decode()


def test_what_a_declarant_wrote_is_never_markup(client, responder):
    caller = CALLER.__class__(name=MARKUP[0], phone="02 99 00 00 00")
    for code in ("29901", "29902", "29903"):
        declare(supplier=MARKUP[0], caller=caller, collectivity=plouexemple(insee_code=code))

    queue = client.get(URL)
    opened = client.get(URL, {"ouvre": queue.context["rows"][0].key})

    harmless.check_response(queue)
    harmless.check_response(opened)
    assert queue.content.decode().count("&lt;script&gt;piege") == 4, (
        "the line of their supplier, its box, its button, the caller"
    )
    assert opened.content.decode().count("&lt;script&gt;piege") == 6, "and three callers"


def test_nothing_is_posted_to_the_queue(client, responder):
    assert client.post(URL, {"action": "delete_selected", "index": "0"}).status_code == 405


def test_the_time_left_decreases(client, responder, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    declare()
    assert "il reste 4 h" in read_markup(client.get(URL)).replace("\u00a0", " ")
    time_machine.move_to("2026-11-24 12:25+01:00", tick=False)
    text = read_markup(client.get(URL)).replace("\u00a0", " ")
    assert "prendre avant 13 h 00 <small>il reste 35 min" in text


@pytest.mark.parametrize("is_corrected", [False, True])
def test_hours_are_shown_in_the_time_zone_of_the_body(client, responder, time_machine, is_corrected):
    time_machine.move_to("2026-11-24 15:51:00+00:00", tick=False)
    reunion = Region.objects.get_or_create(
        code="04", defaults={"name": "La Réunion", "zone": "drom", "sort_key": "la reunion"}
    )[0]
    corrected = {"region": bretagne(), "region_correction": reunion, "region_correction_on": date(2026, 11, 2)}
    territory = corrected if is_corrected else {"region": reunion}
    body = plouexemple(insee_code="97499", name="Saint-Exemple", departement=None, **territory)
    incident = declare(collectivity=body)
    Incident.objects.filter(pk=incident.pk).update(csirt=breizh_cyber())

    queue = read_markup(client.get(URL))
    case = read_markup(client.get(f"{URL}{incident.reference}/"))
    telephone = read_markup(client.get(f"/triage/{incident.reference}/"))

    assert "19 h 51</time> <span>heure de La Réunion</span>" in queue
    assert "<dt>Heures</dt><dd>heure de La Réunion</dd>" in case
    assert "19 h 51" in case
    assert "mardi 24 novembre 2026 à 19 h 51, heure de La Réunion" in telephone


def test_a_row_says_when_all_services_work_again(client, responder):
    now = timezone.now()
    over = Interruption(service=PublicService.CIVIL, extent="stopped", started_at=now - DAY, ended_at=now)
    declare(service_stopped=Answer.YES, interruptions=(over,))

    assert [line.services for line in get_rows(client.get(URL))] == ["Services\N{NO-BREAK SPACE}: tous repris"]


def test_an_empty_queue_says_that_the_centre_has_no_channel(client):
    centre = breizh_cyber(notification_email="")
    client.force_login(a_responder(centre))
    page = client.get(URL)
    assert "Breizh Cyber : sans canal." in read_markup(page)
    assert "La personne responsable choisit l’adresse de notification." in read_markup(page)

    client.force_login(a_lead(centre))
    page = client.get(URL)
    assert 'href="/equipe/adresse/">Choisissez l’adresse de notification</a>' in page.content.decode()
    assert "La personne responsable" not in read_markup(page)

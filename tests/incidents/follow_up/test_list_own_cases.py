"""An agent lists the cases of their body, outside the admin."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from incidents.access import get_incident
from incidents.enums import Ability
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.duplicates.merge import merge_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from tests.cast import a_person, a_responder, an_agent, breizh_cyber, declare, plouexemple

URL = "/mes-dossiers/"
pytestmark = pytest.mark.django_db


def list_references(response):
    return [incident.reference for incident, _step in response.context["cases"]]


def test_an_agent_lists_the_cases_of_their_body_only(client):
    agent, incident = an_agent(), declare()
    declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    client.force_login(agent)

    page = client.get(URL)

    assert list_references(page) == [incident.reference]
    assert f'href="/suivi/{incident.reference}/"' in page.content.decode()
    assert "Nos fichiers ne s’ouvrent plus" in page.content.decode()


def test_each_list_shows_the_same_step_as_the_page_of_the_case(client):
    agent = an_agent()
    client.force_login(agent)
    cases = {name: declare() for name in ("received", "read", "taken", "awaited", "merged", "closed")}
    responder = a_responder(breizh_cyber())
    get_incident(responder, cases["read"].reference, to=Ability.WORK)
    for name in ("taken", "awaited"):
        acknowledge_incident(reference=cases[name].reference, actor=responder)
    question = Letter(text="Depuis quand ?", key="1", asks_answer=True)
    write_to_declarant(reference=cases["awaited"].reference, actor=responder, letter=question)
    merge_incident(reference=cases["merged"].reference, into=cases["taken"].reference, actor=responder)
    close_incident(reference=cases["closed"].reference, reason="not_an_incident", actor=responder)

    body = cases["read"].collectivity
    for address in (URL, f"/ma-collectivite/{body.uid}/"):
        steps = {incident.reference: step for incident, step in client.get(address).context["cases"]}
        assert steps == {case.reference: name for name, case in cases.items()}
        page = client.get(address).content.decode()
        assert page.count("En attente de vous") == 1
        assert page.count("Déclaré le") == len(cases)
        for name, case in cases.items():
            assert client.get(f"/suivi/{case.reference}/").context["progress"].step == name


def test_the_newest_cases_come_first_page_by_page(client, monkeypatch):
    monkeypatch.setattr("incidents.views.PAGE_ROWS", 2)
    client.force_login(an_agent())
    expected = [declare().reference for _ in range(5)][::-1]

    pages = [list_references(client.get(URL))]
    while client.get(URL, {"apres": pages[-1][-1]}).context["cases"]:
        pages.append(list_references(client.get(URL, {"apres": pages[-1][-1]})))

    assert pages == [expected[:2], expected[2:4], expected[4:]]


def test_cases_awaiting_an_answer_come_first_and_closed_cases_last(client, monkeypatch):
    monkeypatch.setattr("incidents.views.PAGE_ROWS", 2)
    client.force_login(an_agent())
    cases = [declare() for _ in range(7)]
    responder = a_responder(breizh_cyber())
    for number in (0, 2):
        question = Letter(text="Depuis quand ?", key=str(number), asks_answer=True)
        write_to_declarant(reference=cases[number].reference, actor=responder, letter=question)
    for number in (4, 6):
        close_incident(reference=cases[number].reference, reason="not_an_incident", actor=responder, why="Essai.")
    expected = [cases[number].reference for number in (2, 0, 5, 3, 1, 6, 4)]

    pages = [list_references(client.get(URL))]
    while client.get(URL, {"apres": pages[-1][-1]}).context["cases"]:
        pages.append(list_references(client.get(URL, {"apres": pages[-1][-1]})))

    assert [reference for page in pages for reference in page] == expected
    assert list_references(client.get(f"/ma-collectivite/{cases[0].collectivity.uid}/")) == expected


def test_paging_after_a_foreign_reference_starts_at_the_first_page(client):
    own, foreign = declare(), declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    client.force_login(an_agent())
    assert list_references(client.get(URL, {"apres": foreign.reference})) == [own.reference]


@pytest.mark.parametrize("role", [Role.NATIONAL, Role.ADMINISTRATOR])
def test_people_who_run_the_platform_see_no_case_in_the_list(client, role):
    declare()
    client.force_login(a_person(role))
    page = client.get(URL)
    assert list_references(page) == []
    assert "Aucun dossier ici." in page.content.decode()


@pytest.mark.parametrize("number", [2, 50])
def test_the_list_costs_at_most_ten_queries(client, number):
    client.force_login(an_agent())
    breizh_cyber()
    for _ in range(number):
        declare()
    with CaptureQueriesContext(connection) as queries:
        assert len(list_references(client.get(URL))) == number
    assert len(queries) <= 10

"""An agent's own cases, outside the admin."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from incidents.access import get_incident
from incidents.enums import Ability
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.groups.merge import merge_incident
from incidents.services.handling.triage import acknowledge_incident, close_incident
from tests.cast import a_person, a_responder, an_agent, breizh_cyber, declare, plouexemple

URL = "/mes-dossiers/"
pytestmark = pytest.mark.django_db


def shown(response):
    return [incident.reference for incident, _step in response.context["cases"]]


def test_it_works(client):
    agent, incident = an_agent(), declare()
    declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    client.force_login(agent)

    page = client.get(URL)

    assert shown(page) == [incident.reference]
    assert f'href="/suivi/{incident.reference}/"' in page.content.decode()
    assert "Nos fichiers ne s’ouvrent plus" in page.content.decode()


def test_each_list_says_what_the_page_of_the_case_says(client):
    agent = an_agent()
    client.force_login(agent)
    cases = dict(zip(("received", "read", "taken", "awaited", "merged", "closed"), map(a_case, range(6)), strict=True))
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
        for name, case in cases.items():
            assert client.get(f"/suivi/{case.reference}/").context["standing"].step == name


def a_case(number):
    return declare()


def test_the_newest_first_page_by_page(client, monkeypatch):
    monkeypatch.setattr("incidents.views.PAGE", 2)
    client.force_login(an_agent())
    expected = [declare().reference for _ in range(5)][::-1]

    pages = [shown(client.get(URL))]
    while client.get(URL, {"apres": pages[-1][-1]}).context["cases"]:
        pages.append(shown(client.get(URL, {"apres": pages[-1][-1]})))

    assert pages == [expected[:2], expected[2:4], expected[4:]]


def test_what_waits_for_the_reader_comes_first_and_closed_cases_last(client, monkeypatch):
    monkeypatch.setattr("incidents.views.PAGE", 2)
    client.force_login(an_agent())
    cases = [declare() for _ in range(7)]
    responder = a_responder(breizh_cyber())
    for number in (0, 2):
        question = Letter(text="Depuis quand ?", key=str(number), asks_answer=True)
        write_to_declarant(reference=cases[number].reference, actor=responder, letter=question)
    for number in (4, 6):
        close_incident(reference=cases[number].reference, reason="not_an_incident", actor=responder, why="Essai.")
    expected = [cases[number].reference for number in (2, 0, 5, 3, 1, 6, 4)]

    pages = [shown(client.get(URL))]
    while client.get(URL, {"apres": pages[-1][-1]}).context["cases"]:
        pages.append(shown(client.get(URL, {"apres": pages[-1][-1]})))

    assert [one for page in pages for one in page] == expected
    assert shown(client.get(f"/ma-collectivite/{cases[0].collectivity.uid}/")) == expected


def test_a_reference_of_somebody_else_starts_again(client):
    mine, theirs = declare(), declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    client.force_login(an_agent())
    assert shown(client.get(URL, {"apres": theirs.reference})) == [mine.reference]


@pytest.mark.parametrize("role", [Role.NATIONAL, Role.ADMINISTRATOR])
def test_who_runs_the_platform_has_none(client, role):
    declare()
    client.force_login(a_person(role))
    page = client.get(URL)
    assert shown(page) == []
    assert "Aucun dossier ici." in page.content.decode()


@pytest.mark.parametrize("number", [2, 50])
def test_it_costs_at_most_ten_queries(client, number):
    client.force_login(an_agent())
    breizh_cyber()
    for _ in range(number):
        declare()
    with CaptureQueriesContext(connection) as queries:
        assert len(shown(client.get(URL))) == number
    assert len(queries) <= 10

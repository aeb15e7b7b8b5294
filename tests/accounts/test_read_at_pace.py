"""Nobody reads faster than a person or a careful program: a session and a token have a pace of their own."""

import pytest
from django.test import Client

from config.pages.pace import SECURITY_PAGES
from tests.cast import PASSWORD, a_responder, an_agent, declare
from tests.factories.accounts import make_api_token
from tests.reading import read_text
from tests.routes import list_route_names

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

API, CASES = "/api/v1/incidents/", "/mes-dossiers/"


def call(token, url=API):
    return Client().get(url, headers={"Authorization": f"Bearer {token}"} if token else {})


def test_a_token_waits_once_it_has_read_too_fast(settings):
    settings.API_REQUESTS_A_MINUTE = 3
    responder, incident = a_responder(), declare()
    token, other = make_api_token(responder), make_api_token(responder)
    for url in (API, API, f"{API}{incident.reference}/"):
        assert call(token, url).status_code == 200
    refused = call(token)

    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert refused["Retry-After"] == "60"
    assert refused.json()["title"] == "Trop de demandes"
    assert call(other).status_code == 200, "each token has a count of its own"


def test_a_token_that_writes_too_fast_waits_too(settings):
    settings.API_REQUESTS_A_MINUTE = 1
    token = make_api_token(an_agent())
    call(token)
    posted = Client().post(API, {}, headers={"Authorization": f"Bearer {token}"}, content_type="application/json")
    assert posted.status_code == 429


def test_the_public_api_is_not_counted(settings):
    settings.API_REQUESTS_A_MINUTE = 1
    assert [call("", "/api/v1/csirts/").status_code for _turn in range(3)] == [200] * 3


def test_a_session_waits_once_it_has_read_too_fast(settings, client):
    settings.PAGES_A_MINUTE = 3
    agent = an_agent()
    client.force_login(agent)
    assert [client.get(CASES).status_code for _turn in range(3)] == [200] * 3
    elsewhere, colleague = Client(), Client()
    elsewhere.force_login(agent)
    colleague.force_login(an_agent(agent.membership_set.get().collectivity))
    refused = client.get(CASES)

    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert "Attendez une minute" in read_text(refused)
    assert elsewhere.get(CASES).status_code == 429, "a second session is no way round"
    assert colleague.get(CASES).status_code == 200
    assert Client().get("/").status_code == 200


def test_a_form_is_never_refused_for_it(settings, client):
    settings.PAGES_A_MINUTE = 1
    client.force_login(an_agent())
    for _turn in range(2):
        client.get(CASES)
    assert client.post("/compte/sessions/autres/terminer/").status_code == 302


def test_who_holds_a_stolen_session_does_not_keep_its_person_from_ending_it(settings, client):
    settings.PAGES_A_MINUTE = 1
    agent, thief = an_agent(), Client()
    for each in (client, thief):
        each.force_login(agent)
    assert [thief.get(CASES).status_code for _turn in range(2)] == [200, 429]
    refused = client.get(CASES)
    assert 'href="/compte/sessions/"' in refused.content.decode()
    for url in ("/compte/", "/compte/sessions/", "/compte/confirmer/", "/compte/mot-de-passe/", "/compte/jetons/"):
        assert client.get(url).status_code in (200, 302), url
    confirmation = client.post("/compte/sessions/autres/terminer/", follow=True)
    assert confirmation.status_code == 200
    client.post("/compte/confirmer/", {"password": PASSWORD})
    client.post("/compte/sessions/autres/terminer/")
    assert thief.get("/compte/").status_code == 302, "the session of the thief has ended"


def test_every_page_that_is_not_counted_exists():
    assert sorted(SECURITY_PAGES.difference(list_route_names())) == []


def test_nobody_waits_while_the_counters_do_not_answer(settings, client, dead_valkey):
    settings.PAGES_A_MINUTE = settings.API_REQUESTS_A_MINUTE = 1
    token = make_api_token(an_agent())
    client.force_login(an_agent())
    assert [client.get(CASES).status_code for _turn in range(2)] == [200] * 2
    assert [call(token).status_code for _turn in range(2)] == [200] * 2

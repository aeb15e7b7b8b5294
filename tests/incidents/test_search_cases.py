"""A responder searches the cases of their centre by words, phrases and typed words."""

import pytest

from incidents.services.index import index_all
from tests.cast import a_responder, declare

URL = "/admin/incidents/incident/recherche/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def responder(client):
    responder = a_responder()
    client.force_login(responder)
    return responder


def look(client, query, **more):
    return client.get(URL, {"q": query} | more)


def found(client, query):
    index_all()
    page = look(client, query)
    assert page.status_code == 200, page.context["problem"].message
    return {hit.incident.reference for hit in page.context["hits"]}


def text_of(page):
    return " ".join(page.content.decode().replace("&nbsp;", " ").split())


def test_it_works(client, responder):
    incident = declare(description="Le serveur de paie affiche une tête de mort verte.")
    other = declare(description="La boîte du maire envoie des messages.")
    index_all()

    page = look(client, "mort verte")

    assert [hit.incident for hit in page.context["hits"]] == [incident]
    assert "tête de <mark>mort</mark> <mark>verte</mark>." in text_of(page)
    assert "<b>Déclaration</b>" in text_of(page)
    assert f"/admin/incidents/incident/{incident.reference}/" in text_of(page)
    assert found(client, "boite maire") == {other.reference}

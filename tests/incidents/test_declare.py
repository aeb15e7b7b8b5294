"""The journey of somebody without an account, from « que se passe-t-il ? » to the reference on the screen."""

import re
from datetime import UTC, datetime

import pytest

from incidents.models import Incident
from tests.cast import breizh_cyber, plouexemple

pytestmark = pytest.mark.django_db

DETAILS = "/declarer/details/"
CALL_BACK = {"contact_phone": "02 99 00 00 00"}


def address(quoi="rancon", body=None):
    return f"{DETAILS}?quoi={quoi}&collectivite={(body or plouexemple()).uid}"


def key_on(response):
    return re.search(r'name="cle" value="([^"]+)"', response.content.decode())[1]


def post(client, data=None, *, key=None, quoi="rancon", body=None):
    where = address(quoi, body)
    key = key or key_on(client.get(where))
    return client.post(where, {"cle": key} | CALL_BACK | (data or {}))


def test_it_works(client):
    breizh_cyber()
    home = client.get("/declarer/")
    assert home.status_code == 200
    who = client.get("/declarer/qui/", {"quoi": "rancon", "q": "plouexemple"})
    assert f"{DETAILS}?quoi=rancon&amp;collectivite={plouexemple().uid}" in who.content.decode()
    answer = post(client, {"description": "Tout est bloqué."})
    incident = Incident.objects.get()
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f"{incident.reference[:4]}-{incident.reference[4:]}" in page
    assert incident.story.description == "Tout est bloqué."

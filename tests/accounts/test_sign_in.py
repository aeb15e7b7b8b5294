"""Signing in and out."""

import pytest

from accounts.enums import Role
from accounts.models import User
from collectivities.models import Region
from tests.cast import PASSWORD, a_lead, a_person, a_responder, an_agent, bretagne

URL = "/connexion/"
pytestmark = pytest.mark.django_db


def sign_in(client, user, password=PASSWORD, **data):
    return client.post(URL, {"username": user.email, "password": password} | data)


def test_it_works(client):
    agent = an_agent()
    response = sign_in(client, agent)
    assert response.headers["Location"] == "/mes-dossiers/"
    assert client.get("/mes-dossiers/").context["user"] == agent


def test_each_begins_where_they_work(client):
    region = Region.objects.get(pk=bretagne().pk)
    firsts = {
        a_responder(): "/admin/",
        a_lead(): "/admin/",
        a_person(Role.ADMINISTRATOR): "/admin/",
        a_person(Role.ANALYST, region=region): "/statistiques/?region=53",
        a_person(Role.NATIONAL): "/statistiques/",
        User.objects.create_user("personne@demo.example", PASSWORD, display_name="Sans rôle"): "/",
    }
    for user, first in firsts.items():
        assert sign_in(client, user).headers["Location"] == first
        client.post("/deconnexion/")


def test_the_page_asked_for_comes_back_but_never_another_site(client):
    agent = an_agent()
    assert sign_in(client, agent, next="/annuaire/").headers["Location"] == "/annuaire/"
    client.post("/deconnexion/")
    assert sign_in(client, agent, next="https://piege.example/").headers["Location"] == "/mes-dossiers/"


def test_an_address_in_capitals_is_the_same(client):
    agent = an_agent()
    response = client.post(URL, {"username": agent.email.upper(), "password": PASSWORD})
    assert response.status_code == 302


def test_a_wrong_password_an_unknown_address_and_a_closed_account_are_the_same(client):
    agent, closed = an_agent(), an_agent()
    User.objects.filter(pk=closed.pk).update(is_active=False)
    answers = [
        sign_in(client, agent, "faux"),
        sign_in(client, closed),
        client.post(URL, {"username": "inconnu@demo.example", "password": PASSWORD}),
        client.post(URL, {"username": agent.email, "password": ""}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    for answer in answers[:3]:
        assert answer.context["form"].non_field_errors() == [
            "Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez les deux."
        ]
    assert not client.session.get("_auth_user_id")


def test_a_closed_account_is_out_at_once(client):
    responder = a_responder()
    client.force_login(responder)
    assert client.get("/admin/incidents/incident/").status_code == 200

    User.objects.filter(pk=responder.pk).update(is_active=False)

    assert client.get("/admin/incidents/incident/").status_code == 302
    assert client.get("/mes-dossiers/").headers["Location"].startswith(URL)


def test_a_role_that_ended_opens_nothing_more(client):
    responder = a_responder()
    client.force_login(responder)
    responder.membership_set.update(since_on="2026-01-01", ended_on="2026-01-02")
    assert client.get("/admin/incidents/incident/").headers["Location"].startswith("/admin/login/")


def test_signing_out_is_a_post(client):
    client.force_login(an_agent())
    assert client.get("/deconnexion/").status_code == 405
    assert client.post("/deconnexion/").headers["Location"] == "/"
    assert client.get("/mes-dossiers/").status_code == 302


@pytest.mark.parametrize("make", [an_agent, lambda: a_person(Role.NATIONAL)], ids=["agent", "national"])
def test_the_admin_is_for_those_who_work_in_it(client, make):
    user = make()
    client.force_login(user)
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    client.logout()
    refused = client.post("/admin/login/", {"username": user.email, "password": PASSWORD})
    assert refused.status_code == 200
    assert not client.session.get("_auth_user_id")


def test_the_admin_takes_the_address_too(client):
    responder = a_responder()
    response = client.post("/admin/login/?next=/admin/", {"username": responder.email, "password": PASSWORD})
    assert response.headers["Location"] == "/admin/"

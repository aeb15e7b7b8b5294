"""Signing in and out."""

import pytest
from django.test import Client

from accounts.enums import Role
from accounts.models import User
from collectivities.models import Region
from tests.cast import PASSWORD, a_lead, a_person, a_responder, an_agent, bretagne, code_of

URL = "/connexion/"
CODE = "/connexion/code/"
pytestmark = pytest.mark.django_db


def sign_in(client, user, password=PASSWORD, **data):
    """Give the password, then the code if one is asked for."""
    response = client.post(URL, {"login": user.email, "password": password} | data)
    if response.headers.get("Location") == CODE:
        return client.post(CODE, {"code": code_of(user)})
    return response


def test_an_agent_signs_in_and_reaches_their_cases(client):
    agent = an_agent()
    response = sign_in(client, agent)
    assert response.headers["Location"] == "/mes-dossiers/"
    assert client.get("/mes-dossiers/").context["user"] == agent


def test_each_role_starts_on_its_own_page(client):
    region = Region.objects.get(pk=bretagne().pk)
    firsts = {
        a_responder(): "/admin/",
        a_lead(): "/admin/",
        a_person(Role.ADMINISTRATOR): "/admin/",
        a_person(Role.ANALYST, region=region): "/statistiques/?region=53",
        a_person(Role.NATIONAL): "/statistiques/exacts/france/",
        User.objects.create_user("personne@demo.example", PASSWORD, display_name="Sans rôle"): "/",
    }
    for user, first in firsts.items():
        assert sign_in(client, user).headers["Location"] == first
        client.post("/deconnexion/")


TRAPS = ["https://piege.example/", "//piege.example/", "/\\piege.example", "javascript:alert(1)"]


@pytest.mark.parametrize("trap", TRAPS)
def test_signing_in_returns_to_the_page_asked_for_but_never_to_another_site(client, trap):
    agent = an_agent()
    assert sign_in(client, agent, next="/annuaire/").headers["Location"] == "/annuaire/"
    client.post("/deconnexion/")
    assert sign_in(client, agent, next=trap).headers["Location"] == "/mes-dossiers/"


def test_the_code_returns_to_the_page_asked_for_too(client):
    responder = a_responder()
    assert sign_in(client, responder, next="/annuaire/").headers["Location"] == "/annuaire/"
    client.post("/deconnexion/")
    assert sign_in(client, responder, next="https://piege.example/").headers["Location"] == "/admin/"


def test_an_address_in_capitals_signs_in(client):
    agent = an_agent()
    response = client.post(URL, {"login": agent.email.upper(), "password": PASSWORD})
    assert response.status_code == 302


def test_wrong_password_unknown_address_and_closed_account_get_the_same_answer(client):
    agent, closed = an_agent(), an_agent()
    User.objects.filter(pk=closed.pk).update(is_active=False)
    answers = [
        sign_in(client, agent, "faux"),
        sign_in(client, closed),
        client.post(URL, {"login": "inconnu@demo.example", "password": PASSWORD}),
        client.post(URL, {"login": agent.email, "password": ""}),
    ]
    assert [answer.status_code for answer in answers] == [422] * 4
    for answer in answers[:3]:
        assert answer.context["form"].non_field_errors() == [
            "Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez les deux."
        ]
        assert answer.context["form"]["login"].value()
    assert not client.session.get("_auth_user_id")


def test_closing_an_account_ends_its_session_at_once(client):
    responder = a_responder()
    client.force_login(responder)
    assert client.get("/admin/incidents/incident/").status_code == 200

    User.objects.filter(pk=responder.pk).update(is_active=False)

    assert client.get("/admin/incidents/incident/").status_code == 302
    assert client.get("/mes-dossiers/").headers["Location"].startswith(URL)


def test_opening_an_account_again_revives_no_session(client):
    agent = an_agent()
    client.force_login(agent)
    User.objects.filter(pk=agent.pk).update(is_active=False)
    User.objects.filter(pk=agent.pk).update(is_active=True)
    assert client.get("/mes-dossiers/").headers["Location"].startswith(URL)


def test_a_new_password_ends_the_other_sessions(client):
    agent = an_agent()
    client.force_login(agent)
    agent.set_password("une autre phrase assez longue")
    agent.save()
    assert client.get("/mes-dossiers/").headers["Location"].startswith(URL)


def test_signing_in_renews_the_session_key(client):
    """A session planted in the browser beforehand opens nothing for whoever planted it."""
    session = client.session
    session["laid"] = "by another"
    session.save()
    before = session.session_key
    sign_in(client, an_agent())
    assert client.session.session_key != before
    assert not type(session)().exists(before)


def test_a_role_that_ended_no_longer_opens_any_page(client):
    responder = a_responder()
    client.force_login(responder)
    responder.membership_set.update(since_on="2026-01-01", ended_on="2026-01-02")
    assert client.get("/admin/incidents/incident/").headers["Location"].startswith("/admin/login/")


def test_signing_out_requires_a_post(client):
    client.force_login(an_agent())
    assert client.get("/deconnexion/").status_code == 405
    assert client.post("/deconnexion/").headers["Location"] == "/"
    assert client.get("/mes-dossiers/").status_code == 302


@pytest.mark.parametrize(
    ("make", "page"),
    [(an_agent, "/mes-dossiers/"), (a_responder, "/admin/incidents/incident/")],
    ids=["agent", "staff"],
)
def test_a_copy_of_the_cookie_opens_nothing_once_its_person_has_signed_out(client, make, page):
    sign_in(client, make())
    thief = Client()
    thief.cookies.load({name: cookie.value for name, cookie in client.cookies.items()})
    assert thief.get(page).status_code == 200
    client.post("/deconnexion/")
    assert thief.get(page).headers["Location"].startswith(("/connexion/", "/admin/login/"))
    assert not thief.session.get("_auth_user_id")


@pytest.mark.parametrize("make", [an_agent, lambda: a_person(Role.NATIONAL)], ids=["agent", "national"])
def test_an_agent_and_a_national_reader_have_no_admin(client, make):
    client.force_login(make())
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_admin_has_no_sign_in_of_its_own(client):
    answer = client.get("/admin/incidents/incident/", follow=True)
    assert answer.redirect_chain[-1][0] == "/connexion/?next=/admin/incidents/incident/"
    responder = a_responder()
    posted = client.post("/admin/login/?next=/admin/", {"username": responder.email, "password": PASSWORD})
    assert posted.headers["Location"] == "/connexion/?next=/admin/"
    assert not client.session.get("_auth_user_id")
    queue = "/admin/incidents/incident/"
    assert sign_in(client, responder, next=queue).headers["Location"] == queue


def test_a_former_address_signs_nobody_in(client):
    agent = an_agent()
    sign_in(client, agent)
    client.post("/deconnexion/")
    User.objects.filter(pk=agent.pk).update(email="nouvelle@demo.example")
    assert sign_in(client, agent).status_code == 422


def test_there_is_no_sign_up_page(client):
    for path in ("/accounts/signup/", "/signup/", "/compte/ouvrir/"):
        assert client.get(path).status_code == 404

"""The head and the foot of every page: what they offer to nobody, and to whoever is signed in."""

from html import unescape

import pytest
from django.test import Client

from accounts.enums import Role
from tests.cast import a_lead, a_person, a_responder, an_agent, half_signed_in

pytestmark = pytest.mark.django_db
OUT = 'action="/deconnexion/"'


def head(client, path="/"):
    return unescape(client.get(path).content.decode()).partition("<main")[0]


def foot(client, path="/"):
    return unescape(client.get(path).content.decode()).partition("<footer")[2]


def test_it_works(client):
    client.force_login(an_agent())
    for path in ("/", "/declarer/", "/annuaire/", "/nulle-part/", "/mes-dossiers/", "/compte/"):
        words = foot(client, path)
        assert ">Connexion<" not in words
        assert ">Mes dossiers<" in words
        assert 'href="/compte/"' in words
        assert OUT in words
    assert client.post("/deconnexion/").headers["Location"] == "/"
    assert ">Connexion<" in foot(client)


@pytest.mark.parametrize(("role", "words"), [(Role.NATIONAL, "Mes pages"), (Role.ADMINISTRATOR, "Mes pages")])
def test_who_has_no_case_has_pages(client, role, words):
    client.force_login(a_person(role))
    assert f">{words}<" in foot(client)


@pytest.mark.parametrize(
    ("make", "words", "paths"),
    [
        (a_lead, "La file", ("/equipe/", "/equipe/adresse/", "/statistiques/mon-centre/", "/annuaire/")),
        (an_agent, "Mes dossiers", ("/", "/annuaire/", "/statistiques/", "/mes-dossiers/")),
        (lambda: a_person(Role.NATIONAL), "Mes pages", ("/statistiques/exacts/france/", "/")),
    ],
)
def test_the_head_leads_back_to_ones_own_pages(client, make, words, paths):
    assert words not in head(client)
    client.force_login(make())
    for path in paths:
        current = ' aria-current="page"' if path == "/mes-dossiers/" else ""
        assert f'<a href="/connexion/"{current}>{words}</a>' in head(client, path), path


def test_the_link_leads_each_to_their_own_first_page(client):
    client.force_login(a_responder())
    assert ">Mes dossiers<" in foot(client)
    assert client.get("/connexion/").headers["Location"] == "/admin/"


def test_a_password_alone_is_nobody(client):
    half_signed_in(client, a_person(Role.NATIONAL, enrolled=False))
    assert ">Connexion<" in foot(client)
    assert OUT not in foot(client)


def test_nobody_costs_no_query_and_gets_no_cookie(client, django_assert_num_queries):
    foot(client)
    with django_assert_num_queries(0):
        answer = Client().get("/mentions-legales/")
    assert not answer.cookies


def test_somebody_costs_three(client, django_assert_max_num_queries):
    """The session, the person, their roles: what the door asks anyway."""
    client.force_login(an_agent())
    with django_assert_max_num_queries(3):
        foot(client, "/mentions-legales/")

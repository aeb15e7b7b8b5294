"""The head and the foot of every page, for visitors and for people who are signed in."""

from html import unescape

import pytest
from django.test import Client

from accounts.enums import Role
from tests.cast import a_lead, a_person, a_responder, an_agent, sign_in_by_password

pytestmark = pytest.mark.django_db
OUT = 'action="/deconnexion/"'


def read_head(client, path="/"):
    return unescape(client.get(path).content.decode()).partition("<main")[0]


def read_foot(client, path="/"):
    return unescape(client.get(path).content.decode()).partition("<footer")[2]


def test_a_signed_in_agent_can_sign_out_from_every_page(client):
    client.force_login(an_agent())
    for path in ("/", "/declarer/", "/annuaire/", "/nulle-part/", "/mes-dossiers/", "/compte/"):
        words = read_foot(client, path)
        assert ">Connexion<" not in words
        assert ">Mes dossiers<" in words
        assert 'href="/compte/"' in words
        assert OUT in words
    assert client.post("/deconnexion/").headers["Location"] == "/"
    assert ">Connexion<" in read_foot(client)


@pytest.mark.parametrize(("role", "words"), [(Role.NATIONAL, "Mes pages"), (Role.ADMINISTRATOR, "Mes pages")])
def test_a_role_without_cases_gets_a_link_to_its_pages(client, role, words):
    client.force_login(a_person(role))
    assert f">{words}<" in read_foot(client)


@pytest.mark.parametrize(
    ("make", "words", "paths"),
    [
        (a_lead, "La file", ("/equipe/", "/equipe/adresse/", "/statistiques/mon-centre/", "/annuaire/")),
        (an_agent, "Mes dossiers", ("/", "/annuaire/", "/statistiques/", "/mes-dossiers/")),
        (lambda: a_person(Role.NATIONAL), "Mes pages", ("/statistiques/exacts/france/", "/")),
    ],
)
def test_the_head_links_to_the_first_page_of_the_role(client, make, words, paths):
    assert words not in read_head(client)
    client.force_login(make())
    for path in paths:
        current = ' aria-current="page"' if path == "/mes-dossiers/" else ""
        assert f'<a href="/connexion/"{current}>{words}</a>' in read_head(client, path), path


def test_the_sign_in_page_redirects_a_responder_to_the_queue(client):
    client.force_login(a_responder())
    assert ">Mes dossiers<" in read_foot(client)
    assert client.get("/connexion/").headers["Location"] == "/admin/"


def test_a_person_without_second_factor_is_shown_as_signed_out(client):
    sign_in_by_password(client, a_person(Role.NATIONAL, enrolled=False))
    assert ">Connexion<" in read_foot(client)
    assert OUT not in read_foot(client)


def test_an_anonymous_page_costs_no_query_and_sets_no_cookie(client, django_assert_num_queries):
    read_foot(client)
    with django_assert_num_queries(0):
        answer = Client().get("/reflexes/")
    assert not answer.cookies


def test_a_signed_in_person_costs_three_queries(client, django_assert_max_num_queries):
    """The session, the person and the roles, which the second-factor guard reads anyway."""
    client.force_login(an_agent())
    with django_assert_max_num_queries(3):
        read_foot(client, "/suivi/")

"""A search costs little whatever is typed: what comes again counts once, and a search with too many different words or
filters is refused with the place of the first surplus one.
"""

from string import ascii_lowercase

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.enums import PublicService
from tests.cast import declare
from tests.incidents.searching import URL, find_references, search
from tests.reading import read_text

pytestmark = pytest.mark.django_db

PAIRS = [first + second for first in "bkz" for second in ascii_lowercase]
SERVICES = [f"service:{code}" for code in PublicService.values]


def count_subqueries(client, query):
    """Return how many conditions on other rows (EXISTS) the statements of this search have."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(URL, {"q": query}).status_code == 200
    return sum(statement["sql"].count("EXISTS") for statement in queries)


@pytest.mark.parametrize("beginning", ["", "serveur "])
@pytest.mark.parametrize(
    ("once", "often"),
    [
        ("-b", "-b " * 90),
        ("-b", "-b -B " * 40),
        ("-b", " ".join(f"-{letter}" for letter in ascii_lowercase)),
        ("service:eau", "service:eau " * 20),
        ("-dans:note", "-dans:note " * 20),
        ("etat:pris", "etat:pris statut:pris " * 10),
    ],
)
def test_what_is_typed_again_or_excluded_costs_no_further_condition(client, responder, beginning, once, often):
    search(client, "serveur")
    assert count_subqueries(client, beginning + often) == count_subqueries(client, beginning + once)


def test_each_of_several_excluded_words_excludes(client, responder):
    incident = declare(description="Le serveur est chiffré")
    declare(description="Le serveur est chiffré, un exercice")
    declare(description="Le serveur est chiffré, une question")
    query = "serveur -exercice -question -Exercice -zzz"
    assert find_references(client, query) == {incident.reference}
    assert find_references(client, "-exercice -question") == {incident.reference}


def test_a_word_that_comes_again_at_the_end_may_be_unfinished(client, responder):
    incident = declare(description="Les factures du serveur")
    assert find_references(client, "factur serveur factur") == {incident.reference}


@pytest.mark.parametrize(
    ("parts", "most"),
    [
        (PAIRS, "40 mots différents"),
        ([f"-{word}" for word in PAIRS], "40 mots différents"),
        ([f'"{word}"' for word in PAIRS], "40 mots différents"),
        (SERVICES, "8 filtres différents"),
        ([f"-{part}" for part in SERVICES], "8 filtres différents"),
    ],
)
def test_a_search_with_too_many_different_parts_names_the_first_surplus_one(client, responder, parts, most):
    allowed = int(most.split()[0])
    assert search(client, " ".join([*parts[:allowed], parts[0]])).status_code == 200
    page = search(client, query := " ".join(parts[: allowed + 1]))
    assert page.status_code == 422
    assert f"Une recherche prend {most} au plus" in read_text(page)
    assert page.context["problem"].word == parts[allowed] == query[page.context["problem"].at - 1 :]


def test_words_joined_by_apostrophes_count_one_by_one(client, responder):
    assert search(client, "'".join(PAIRS[:40])).status_code == 200
    assert search(client, "'".join(PAIRS[:41])).status_code == 422


def test_days_and_a_pasted_sentence_are_not_too_many(client, responder):
    """The link to older cases adds a day to a search, which may already have as many filters as it takes."""
    assert search(client, " ".join([*SERVICES[:8], "du:2020", "au:2026-11-30", "jour:2026-11"])).status_code == 200
    sentence = (
        "Bonjour, depuis ce matin les postes de la mairie affichent un message de rançon, les fichiers du serveur "
        "sont chiffrés, la messagerie ne répond plus, la sauvegarde de dimanche est illisible et notre prestataire "
        "demande s'il faut couper le réseau, éteindre les ordinateurs ou attendre votre appel cet après-midi, merci."
    )
    assert search(client, sentence[:300]).status_code == 200

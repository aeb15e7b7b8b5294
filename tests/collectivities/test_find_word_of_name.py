"""A whole word of a name finds the body, before the names that merely begin with it."""

import pytest

from collectivities.search import find_collectivities

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Sein", ["Île-de-Sein"]),
        ("mairie de Sein", ["Île-de-Sein"]),
        ("sein 29", ["Île-de-Sein"]),
        ("Batz", ["Batz-sur-Mer", "Île-de-Batz"]),
        ("Yeu", ["L'Île-d'Yeu"]),
        ("Houat", ["Île-d'Houat"]),
        ("Ouessant", ["Ouessant"]),
        ("Arz", ["Île-d'Arz"]),
        ("Molène", ["Île-Molène"]),
        ("Mont", ["Mont"]),
    ],
)
def test_a_whole_word_of_a_name_comes_before_names_that_begin_with_it(query, first):
    assert [body.name for body in find_collectivities(query)][: len(first)] == first


def test_a_word_of_two_letters_finds_the_names_that_have_it():
    """« Ré » is the name of no commune, but of an island with ten."""
    first = find_collectivities("Ré")[:5]
    assert "Saint-Martin-de-Ré" in [body.name for body in first]
    assert all("Ré" in body.name.replace("-", " ").split() for body in first), [body.name for body in first]


def test_a_word_that_many_names_have_does_not_hide_the_big_towns_that_begin_with_it():
    assert "Montpellier" in [body.name for body in find_collectivities("mont")]

"""Who types the name of a service that a town hall runs finds the town."""

import pytest

from collectivities.search import search_bodies_and_places

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("crèche de brest", "29019"),
        ("cantine scolaire de Quimper", "29232"),
        ("médiathèque de Brest", "29019"),
        ("Quimper, police municipale", "29232"),
        ("bibliothèque municipale de Brest", "29019"),
        ("garderie Landerneau", "29103"),
        ("La Crèche", "79048"),
        ("La Crèche Deux-Sèvres", "79048"),
        ("école de Brest", "29019"),
        ("école maternelle de Brest", "29019"),
    ],
)
def test_a_service_of_a_town_hall_gives_its_town(query, code):
    answer = search_bodies_and_places(query)
    assert answer.bodies[0].insee_code == code
    assert answer.mention is None

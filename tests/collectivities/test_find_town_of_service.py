"""Who types the name of a service that a town hall runs finds the town."""

import pytest

from collectivities.enums import Kind
from collectivities.official import read_official_list
from collectivities.reading import list_readings
from collectivities.search import search_bodies_and_places
from collectivities.wording import split_kind, split_words

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
        ("crèches de brest", "29019"),
        ("écoles maternelles de quimper", "29232"),
        ("Brest, services techniques", "29019"),
        ("crèche de Saône", "25532"),
        ("creche sur saone", "71150"),
        ("creches saone", "71150"),
        ("Crêches s/Saône", "71150"),
        ("creche sur saone 71", "71150"),
    ],
)
def test_a_service_of_a_town_hall_gives_its_town(query, code):
    answer = search_bodies_and_places(query)
    assert answer.bodies[0].insee_code == code
    assert answer.mention is None


def test_no_name_of_the_list_is_read_as_a_service_and_a_town():
    """The town of such a name would be hidden by another one, as Crêches-sur-Saône by Saône."""
    bodies = read_official_list().bodies
    names = {name for body in bodies for name in (body.name, *(row.name for row in body.aliases)) if split_words(name)}
    assert "Crêches-sur-Saône" in names
    assert [name for name in names if has_dropped_service(name)] == []


def has_dropped_service(name: str) -> bool:
    """Tell whether a reading of the name is a commune with fewer words, although the name has no « mairie » or
    « ville ».
    """
    literal, *others = list_readings(name)
    if split_kind(list(literal.words))[0]:
        return False
    return any(reading.kinds == (Kind.COMMUNE,) and len(reading.words) < len(literal.words) for reading in others)

"""Each table of the database has its line on the page of personal data, or a reason to have none."""

import pytest
from django.apps import apps

from retention.enums import DataKind
from retention.lasting import LASTING, NOBODY, PLACES, SERVER_LOGS
from retention.table import KINDS_BY_CODE
from tests.reading import read_text


def test_each_table_has_a_place():
    models = {model._meta.label for model in apps.get_models()}
    assert models - PLACES.keys() == set(), "say in retention/lasting.py::PLACES where their rows end"
    assert PLACES.keys() - models == set()


def test_each_place_is_a_line_of_the_page_or_a_reason():
    places = [place for place in PLACES.values() if not isinstance(place, str)]
    assert all(places)
    used = {part for place in places for part in place}
    assert used == {*DataKind, *LASTING} - {SERVER_LOGS}  # which are in no table
    assert {*DataKind} == KINDS_BY_CODE.keys()
    reasons = [place for place in PLACES.values() if isinstance(place, str)]
    assert all(reason.startswith(NOBODY) and len(reason) > len(NOBODY) + 5 for reason in reasons)


def test_a_table_with_a_person_or_a_text_is_not_without_personal_data():
    """Whoever points to an account says something about it."""
    for model in apps.get_models():
        if isinstance(PLACES[model._meta.label], str) and not model._meta.proxy and model._meta.managed:
            assert not [
                field for field in model._meta.fields if getattr(field.related_model, "__name__", "") == "User"
            ]


@pytest.mark.parametrize(("days", "words"), [(0, "durée que l’hébergeur fixe"), (35, "35 jours au plus")])
def test_the_page_says_how_long_backups_last(db, client, settings, days, words):
    settings.BACKUP_DAYS = days
    page = read_text(client.get("/vos-donnees/"))
    assert f"Sauvegardes, {words}" in page


def test_the_page_has_each_line_that_lasts(db, client):
    page = read_text(client.get("/vos-donnees/"))
    assert [line.name for line in LASTING if line.name[1:].replace("\N{NO-BREAK SPACE}", " ") not in page] == []

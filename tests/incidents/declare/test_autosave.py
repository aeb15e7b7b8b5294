"""The script of a page keeps what is typed before any button is pressed, and never overwrites another window."""

import re

import pytest
from django.conf import settings
from django.test import Client

from incidents.enums import Screen
from incidents.models import Draft, DraftPage, Incident, IncidentEvent
from incidents.services.declaring.draft import stamp_screen
from tests.incidents.journeys import SENT, START, WHERE, begin
from tests.reading import read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]

KEEP = "/declarer/garder/rappel/"


def open_window(client, screen=Screen.CALLER):
    """Open the screen and return its hidden fields."""
    page = client.get(WHERE[screen]).content.decode()
    fields = dict(re.findall(r'type="hidden" name="(version|plume)" value="([^"]*)"', page))
    assert set(fields) == {"version", "plume"}
    return fields


def get_saved_values(screen="rappel"):
    return DraftPage.objects.get(screen=screen).values


def test_typed_text_is_saved_and_shown_before_sending(client):
    begin(client)
    window = open_window(client)
    first = client.post(KEEP, window | {"description": "Plus r", "trait": 1})
    assert first.status_code == 200
    assert first.json()["version"] == stamp_screen(DraftPage.objects.get(screen="rappel"))
    assert re.fullmatch(r"Enregistré à \d+.h.\d\d", first.json()["message"])
    client.post(KEEP, window | {"description": "Plus rien ne s’ouvre.", "trait": 2})
    assert "Plus rien ne s’ouvre." in client.get(WHERE[Screen.CALLER]).content.decode()
    assert not Incident.objects.exists()
    assert not IncidentEvent.objects.exists()


def test_pressing_the_button_after_automatic_saves_is_no_conflict(client):
    """The answers to the saves were lost, so that the page still has its first version."""
    begin(client)
    window = open_window(client)
    for stroke, words in enumerate(("Rien", "Rien ne s’ouvre"), start=1):
        client.post(KEEP, window | {"description": words, "trait": stroke})
    form = window | {"description": "Rien ne s’ouvre.", "contact_phone": "02 99 00 00 00", "trait": 3}
    assert client.post(WHERE[Screen.CALLER], form).url == SENT
    assert Incident.objects.get().story.description == "Rien ne s’ouvre."


def test_an_automatic_save_that_arrives_late_changes_nothing(client):
    begin(client)
    window = open_window(client)
    client.post(WHERE[Screen.CALLER], window | {"description": "La fin.", "vers": "donnees", "trait": 2})
    assert client.post(KEEP, window | {"description": "La f", "trait": 1}).status_code == 200
    assert get_saved_values() == {"description": ["La fin."]}


def test_the_same_page_may_be_submitted_again_without_a_script(client):
    """The declarant went back, corrected an answer and pressed the button again."""
    begin(client)
    window = open_window(client, Screen.DATA)
    for answer in ("yes", "no"):
        assert client.post(WHERE[Screen.DATA], window | {"data_concerned": answer}).url == WHERE[Screen.CALLER]
    assert get_saved_values("donnees") == {"data_concerned": ["no"]}


def test_two_windows_do_not_overwrite_each_other(client):
    begin(client)
    first, second = open_window(client), open_window(client)
    client.post(KEEP, first | {"description": "À moi.", "trait": 1})
    assert client.post(KEEP, second | {"description": "À elle.", "trait": 1}).status_code == 409
    assert get_saved_values() == {"description": ["À moi."]}
    conflict = client.post(WHERE[Screen.CALLER], second | {"description": "À elle.", "trait": 2})
    assert conflict.status_code == 409
    assert "À moi." in read_text(conflict)
    assert "À elle." in conflict.content.decode()
    client.post(KEEP, first | {"description": "À moi encore.", "trait": 2})
    assert get_saved_values() == {"description": ["À moi encore."]}


def test_two_windows_write_to_two_drafts(client):
    """The cookie now names the second draft, but the first window still writes to the first."""
    begin(client)
    first = open_window(client)
    begin(client, quoi="panne")
    assert client.post(KEEP, first | {"description": "La première.", "trait": 1}).status_code == 200
    assert DraftPage.objects.get(screen="rappel").draft.type == "rancon"
    assert client.post(WHERE[Screen.CALLER], first | {"description": "La première.", "vers": "qui"}).status_code == 303
    assert 'value="rancon" aria-current="true"' in client.get(START).content.decode()


@pytest.mark.parametrize("section", ["quoi", "qui", "ailleurs"])
def test_only_screens_with_text_are_saved_automatically(client, section):
    begin(client)
    assert client.post(f"/declarer/garder/{section}/", {"quoi": "panne", "collectivite": "x"}).status_code == 404
    assert Draft.objects.get().type == "rancon"


def test_an_automatic_save_begins_no_draft_and_changes_no_sent_one(client):
    assert Client().post(KEEP, {"description": "Perdu ?"}).status_code == 404
    assert not Draft.objects.exists()
    begin(client)
    window = open_window(client)
    client.post(WHERE[Screen.CALLER], window | {"contact_phone": "02 99 00 00 00"})
    late = client.post(KEEP, window | {"contact_phone": "03 11 11 11 11", "trait": 5})
    assert late.status_code == 410
    assert get_saved_values() == {"contact_phone": ["02 99 00 00 00"]}
    Draft.objects.all().delete()
    assert client.post(KEEP, window | {"description": "x"}).status_code == 404


def test_a_save_with_an_altered_pen_is_refused(client):
    begin(client)
    window = open_window(client)
    client.cookies.pop(settings.DRAFT_COOKIE_NAME)
    assert client.post(KEEP, window | {"plume": window["plume"][:-2] + "xx"}).status_code == 404


@pytest.mark.parametrize("stroke", ["-1", "1e9", "999999999999", "²", ""])
def test_an_invalid_stroke_number_counts_as_the_first_save(client, stroke):
    begin(client)
    assert client.post(KEEP, open_window(client) | {"description": "Oui.", "trait": stroke}).status_code == 200
    assert DraftPage.objects.get(screen="rappel").stroke == 0

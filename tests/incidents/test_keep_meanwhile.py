"""What is typed is kept before any button is pressed: by the page that holds the pen, and over nobody else's words."""

import re

import pytest
from django.test import Client

from incidents.devices.draft_cookie import NAME
from incidents.enums import Screen
from incidents.models import Draft, DraftPage, Incident, IncidentEvent
from incidents.services.declaring.draft import stamp_page
from tests.cast import breizh_cyber, plouexemple
from tests.incidents.journeys import SENT, START, WHERE, an_address, begin
from tests.reading import text

pytestmark = pytest.mark.django_db

KEEP = "/declarer/garder/rappel/"


@pytest.fixture(autouse=True)
def town(client):
    client.defaults["REMOTE_ADDR"] = an_address()
    breizh_cyber()
    return plouexemple()


def held(client, screen=Screen.CALLER):
    """The hidden fields of a window that opens this screen."""
    page = client.get(WHERE[screen]).content.decode()
    found = dict(re.findall(r'type="hidden" name="(version|plume)" value="([^"]*)"', page))
    assert set(found) == {"version", "plume"}
    return found


def kept(screen="rappel"):
    return DraftPage.objects.get(screen=screen).values


def test_it_works(client):
    """Typed, kept, changed, kept again, and shown to whoever opens the screen: no case, no event."""
    begin(client)
    window = held(client)
    first = client.post(KEEP, window | {"description": "Plus r", "trait": 1})
    assert first.status_code == 200
    assert first.json()["version"] == stamp_page(DraftPage.objects.get(screen="rappel"))
    assert re.fullmatch(r"Enregistré à \d+.h.\d\d", first.json()["said"])
    client.post(KEEP, window | {"description": "Plus rien ne s’ouvre.", "trait": 2})
    assert "Plus rien ne s’ouvre." in client.get(WHERE[Screen.CALLER]).content.decode()
    assert not Incident.objects.exists()
    assert not IncidentEvent.objects.exists()


def test_the_button_after_it_is_no_second_writer(client):
    """Though the answers to the saves were lost on the way, so that the page still has its first version."""
    begin(client)
    window = held(client)
    for stroke, words in enumerate(("Rien", "Rien ne s’ouvre"), start=1):
        client.post(KEEP, window | {"description": words, "trait": stroke})
    sent = window | {"description": "Rien ne s’ouvre.", "contact_phone": "02 99 00 00 00", "trait": 3}
    assert client.post(WHERE[Screen.CALLER], sent).url == SENT
    assert Incident.objects.get().story.description == "Rien ne s’ouvre."


def test_what_comes_late_changes_nothing(client):
    begin(client)
    window = held(client)
    client.post(WHERE[Screen.CALLER], window | {"description": "La fin.", "vers": "donnees", "trait": 2})
    assert client.post(KEEP, window | {"description": "La f", "trait": 1}).status_code == 200
    assert kept() == {"description": ["La fin."]}


def test_without_a_script_the_same_page_may_be_sent_again(client):
    """The answer was lost, she went back, mended her words and pressed the button again."""
    begin(client)
    window = held(client, Screen.DATA)
    for answer in ("yes", "no"):
        assert client.post(WHERE[Screen.DATA], window | {"data_concerned": answer}).url == WHERE[Screen.CALLER]
    assert kept("donnees") == {"data_concerned": ["no"]}


def test_two_windows_do_not_overwrite_each_other(client):
    begin(client)
    mine, theirs = held(client), held(client)
    client.post(KEEP, mine | {"description": "À moi.", "trait": 1})
    assert client.post(KEEP, theirs | {"description": "À elle.", "trait": 1}).status_code == 409
    assert kept() == {"description": ["À moi."]}
    told = client.post(WHERE[Screen.CALLER], theirs | {"description": "À elle.", "trait": 2})
    assert told.status_code == 409
    assert "À moi." in text(told)
    assert "À elle." in told.content.decode()
    client.post(KEEP, mine | {"description": "À moi encore.", "trait": 2})
    assert kept() == {"description": ["À moi encore."]}


def test_two_windows_may_write_two_declarations(client):
    """The cookie names the second one; the first window still writes the first."""
    begin(client)
    first = held(client)
    begin(client, quoi="panne")
    assert client.post(KEEP, first | {"description": "La première.", "trait": 1}).status_code == 200
    assert DraftPage.objects.get(screen="rappel").draft.type == "rancon"
    assert client.post(WHERE[Screen.CALLER], first | {"description": "La première.", "vers": "qui"}).status_code == 303
    assert 'value="rancon" aria-current="true"' in client.get(START).content.decode()


@pytest.mark.parametrize("section", ["quoi", "qui", "ailleurs"])
def test_only_what_is_typed_is_kept(client, section):
    begin(client)
    assert client.post(f"/declarer/garder/{section}/", {"quoi": "panne", "collectivite": "x"}).status_code == 404
    assert Draft.objects.get().type == "rancon"


def test_nothing_is_begun_and_nothing_sent_is_changed(client):
    assert Client().post(KEEP, {"description": "Perdu ?"}).status_code == 404
    assert not Draft.objects.exists()
    begin(client)
    window = held(client)
    client.post(WHERE[Screen.CALLER], window | {"contact_phone": "02 99 00 00 00"})
    late = client.post(KEEP, window | {"contact_phone": "03 11 11 11 11", "trait": 5})
    assert late.status_code == 410
    assert kept() == {"contact_phone": ["02 99 00 00 00"]}
    Draft.objects.all().delete()
    assert client.post(KEEP, window | {"description": "x"}).status_code == 404


def test_a_pen_that_was_altered_holds_nothing(client):
    begin(client)
    window = held(client)
    client.cookies.pop(NAME)
    assert client.post(KEEP, window | {"plume": window["plume"][:-2] + "xx"}).status_code == 404


@pytest.mark.parametrize("stroke", ["-1", "1e9", "999999999999", "²", ""])
def test_a_stroke_that_no_script_writes_is_the_first(client, stroke):
    begin(client)
    assert client.post(KEEP, held(client) | {"description": "Oui.", "trait": stroke}).status_code == 200
    assert DraftPage.objects.get(screen="rappel").stroke == 0

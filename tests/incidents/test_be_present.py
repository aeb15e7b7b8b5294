"""Whoever has a case open is named to colleagues, who hear of a change without losing what they type."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from csirts.models import Csirt
from incidents.access import Guest
from incidents.enums import NoteKind
from incidents.models import Incident, Reading
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.notes import write_note
from tests.cast import a_responder
from tests.incidents.desk import url
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def open_page(user, incident):
    client = Client()
    client.force_login(user)
    client.get(url(incident))
    return client


def said(client, incident, seen=""):
    return client.post(url(incident, "presence"), {"seen": seen}).json()


def noted(incident, actor, key="k1"):
    write_note(reference=incident.reference, actor=actor, kind=NoteKind.NOTE, text="Vu.", key=key)


def seen_on(response):
    return response.content.decode().split('name="seen" value="')[-1].split('"')[0]


def test_it_works(client, responder, colleague, incident):
    open_page(colleague, incident)
    page = client.get(url(incident))
    assert f"Aussi sur cette page : {colleague}." in text_of(page)
    mark = str(incident.events.get().uid)
    assert f'name="seen" value="{mark}"' in page.content.decode()

    answer = said(client, incident, mark)
    assert answer == {"others": [str(colleague)], "writing": [], "seen": mark, "changed": ""}

    noted(incident, colleague)
    answer = said(client, incident, mark)
    assert answer["changed"].startswith(f"{colleague} a changé ce dossier à ")
    assert answer["seen"] == str(incident.events.last().uid) != mark
    assert said(client, incident, answer["seen"])["changed"] == ""


def test_whoever_went_away_is_there_no_more(client, responder, colleague, incident):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        theirs = open_page(colleague, incident)
        client.get(url(incident))
    with time_machine.travel(now + timedelta(seconds=40), tick=False):
        assert said(client, incident)["others"] == [str(colleague)]
        said(theirs, incident)
    with time_machine.travel(now + timedelta(seconds=80), tick=False):
        assert said(client, incident)["others"] == [str(colleague)]
    with time_machine.travel(now + timedelta(seconds=90), tick=False):
        assert said(client, incident)["others"] == []
        assert "Aussi sur cette page" not in text_of(client.get(url(incident)))


def test_it_is_no_reading_anew(client, responder, incident):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        client.get(url(incident))
    with time_machine.travel(now + timedelta(minutes=10), tick=False):
        said(client, incident)
    reading = Reading.objects.get()
    assert (reading.last_at, reading.present_at) == (now, now + timedelta(minutes=10))


def test_it_creates_no_reading(client, responder, incident):
    said(client, incident)
    assert not Reading.objects.exists()


def test_the_page_loaded_again_soon_counts_as_present(client, responder, incident):
    now = timezone.now()
    for later in (0, 30):
        with time_machine.travel(now + timedelta(seconds=later), tick=False):
            client.get(url(incident))
    reading = Reading.objects.get()
    assert (reading.last_at, reading.present_at) == (now, now + timedelta(seconds=30))


def test_what_the_declarant_and_oneself_did_is_said_too(client, responder, incident):
    mark = str(incident.events.get().uid)
    noted(incident, responder)
    assert said(client, incident, mark)["changed"].startswith("Vous avez changé ce dossier à ")
    guest = Guest(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, guest=guest, letter=Letter(text="Bonjour", key="k"))
    assert said(client, incident, mark)["changed"].startswith("Le déclarant a ajouté quelque chose à ")


def test_people_of_another_centre_are_not_named(client, responder, incident):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    former, stranger = a_responder(elsewhere), a_responder(elsewhere)
    Incident.objects.filter(pk=incident.pk).update(csirt=elsewhere)
    theirs = open_page(former, incident)
    Incident.objects.filter(pk=incident.pk).update(csirt=incident.csirt)

    assert said(client, incident)["others"] == []
    assert theirs.post(url(incident, "presence"), {"seen": ""}).status_code == 404
    client.force_login(stranger)
    assert client.post(url(incident, "presence")).status_code == 404


@pytest.mark.parametrize("odd", ["x", "\0", "é" * 3000])
def test_an_odd_mark_is_only_an_old_one(client, responder, incident, odd):
    noted(incident, a_responder())
    assert "a changé ce dossier" in said(client, incident, odd)["changed"]

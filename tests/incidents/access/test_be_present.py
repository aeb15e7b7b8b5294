"""Colleagues who have a case open are named on its page, and hear of a change without losing what they type."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from csirts.models import Csirt
from incidents.access import CaseVisitor
from incidents.enums import NoteKind
from incidents.models import Incident, Reading
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.notes import write_note
from tests.cast import a_responder
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


def open_page(user, incident):
    client = Client()
    client.force_login(user)
    client.get(case_url(incident))
    return client


def post_presence(client, incident, mark=""):
    return client.post(case_url(incident, "presence"), {"seen": mark}).json()


def add_note(incident, actor, key="k1"):
    write_note(reference=incident.reference, actor=actor, kind=NoteKind.NOTE, text="Vu.", key=key)


def test_the_page_names_a_colleague_and_announces_a_change(client, responder, colleague, incident):
    open_page(colleague, incident)
    page = client.get(case_url(incident))
    assert f"Aussi sur cette page : {colleague}." in read_markup(page)
    mark = str(incident.events.get().uid)
    assert f'name="seen" value="{mark}"' in page.content.decode()

    answer = post_presence(client, incident, mark)
    assert answer == {"others": [str(colleague)], "writing": [], "seen": mark, "changed": ""}

    add_note(incident, colleague)
    answer = post_presence(client, incident, mark)
    assert answer["changed"].startswith(f"{colleague} a changé ce dossier à ")
    assert answer["seen"] == str(incident.events.last().uid) != mark
    assert post_presence(client, incident, answer["seen"])["changed"] == ""


def test_a_colleague_who_left_the_page_is_no_longer_listed(client, responder, colleague, incident):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        colleague_client = open_page(colleague, incident)
        client.get(case_url(incident))
    with time_machine.travel(now + timedelta(seconds=40), tick=False):
        assert post_presence(client, incident)["others"] == [str(colleague)]
        post_presence(colleague_client, incident)
    with time_machine.travel(now + timedelta(seconds=80), tick=False):
        assert post_presence(client, incident)["others"] == [str(colleague)]
    with time_machine.travel(now + timedelta(seconds=90), tick=False):
        assert post_presence(client, incident)["others"] == []
        assert "Aussi sur cette page" not in read_markup(client.get(case_url(incident)))


def test_being_present_does_not_count_as_a_new_reading(client, responder, incident):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        client.get(case_url(incident))
    with time_machine.travel(now + timedelta(minutes=10), tick=False):
        post_presence(client, incident)
    reading = Reading.objects.get()
    assert (reading.last_at, reading.present_at) == (now, now + timedelta(minutes=10))


def test_presence_alone_creates_no_reading(client, responder, incident):
    post_presence(client, incident)
    assert not Reading.objects.exists()


def test_the_page_loaded_again_soon_counts_as_present(client, responder, incident):
    now = timezone.now()
    for later in (0, 30):
        with time_machine.travel(now + timedelta(seconds=later), tick=False):
            client.get(case_url(incident))
    reading = Reading.objects.get()
    assert (reading.last_at, reading.present_at) == (now, now + timedelta(seconds=30))


def test_changes_by_the_declarant_and_by_oneself_are_announced(client, responder, incident):
    mark = str(incident.events.get().uid)
    add_note(incident, responder)
    assert post_presence(client, incident, mark)["changed"].startswith("Vous avez changé ce dossier à ")
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Bonjour", key="k"))
    assert post_presence(client, incident, mark)["changed"].startswith("Le déclarant a ajouté quelque chose à ")


def test_people_of_another_centre_are_not_named(client, responder, incident):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    former, stranger = a_responder(elsewhere), a_responder(elsewhere)
    Incident.objects.filter(pk=incident.pk).update(csirt=elsewhere)
    former_client = open_page(former, incident)
    Incident.objects.filter(pk=incident.pk).update(csirt=incident.csirt)

    assert post_presence(client, incident)["others"] == []
    assert former_client.post(case_url(incident, "presence"), {"seen": ""}).status_code == 404
    client.force_login(stranger)
    assert client.post(case_url(incident, "presence")).status_code == 404


@pytest.mark.parametrize("odd", ["x", "\0", "é" * 3000])
def test_an_invalid_mark_counts_as_an_outdated_one(client, responder, incident, odd):
    add_note(incident, a_responder())
    assert "a changé ce dossier" in post_presence(client, incident, odd)["changed"]

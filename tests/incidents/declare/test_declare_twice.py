"""Sent twice, sent at the same instant, sent by a machine: one incident, and never a refusal."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import IntegrityError, connections
from django.test import Client

from csirts.models import Csirt
from incidents.declare.bot_limits import MAX_UNCONFIRMED_DECLARATIONS
from incidents.models import Incident, IncidentEvent, PendingEvent, Story
from incidents.reference import hyphenate, make_reference
from incidents.services.declarant.access import derive_secret, rotate_access_by_declarant
from incidents.services.declaring import declare
from tests.cast import breizh_cyber, plouexemple
from tests.cast import declare as make_case
from tests.incidents.journeys import SENT, WHERE, begin, make_address, post
from tests.reading import read_text


def read_hidden_fields(page):
    """Return the hidden fields of the page's form."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_a_declaration_sent_twice_is_one_incident(client, town):
    first, second = post(client), post(client)
    reference = hyphenate(Incident.objects.get().reference)
    assert reference in read_text(first)
    assert reference in read_text(second)
    assert IncidentEvent.objects.count() == 1
    assert PendingEvent.objects.count() == len(settings.EVENT_CONSUMERS)


def test_two_posts_at_once_make_one_incident(transactional_db):
    breizh_cyber()
    first = Client(REMOTE_ADDR=make_address())
    begin(first)

    def send(_):
        try:
            client = Client(REMOTE_ADDR=make_address())
            client.cookies[settings.DRAFT_COOKIE_NAME] = first.cookies[settings.DRAFT_COOKIE_NAME].value
            return client.post(WHERE["rappel"], {"contact_phone": "02 99 00 00 00"})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert Incident.objects.count() == IncidentEvent.objects.count() == 1
    assert [(answer.status_code, answer.url) for answer in answers] == [(303, SENT)] * 4
    assert hyphenate(Incident.objects.get().reference) in read_text(first.get(SENT))


def test_one_key_at_once_without_a_draft_makes_one_incident(transactional_db):
    """The API has no draft, whose lock would make the second post wait."""
    body = plouexemple()
    breizh_cyber()

    def send(_):
        try:
            return make_case(collectivity=body, key="k").reference
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        references = set(pool.map(send, range(4)))
    assert references == {Incident.objects.get().reference}


@pytest.mark.parametrize("where", ["services", "donnees", "rappel"])
def test_text_typed_after_the_declaration_was_sent_is_shown_and_declares_nothing(client, town, where):
    """After the back button, the case stays as it is and the new words are shown, not lost in silence."""
    post(client, {"description": "Premier.", "service": ["civil"], "data_concerned": "no"})
    first = Incident.objects.get()
    response = client.post(WHERE[where], {"description": "Second <b>.", "service": "eau", "data_concerned": "yes"})
    assert response.status_code == 409
    assert hyphenate(first.reference) in read_text(response)
    assert "0 800 200 008" in read_text(response)
    written = {"services": "Eau et assainissement", "donnees": "Oui", "rappel": "Second &lt;b&gt;."}
    assert written[where] in response.content.decode()
    assert Incident.objects.count() == 1
    assert first.story.description == "Premier."


def test_every_screen_of_a_sent_draft_redirects_to_the_confirmation_page(client, town):
    post(client)
    reference = hyphenate(Incident.objects.get().reference)
    for where in WHERE.values():
        assert client.get(where).url.split("?")[0] == SENT
    assert client.post(WHERE["quoi"], {"quoi": "panne"}).url.split("?")[0] == SENT
    assert client.post(WHERE["qui"], {"collectivite": town.uid}).url == SENT
    assert reference in read_text(client.get(SENT))
    assert reference in read_text(client.get(SENT))
    assert Incident.objects.count() == 1


def test_declaring_another_incident_begins_another_draft(client, town):
    post(client)
    assert client.post("/declarer/autre/").url == WHERE["quoi"]
    assert client.get(WHERE["quoi"]).status_code == 200
    assert client.get(SENT).url == WHERE["quoi"]
    post(client, {"cle": "b"})
    assert Incident.objects.count() == 2


def test_the_confirmation_page_shows_no_code_that_was_renewed_since(client, town):
    post(client)
    rotate_access_by_declarant(access_uid=Incident.objects.get().accesses.get().uid)
    response = client.get(SENT)
    assert "Il a été renouvelé ou fermé depuis" in read_text(response)
    assert "/suivi/acces/" not in response.content.decode()


@pytest.mark.parametrize("asks_to_be_called", [False, True])
@pytest.mark.parametrize("notification_email", ["", "astreinte@breizh-cyber.example"])
def test_the_receipt_shows_nothing_corrected_after_the_access_was_closed(
    client, town, asks_to_be_called, notification_email
):
    post(client)
    Csirt.objects.filter(slug="breizh-cyber").update(notification_email=notification_email)
    Incident.objects.update(is_to_call_back=asks_to_be_called)
    incident = Incident.objects.get()
    assert "02 99 00 00 00" in read_text(client.get(SENT))
    rotate_access_by_declarant(access_uid=incident.accesses.get().uid)
    for story in (
        {"contact_phone": "06 12 34 56 78", "contact_email": ""},
        {"contact_phone": "", "contact_email": "autre@plouexemple.example"},
    ):
        Story.objects.update(**story)
        response = client.get(SENT)
        assert response.status_code == 200
        for secret in ("06 12 34 56 78", "autre@plouexemple.example", "Corrigez-l", f"/suivi/{incident.reference}/"):
            assert secret not in read_text(response) + response.content.decode()
        assert "délais de 72 heures" not in read_text(response)
    Story.objects.update(contact_phone="06 12 34 56 78")
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    assert "06 12 34 56 78" in read_text(client.get(SENT))
    assert "Corrigez-le" in read_text(client.get(SENT))


def test_a_reference_that_is_taken_is_drawn_again(client, town, monkeypatch):
    post(client)
    taken, free = Incident.objects.get().reference, make_reference()
    draws = iter([taken, taken, free])
    monkeypatch.setattr(declare, "make_reference", lambda: next(draws))
    assert hyphenate(free) in read_text(post(client, {"cle": "b"}))
    assert Incident.objects.count() == IncidentEvent.objects.count() == Story.objects.count() == 2


def test_nothing_is_stored_when_no_reference_is_free(client, town, monkeypatch):
    post(client)
    taken = Incident.objects.get().reference
    monkeypatch.setattr(declare, "make_reference", lambda: taken)
    with pytest.raises(IntegrityError, match="no free reference"):
        post(client, {"cle": "b"})
    assert Incident.objects.count() == IncidentEvent.objects.count() == 1


def test_a_suspected_bot_only_meets_one_more_button(client, town):
    response = post(client, {"site_web": "https://exemple.example", "description": "Écrit par qui ?"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "Votre déclaration n’est pas encore partie." in read_text(response)
    assert "0 800 200 008" in read_text(response)
    assert not Incident.objects.exists()
    assert client.post(WHERE["rappel"], read_hidden_fields(page)).url == SENT
    incident = Incident.objects.get()
    assert incident.story.description == "Écrit par qui ?"


def test_the_page_with_one_more_button_may_send_another_spelling(client, town):
    """It may send the same words under another spelling: other line ends, a number without its invisible marks."""
    pasted = {"contact_phone": "\u202a02 99 00 00 00\u202c", "description": "Écrit\r\npar qui ?"}
    warning = post(client, {"site_web": "https://exemple.example"} | pasted)
    again = read_hidden_fields(warning.content.decode()) | {
        "contact_phone": "0299000000",
        "description": "Écrit\npar qui ?",
    }
    assert client.post(WHERE["rappel"], again).url == SENT
    assert Incident.objects.get().story.contact_phone == "0299000000"


def test_the_page_with_one_more_button_keeps_the_hidden_fields_of_the_screen(client, town):
    begin(client)
    opened = read_hidden_fields(client.get(WHERE["rappel"]).content.decode())
    fields = {"contact_phone": "02 99 00 00 00", "site_web": "https://exemple.example", "trait": "2"}
    warning = client.post(WHERE["rappel"], opened | fields)
    again = read_hidden_fields(warning.content.decode())
    assert (again["plume"], again["trait"]) == (opened["plume"], "2")
    assert client.post(WHERE["rappel"], again | {"contact_phone": "02 99 00 00 02"}).url == SENT


def test_a_burst_only_meets_one_more_button(client, town):
    for number in range(MAX_UNCONFIRMED_DECLARATIONS):
        post(client, {"cle": str(number)})
    response = post(client, {"cle": "x"})
    assert "Votre déclaration n’est pas encore partie." in read_text(response)
    assert Incident.objects.count() == MAX_UNCONFIRMED_DECLARATIONS
    client.post(WHERE["rappel"], read_hidden_fields(response.content.decode()))
    assert Incident.objects.count() == MAX_UNCONFIRMED_DECLARATIONS + 1
    # Somebody else is not concerned.
    post(Client(REMOTE_ADDR=make_address()))
    assert Incident.objects.count() == MAX_UNCONFIRMED_DECLARATIONS + 2


def test_no_declaration_is_limited_while_the_cache_is_down(client, town, dead_valkey):
    for number in range(MAX_UNCONFIRMED_DECLARATIONS + 2):
        assert post(client, {"cle": str(number)}).status_code == 200
    assert Incident.objects.count() == MAX_UNCONFIRMED_DECLARATIONS + 2

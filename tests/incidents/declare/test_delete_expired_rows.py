"""Empty drafts end soon and are thinned; a draft with a word stays. Nobody is kept from beginning one."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from incidents.declare.bot_limits import MAX_UNCONFIRMED_STARTS
from incidents.models import Draft, DraftPage
from incidents.services.declaring import draft as drafts
from incidents.services.declaring.draft import (
    DRAFT_LIFETIME,
    EMPTY_DRAFT_GRACE,
    EMPTY_DRAFT_LIFETIME,
    delete_expired_drafts,
    delete_surplus_drafts,
)
from incidents.tasks import delete_expired_rows
from tests.incidents.journeys import START, WHERE, begin, make_address, post
from tests.reading import read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "town")]


def travel_by(delay):
    return time_machine.travel(timezone.now() + delay)


def test_an_empty_draft_expires_before_one_with_an_answer(client):
    """The first draft was only begun, by two buttons; the other one has an answer."""
    begin(client)
    other = Client(REMOTE_ADDR=make_address())
    begin(other)
    other.post(WHERE["donnees"], {"data_concerned": "unknown"})
    with travel_by(EMPTY_DRAFT_LIFETIME - timedelta(minutes=1)):
        assert delete_expired_drafts() == 0
    with travel_by(EMPTY_DRAFT_LIFETIME + timedelta(minutes=1)):
        assert delete_expired_drafts() == 1
        assert 'value="unknown" checked' in other.get(WHERE["donnees"]).content.decode()
    with travel_by(DRAFT_LIFETIME + timedelta(minutes=1)):
        delete_expired_rows()
    assert not Draft.objects.exists()


def create_empty_drafts(number, *, begun):
    ends = begun + EMPTY_DRAFT_LIFETIME
    Draft.objects.bulk_create(
        Draft(nonce=str(n), code_hash=str(n), type="panne", created_at=begun, expires_at=ends, is_empty=True)
        for n in range(number)
    )


def test_the_oldest_of_too_many_empty_drafts_are_deleted(client, monkeypatch, django_assert_max_num_queries):
    """The oldest go, none of the last hour, no draft with a word and none that became a case."""
    monkeypatch.setattr(drafts, "MAX_EMPTY_DRAFTS", 3)
    post(client)
    worded = Client(REMOTE_ADDR=make_address())
    begin(worded)
    worded.post(WHERE["services"], {"service_stopped": "no"})
    create_empty_drafts(8, begun=timezone.now())
    assert delete_surplus_drafts() == 0
    with travel_by(EMPTY_DRAFT_GRACE + timedelta(minutes=1)):
        begin(client)
        with django_assert_max_num_queries(8):
            assert delete_surplus_drafts() > 4
        assert delete_surplus_drafts() == 0
        assert worded.get(WHERE["services"]).status_code == 200
    assert Draft.objects.filter(is_empty=True, type="rancon").count() == 1
    assert Draft.objects.filter(is_empty=True).count() <= 3
    assert Draft.objects.exclude(incident=None).count() == 1


def test_a_declarant_whose_draft_was_deleted_loses_no_text(client):
    begin(client)
    Draft.objects.all().delete()
    client.post(WHERE["services"], {"service": "civil"})
    assert DraftPage.objects.get().values == {"service": ["civil"]}


def test_an_address_that_begins_many_drafts_must_press_one_more_button(client):
    """An office that shares its address is asked, never refused; other addresses are not asked."""
    for _ in range(MAX_UNCONFIRMED_STARTS):
        assert start(Client(REMOTE_ADDR=client.defaults["REMOTE_ADDR"])).url == WHERE["qui"] + "?suite=oui"
    client.get(START)
    page = client.post(START, {"quoi": "panne"})
    assert "Encore un bouton, et vous continuez" in read_text(page)
    assert 'name="quoi" value="panne"' in page.content.decode()
    assert Draft.objects.count() == MAX_UNCONFIRMED_STARTS
    assert client.post(START, {"quoi": "panne", "confirme": "oui"}).url == WHERE["qui"] + "?suite=oui"
    assert start(Client(REMOTE_ADDR=make_address())).url == WHERE["qui"] + "?suite=oui"


def start(device):
    device.get(START)
    return device.post(START, {"quoi": "rancon"})


def test_text_typed_without_a_draft_is_sent_with_the_extra_button(client, monkeypatch):
    monkeypatch.setattr("incidents.declare.bot_limits.MAX_UNCONFIRMED_STARTS", 0)
    page = client.post(WHERE["rappel"], {"description": "Écrit <longuement>."})
    assert 'action="/declarer/rappel/"' in page.content.decode()
    assert "Écrit &lt;longuement&gt;." in page.content.decode()
    client.post(WHERE["rappel"], {"description": "Écrit <longuement>.", "confirme": "oui"})
    assert DraftPage.objects.get(screen="rappel").values == {"description": ["Écrit <longuement>."]}


def test_an_empty_form_begins_no_draft(client):
    assert client.post(WHERE["services"]).url == START
    assert not Draft.objects.exists()

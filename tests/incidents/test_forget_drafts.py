"""Drafts that say nothing end soon and are not many; one with a word stays. Nobody is kept from beginning one."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from incidents.declare.brake import MANY_BEGUN
from incidents.models import Draft, DraftPage
from incidents.services.declaring import draft as drafts
from incidents.services.declaring.draft import (
    DRAFT_LIFETIME,
    EMPTY_DRAFT_LIFETIME,
    EMPTY_STAYS,
    forget_old_drafts,
    thin_empty_drafts,
)
from incidents.tasks import forget_drafts
from tests.cast import breizh_cyber, plouexemple
from tests.incidents.journeys import START, WHERE, an_address, begin, post
from tests.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def town(client):
    client.defaults["REMOTE_ADDR"] = an_address()
    cache.clear()
    breizh_cyber()
    return plouexemple()


def after(delay):
    return time_machine.travel(timezone.now() + delay)


def test_it_works(client):
    """Two buttons were pressed and nothing was said; another one has a word."""
    begin(client)
    other = Client(REMOTE_ADDR=an_address())
    begin(other)
    other.post(WHERE["donnees"], {"data_concerned": "unknown"})
    with after(EMPTY_DRAFT_LIFETIME - timedelta(minutes=1)):
        assert forget_old_drafts() == 0
    with after(EMPTY_DRAFT_LIFETIME + timedelta(minutes=1)):
        assert forget_old_drafts() == 1
        assert 'value="unknown" checked' in other.get(WHERE["donnees"]).content.decode()
    with after(DRAFT_LIFETIME + timedelta(minutes=1)):
        forget_drafts()
    assert not Draft.objects.exists()


def many_empty(number, *, begun):
    ends = begun + EMPTY_DRAFT_LIFETIME
    Draft.objects.bulk_create(
        Draft(nonce=str(n), code_hash=str(n), type="panne", created_at=begun, expires_at=ends, is_empty=True)
        for n in range(number)
    )


def test_a_flood_of_empty_ones_is_thinned(client, monkeypatch, django_assert_max_num_queries):
    """The oldest go, none of the last hour, no draft with a word and none that became a case."""
    monkeypatch.setattr(drafts, "MAX_EMPTY_DRAFTS", 3)
    post(client)
    worded = Client(REMOTE_ADDR=an_address())
    begin(worded)
    worded.post(WHERE["services"], {"service_stopped": "no"})
    many_empty(8, begun=timezone.now())
    assert thin_empty_drafts() == 0
    with after(EMPTY_STAYS + timedelta(minutes=1)):
        begin(client)
        with django_assert_max_num_queries(8):
            assert thin_empty_drafts() > 4
        assert thin_empty_drafts() == 0
        assert worded.get(WHERE["services"]).status_code == 200
    assert Draft.objects.filter(is_empty=True, type="rancon").count() == 1
    assert Draft.objects.filter(is_empty=True).count() <= 3
    assert Draft.objects.exclude(incident=None).count() == 1


def test_whoever_comes_back_to_one_that_is_gone_loses_no_word(client):
    begin(client)
    Draft.objects.all().delete()
    client.post(WHERE["services"], {"service": "civil"})
    assert DraftPage.objects.get().values == {"service": ["civil"]}


def test_many_beginnings_ask_for_one_more_button(client):
    """An office that shares its address is asked, never refused; other addresses are not asked."""
    for _ in range(MANY_BEGUN):
        assert start(Client(REMOTE_ADDR=client.defaults["REMOTE_ADDR"])).url == WHERE["qui"] + "?suite=oui"
    client.get(START)
    asked = client.post(START, {"quoi": "panne"})
    assert "Encore un bouton, et vous continuez" in text(asked)
    assert 'name="quoi" value="panne"' in asked.content.decode()
    assert Draft.objects.count() == MANY_BEGUN
    assert client.post(START, {"quoi": "panne", "confirme": "oui"}).url == WHERE["qui"] + "?suite=oui"
    assert start(Client(REMOTE_ADDR=an_address())).url == WHERE["qui"] + "?suite=oui"


def start(device):
    device.get(START)
    return device.post(START, {"quoi": "rancon"})


def test_words_without_a_draft_go_with_the_button(client, monkeypatch):
    monkeypatch.setattr("incidents.declare.brake.MANY_BEGUN", 0)
    asked = client.post(WHERE["rappel"], {"description": "Écrit <longuement>."})
    assert 'action="/declarer/rappel/"' in asked.content.decode()
    assert "Écrit &lt;longuement&gt;." in asked.content.decode()
    client.post(WHERE["rappel"], {"description": "Écrit <longuement>.", "confirme": "oui"})
    assert DraftPage.objects.get(screen="rappel").values == {"description": ["Écrit <longuement>."]}


def test_a_post_without_a_word_begins_nothing(client):
    assert client.post(WHERE["services"]).url == START
    assert not Draft.objects.exists()

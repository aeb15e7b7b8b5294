"""Empty drafts end soon and are thinned; a draft with a word stays. Nobody is kept from declaring."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from redis import RedisError
from structlog.testing import capture_logs

from incidents.declare.bot_limits import MAX_UNCONFIRMED_STARTS
from incidents.models import Draft, DraftPage
from incidents.services.declaring import draft as drafts
from incidents.services.declaring import limits
from incidents.services.declaring.draft import (
    DRAFT_LIFETIME,
    EMPTY_DRAFT_GRACE,
    EMPTY_DRAFT_LIFETIME,
    delete_surplus_drafts,
)
from incidents.tasks import delete_expired_rows
from retention.enums import DataKind
from retention.tasks import purge_short_lived
from tests.incidents.express import declare_express
from tests.incidents.journeys import START, WHERE, begin, make_address, post
from tests.reading import read_text
from tests.retention.purging import purge_now

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
        assert purge_now(DataKind.DRAFTS) == 0
    with travel_by(EMPTY_DRAFT_LIFETIME + timedelta(minutes=1)):
        assert purge_now(DataKind.DRAFTS) == 1
        assert 'value="unknown" checked' in other.get(WHERE["donnees"]).content.decode()
    with travel_by(DRAFT_LIFETIME + timedelta(minutes=1)):
        purge_short_lived()
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
        with django_assert_max_num_queries(9):  # one looks for too many drafts with answers
            assert delete_surplus_drafts() > 4
        assert delete_surplus_drafts() == 0
        assert worded.get(WHERE["services"]).status_code == 200
    assert Draft.objects.filter(is_empty=True, type="rancon").count() == 1
    assert Draft.objects.filter(is_empty=True).count() <= 3
    assert Draft.objects.exclude(incident=None).count() == 1


def create_answered_drafts(*ages):
    """Create a draft with an answer for each age, which is the time since its last save."""
    for number, age in enumerate(ages):
        saved_at = timezone.now() - age
        draft = Draft(nonce=str(age), code_hash=f"{number} {age}", type="panne", saved_at=saved_at)
        draft.expires_at = saved_at + DRAFT_LIFETIME
        draft.save()
        DraftPage.objects.create(draft=draft, screen="rappel", values={"description": [str(age)]})


def list_ages():
    return sorted(
        (timezone.now() - at).days for at in Draft.objects.filter(incident=None).values_list("saved_at", flat=True)
    )


def test_the_oldest_of_too_many_drafts_with_answers_are_deleted(client, settings, monkeypatch):
    """Nobody is refused a draft because others have many. Those of the last day stay, whatever their number."""
    post(client)
    create_answered_drafts(*(timedelta(days=days) for days in (9, 4, 3, 2)), timedelta(hours=23), timedelta(0))
    settings.DRAFTS_TOTAL = 6
    assert delete_surplus_drafts() == 0
    settings.DRAFTS_TOTAL = 4
    monkeypatch.setattr(drafts, "MAX_DELETED_AT_ONCE", 1)
    assert delete_surplus_drafts() == 1
    assert list_ages() == [0, 0, 2, 3, 4]
    settings.DRAFTS_TOTAL = 1
    delete_expired_rows()
    assert list_ages() == [0, 0]
    assert DraftPage.objects.filter(draft__incident=None).count() == 2
    assert Draft.objects.exclude(incident=None).count() == 1


def test_a_draft_is_started_whatever_the_number_of_drafts(client, settings):
    settings.DRAFTS_TOTAL = 1
    create_answered_drafts(timedelta(0), timedelta(0))
    assert client.post(WHERE["rappel"], {"description": "Tout est chiffré."}).status_code == 303
    assert Draft.objects.count() == 3


def test_beyond_four_times_the_total_no_draft_starts_and_the_express_screen_declares(client, settings):
    """Drafts of the last day stay, so that nothing else would bound the database. Those that exist are saved."""
    settings.DRAFTS_TOTAL, words = 1, {"description": "Tout est chiffré."}
    create_answered_drafts(*[timedelta(0)] * 3)
    delete_expired_rows()
    assert client.post(WHERE["rappel"], words).status_code == 303
    delete_expired_rows()
    other = Client(REMOTE_ADDR=make_address())
    begin(other)
    create_answered_drafts(timedelta(seconds=1))
    with capture_logs() as logs:
        delete_expired_rows()
    assert [(line["event"], line["log_level"]) for line in logs] == [("too many drafts: none is started", "error")]
    assert other.post(WHERE["services"], {"service_stopped": "no"}).status_code == 303
    stranger = Client(REMOTE_ADDR=make_address())
    refused = stranger.post(WHERE["rappel"], words | {"confirme": "oui"})
    assert (refused.status_code, refused["Retry-After"]) == (429, "900")
    assert "Beaucoup de déclarations ont commencé partout depuis hier." in read_text(refused)
    assert "ce sera peut-être possible dans 15 minutes" in read_text(refused)
    assert "depuis votre connexion" not in read_text(refused)
    declare_express(stranger)
    settings.DRAFTS_TOTAL = 2
    delete_expired_rows()
    assert Client(REMOTE_ADDR=make_address()).post(WHERE["rappel"], words).status_code == 303


def test_drafts_start_while_the_cache_does_not_answer(client, monkeypatch):
    monkeypatch.setattr(limits, "FULL_KEY", "other")
    limits.let_drafts_start(may_start=False)
    assert limits.are_drafts_full()

    def fail(*_arguments: object, **_options: object) -> None:
        raise RedisError

    for operation in ("get", "set", "delete"):
        monkeypatch.setattr(cache, operation, fail)
    assert not limits.are_drafts_full()
    limits.let_drafts_start(may_start=False)
    limits.let_drafts_start(may_start=True)


def test_the_page_says_how_long_the_code_serves(client):
    begin(client)
    assert "Répondez à une question pour que ce code serve plus longtemps." in read_text(client.get(WHERE["services"]))
    client.post(WHERE["services"], {"service_stopped": "no"})
    page = read_text(client.get(WHERE["donnees"]))
    assert "Ce que vous écrivez est gardé au moins 24 heures, et jusqu’à 30 jours." in page
    assert "Répondez à une question" not in page


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

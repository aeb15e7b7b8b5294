"""A draft keeps what is typed until it is sent: refused or not, by one person or two, in one tab or two."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from incidents.models import Draft, DraftPage, Incident
from incidents.services.declaring.draft import DRAFT_LIFETIME, derive_draft_code
from retention.enums import DataKind
from tests.cast import plouexemple
from tests.incidents.journeys import SENT, START, WHERE, begin, make_address, post, read_version
from tests.reading import read_text
from tests.retention.purging import purge_now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]


def open_other_tab(client):
    """Return a client of another window or device with the same draft."""
    other = Client(REMOTE_ADDR=make_address())
    other.cookies[settings.DRAFT_COOKIE_NAME] = client.cookies[settings.DRAFT_COOKIE_NAME].value
    return other


def submit(client, screen, version=None, **fields):
    version = read_version(client, screen) if version is None else version
    return client.post(WHERE[screen], fields | {"version": version})


def test_each_screen_shows_what_was_typed_there(client):
    begin(client)
    submit(client, "services", service_stopped="yes", service="civil", **{"civil-workaround": "Registre <papier>."})
    submit(client, "donnees", data_concerned="yes", persons_band="51-300", vers="services")
    page = client.get(WHERE["services"]).content.decode()
    assert 'id="service-civil" value="civil" checked' in page
    assert "Registre &lt;papier&gt;." in page
    assert "Enregistré à" in page
    assert "Étape 3 sur 5" in read_text(client.get(WHERE["services"]))
    assert '<option value="51-300" selected>' in client.get(WHERE["donnees"]).content.decode()
    assert 'value="rancon" aria-current="true"' in client.get(START).content.decode()
    assert "Plouexemple (Finistère)" in read_text(client.get(WHERE["qui"]))
    assert not Incident.objects.exists()


@pytest.mark.parametrize("certainty", ["exact", "approximate"])
def test_the_certainty_of_a_moment_is_shown_as_it_was_chosen(client, certainty):
    begin(client)
    submit(client, "rappel", occurred_date="2026-01-02", occurred_time="09:00", occurred_certainty=certainty)
    page = LexborHTMLParser(client.get(WHERE["rappel"]).content.decode())
    options = page.css("[name=occurred_certainty] option[selected]")
    assert [option.attributes["value"] for option in options] == [certainty]


@pytest.mark.parametrize("screen", ["services", "donnees", "rappel"])
def test_every_button_saves_the_screen(client, screen):
    begin(client)
    response = submit(client, screen, service="eau", categories="sante", description="Vite.", vers="qui")
    assert response.url == WHERE["qui"]
    assert DraftPage.objects.get(screen=screen).values in (
        {"service": ["eau"]},
        {"categories": ["sante"]},
        {"description": ["Vite."]},
    )


def test_a_refused_screen_is_kept_and_can_be_corrected(client):
    begin(client)
    wrong = {"service": "civil", "service_stopped": "yes", "civil-started_date": "2099-01-01"}
    refused = client.get(submit(client, "services", **wrong).url)
    assert refused.status_code == 422
    assert "Cette date est à venir. Vérifiez-la" in read_text(refused)
    reopened = client.get(WHERE["services"])
    assert 'value="2099-01-01"' in reopened.content.decode()
    assert "Cette date est à venir. Vérifiez-la" not in read_text(reopened), "errors are shown on submission only"
    corrected = submit(client, "services", refused.context["version"], **wrong | {"civil-started_date": "2026-01-05"})
    assert corrected.url == WHERE["donnees"]


def test_the_back_button_finds_no_refused_post(client):
    """The browser keeps the address of a redirection and not the post, so that nothing has to be sent again."""
    begin(client)
    refused = submit(client, "rappel", contact_phone="02 98")
    assert (refused.status_code, refused.url) == (303, WHERE["rappel"] + "?erreur=oui")
    page = client.get(refused.url)
    assert page.status_code == 422
    assert "il y manque des chiffres" in read_text(page)
    assert 'value="02 98"' in page.content.decode()
    corrected = submit(client, "rappel", page.context["version"], contact_phone="02 99 00 00 00")
    assert corrected.url == "/declarer/envoyee/"
    assert client.get(refused.url).url == "/declarer/envoyee/"


def test_a_refused_screen_that_was_opened_to_be_corrected_leads_to_the_last_screen(client):
    begin(client)
    wrong = {"service": "civil", "service_stopped": "yes", "civil-started_date": "2099-01-01", "corriger": "oui"}
    refused = submit(client, "services", **wrong)
    assert refused.url == WHERE["services"] + "?corriger=oui&erreur=oui"
    page = client.get(refused.url)
    assert 'name="corriger" value="oui"' in page.content.decode()
    corrected = submit(client, "services", page.context["version"], **wrong | {"civil-started_date": "2026-01-05"})
    assert corrected.url.startswith(WHERE["rappel"])


def test_the_last_button_leads_to_a_screen_with_errors(client):
    """Somebody can skip a refused screen by typing the address of a later one."""
    begin(client)
    submit(client, "services", service="civil", **{"civil-started_date": "2099-01-01"})
    address = submit(client, "rappel", contact_phone="02 99 00 00 00").url
    assert address == WHERE["services"] + "?corriger=oui"
    assert "Cette date est à venir. Vérifiez-la" in read_text(client.get(address))
    assert DraftPage.objects.get(screen="rappel").values == {"contact_phone": ["02 99 00 00 00"]}
    assert not Incident.objects.exists()


def test_a_skipped_screen_is_answered_unknown(client):
    begin(client)
    assert submit(client, "services", passer="oui").url == WHERE["donnees"]
    assert submit(client, "donnees", passer="oui").url == WHERE["rappel"]
    assert DraftPage.objects.get(screen="services").values == {"service_stopped": ["unknown"]}


def test_the_second_writer_of_a_screen_sees_both_texts(client):
    begin(client)
    version = read_version(client, "services")
    submit(open_other_tab(client), "services", service_stopped="yes", service="eau")
    conflict = submit(client, "services", version, service_stopped="yes", service="civil")
    assert conflict.status_code == 409
    assert "pendant que vous écriviez" in read_text(conflict)
    assert "Eau et assainissement" in read_text(conflict).partition("ci-dessous")[0]
    assert 'id="service-civil" value="civil" checked' in conflict.content.decode()
    assert DraftPage.objects.get(screen="services").values["service"] == ["eau"]
    saved = submit(client, "services", conflict.context["version"], service_stopped="yes", service="civil")
    assert saved.url == WHERE["donnees"]
    assert DraftPage.objects.get(screen="services").values["service"] == ["civil"]


@pytest.mark.parametrize(("screen", "name"), [("quoi", "quoi"), ("qui", "collectivite")])
def test_the_first_screens_report_a_second_writer_too(client, town, screen, name):
    other = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    begin(client)
    version = read_version(client, screen)
    first, second, label = str(other.uid), str(town.uid), "Saint-Exemple"
    if screen == "quoi":
        first, second, label = "panne", "boite", "Une panne, sans malveillance connue"
    submit(open_other_tab(client), screen, **{name: first})
    conflict = submit(client, screen, version, **{name: second})
    assert conflict.status_code == 409
    assert label in read_text(conflict).partition("ci-dessous")[0]


def test_submitting_the_same_words_twice_is_no_conflict(client):
    begin(client)
    version = read_version(client, "services")
    for _ in range(2):
        assert submit(client, "services", version, service_stopped="no").url == WHERE["donnees"]


def test_another_spelling_of_the_same_words_is_no_conflict(client):
    begin(client)
    version = read_version(client, "rappel")
    fields = {"contact_phone": "02 99 00 00 00", "description": "Rien ne s’ouvre.\nTout est bloqué."}
    submit(client, "rappel", version, vers="qui", **fields)
    pasted = {
        "contact_phone": "\u202a02\u00a099.00.00.00\u202c",
        "description": "Rien ne s'ouvre.\r\nTout est bloqué\u200b. ",
    }
    assert submit(open_other_tab(client), "rappel", version, vers="qui", **pasted).url == WHERE["qui"]
    assert DraftPage.objects.get(screen="rappel").values == {name: [value] for name, value in fields.items()}
    other = fields | {"contact_phone": "02 99 00 00 01"}
    assert submit(open_other_tab(client), "rappel", version, vers="qui", **other).status_code == 409


def test_text_submitted_without_cookies_is_kept_under_a_code(client):
    begin(client)
    hidden_fields = dict(
        re.findall(r'name="(version|plume)" value="([^"]*)"', client.get(WHERE["rappel"]).content.decode())
    )
    bare = Client(enforce_csrf_checks=True, REMOTE_ADDR=make_address())
    response = bare.post(WHERE["rappel"], hidden_fields | {"description": "Tout est bloqué."})
    code = derive_draft_code(Draft.objects.get())
    assert response.status_code == 403
    assert f"{code[:4]}-{code[4:]}" in read_text(response)
    assert "Ce que vous avez écrit est gardé, cet écran compris" in read_text(response)
    assert "votre navigateur a gardé" not in read_text(response)
    assert DraftPage.objects.get(screen="rappel").values == {"description": ["Tout est bloqué."]}
    other_device = Client(REMOTE_ADDR=make_address())
    resumed = other_device.post("/declarer/reprendre/", {"code": code})
    assert resumed.status_code == 303
    assert "Tout est bloqué." in other_device.get(WHERE["rappel"]).content.decode()


def test_the_first_screen_shows_the_code_too_without_cookies(client):
    begin(client)
    hidden_fields = dict(re.findall(r'name="(version|plume)" value="([^"]*)"', client.get(START).content.decode()))
    response = Client(enforce_csrf_checks=True, REMOTE_ADDR=make_address()).post(
        START, hidden_fields | {"quoi": "boite"}
    )
    code = derive_draft_code(Draft.objects.get())
    assert f"{code[:4]}-{code[4:]}" in read_text(response)
    assert "vous n’avez encore rien écrit" not in read_text(response)


@pytest.mark.parametrize("pen", ["", "x", "ImFiYyI:1x:y"])
def test_a_forged_post_gets_no_code(client, pen):
    begin(client)
    response = Client(enforce_csrf_checks=True, REMOTE_ADDR=make_address()).post(WHERE["rappel"], {"plume": pen})
    assert response.status_code == 403
    assert "Cet envoi n’est pas accepté" in read_text(response)
    assert not DraftPage.objects.filter(screen="rappel").exists()


def test_refused_cookies_are_reported_before_anything_is_typed(client):
    refused = Client(enforce_csrf_checks=True, REMOTE_ADDR=make_address()).post(START, {"quoi": "rancon"})
    lost = Client().get(WHERE["qui"] + "?suite=oui")
    for page in (refused, lost):
        assert page.status_code == 400
        assert "Votre navigateur refuse les cookies" in read_text(page)
        assert "Acceptez les cookies de testserver , puis recommencez" in read_text(page)
        assert "0 800 200 008" in read_text(page)
        assert "Le téléphone suffit" in read_text(page)
    assert not Draft.objects.exists()


def test_text_typed_after_the_draft_expired_is_kept(client):
    begin(client)
    Draft.objects.all().delete()
    response = client.post(WHERE["rappel"], {"description": "Écrit longuement."})
    assert response.url == START
    assert "Ce que vous avez écrit est gardé." in read_text(client.get(START))
    client.post(START, {"quoi": "panne"})
    client.post(WHERE["qui"], {"collectivite": plouexemple().uid})
    assert "Écrit longuement." in client.get(WHERE["rappel"]).content.decode()


def test_each_save_prolongs_the_draft_by_a_month(client):
    begin(client)
    submit(client, "services", service="civil")
    with time_machine.travel(timezone.now() + DRAFT_LIFETIME - timedelta(hours=1)):
        assert purge_now(DataKind.DRAFTS) == 0
        assert 'value="civil" checked' in client.get(WHERE["services"]).content.decode()
        submit(client, "donnees", passer="oui")
    with time_machine.travel(timezone.now() + DRAFT_LIFETIME + timedelta(days=1)):
        assert purge_now(DataKind.DRAFTS) == 0  # the last save is less than a month old


def test_old_drafts_are_forgotten_and_cases_are_not(client):
    post(client)
    begin(client)
    with time_machine.travel(timezone.now() + DRAFT_LIFETIME + timedelta(minutes=1)):
        assert purge_now(DataKind.DRAFTS) == 2  # the second is the draft that was sent, whose screens go
        assert client.get(WHERE["services"]).status_code == 400
        assert purge_now(DataKind.DRAFTS) == 0
    assert not DraftPage.objects.exists()
    assert Draft.objects.get().incident == Incident.objects.get()


def test_an_altered_cookie_opens_no_draft(client):
    begin(client)
    client.cookies[settings.DRAFT_COOKIE_NAME] = client.cookies[settings.DRAFT_COOKIE_NAME].value[:-2] + "xx"
    lost = client.get(WHERE["services"])
    assert lost.status_code == 400
    assert "Aucune déclaration n’est ouverte sur cet appareil." in read_text(lost)
    assert "corriger" not in read_text(lost)
    assert client.get(SENT).url == START


@pytest.mark.parametrize("screen", ["quoi", "qui", "rappel"])
def test_a_button_of_another_screen_does_nothing(client, screen):
    """Only two screens offer « Je ne sais pas, passer », but any form may send it."""
    begin(client)
    fields = {"quoi": "rancon", "collectivite": str(plouexemple().uid), "contact_phone": "02 99 00 00 00"}
    assert submit(client, screen, passer="oui", vers="services", **fields).status_code == 303
    assert "passer" not in DraftPage.objects.get(screen=screen).values

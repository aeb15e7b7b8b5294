"""What is typed on a screen is kept: refused or not, by one person or two, in one tab or two, until it is sent."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from incidents.devices.draft_cookie import NAME
from incidents.models import Draft, DraftPage, Incident
from incidents.services.declaring.draft import DRAFT_LIFETIME, derive_draft_code, forget_old_drafts
from tests.cast import breizh_cyber, plouexemple
from tests.incidents.journeys import SENT, START, WHERE, an_address, begin, post, version_on
from tests.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def town(client):
    client.defaults["REMOTE_ADDR"] = an_address()
    breizh_cyber()
    return plouexemple()


def another_tab(client):
    """Another window, or another device, on the same draft."""
    other = Client(REMOTE_ADDR=an_address())
    other.cookies[NAME] = client.cookies[NAME].value
    return other


def leave(client, screen, version=None, **said):
    version = version_on(client, screen) if version is None else version
    return client.post(WHERE[screen], said | {"version": version})


def test_it_works(client):
    """Forward and back: each screen shows what was typed there."""
    begin(client)
    leave(client, "services", service_stopped="yes", service="civil", **{"civil-workaround": "Registre <papier>."})
    leave(client, "donnees", data_concerned="yes", persons_band="51-300", vers="services")
    page = client.get(WHERE["services"]).content.decode()
    assert 'id="service-civil" value="civil" checked' in page
    assert "Registre &lt;papier&gt;." in page
    assert "Enregistré à" in page
    assert "Étape 3 sur 5" in text(client.get(WHERE["services"]))
    assert '<option value="51-300" selected>' in client.get(WHERE["donnees"]).content.decode()
    assert 'value="rancon" aria-current="true"' in client.get(START).content.decode()
    assert "Plouexemple (Finistère)" in text(client.get(WHERE["qui"]))
    assert not Incident.objects.exists()


@pytest.mark.parametrize("screen", ["services", "donnees", "rappel"])
def test_every_button_saves(client, screen):
    begin(client)
    response = leave(client, screen, service="eau", categories="sante", description="Vite.", vers="qui")
    assert response.url == WHERE["qui"]
    assert DraftPage.objects.get(screen=screen).values in (
        {"service": ["eau"]},
        {"categories": ["sante"]},
        {"description": ["Vite."]},
    )


def test_what_is_refused_is_kept_and_mended(client):
    begin(client)
    wrong = {"service": "civil", "service_stopped": "yes", "civil-started_date": "2099-01-01"}
    refused = leave(client, "services", **wrong)
    assert refused.status_code == 422
    assert "Cette date est à venir. Vérifiez-la" in text(refused)
    again = client.get(WHERE["services"])
    assert 'value="2099-01-01"' in again.content.decode()
    assert "Cette date est à venir. Vérifiez-la" not in text(again)  # opened, not sent: nothing is blamed
    mended = leave(client, "services", refused.context["version"], **wrong | {"civil-started_date": "2026-01-05"})
    assert mended.url == WHERE["donnees"]


def test_the_last_button_leads_to_what_is_wrong_elsewhere(client):
    """Somebody went on by the address, past a screen that was refused."""
    begin(client)
    leave(client, "services", service="civil", **{"civil-started_date": "2099-01-01"})
    to_mend = leave(client, "rappel", contact_phone="02 99 00 00 00").url
    assert to_mend == WHERE["services"] + "?corriger=oui"
    assert "Cette date est à venir. Vérifiez-la" in text(client.get(to_mend))
    assert DraftPage.objects.get(screen="rappel").values == {"contact_phone": ["02 99 00 00 00"]}
    assert not Incident.objects.exists()


def test_skipping_is_an_answer(client):
    begin(client)
    assert leave(client, "services", passer="oui").url == WHERE["donnees"]
    assert leave(client, "donnees", passer="oui").url == WHERE["rappel"]
    assert DraftPage.objects.get(screen="services").values == {"service_stopped": ["unknown"]}


def test_the_second_writer_is_told_and_sees_both(client):
    begin(client)
    version = version_on(client, "services")
    leave(another_tab(client), "services", service_stopped="yes", service="eau")
    told = leave(client, "services", version, service_stopped="yes", service="civil")
    assert told.status_code == 409
    assert "pendant que vous écriviez" in text(told)
    assert "Eau et assainissement" in text(told).partition("ci-dessous")[0]
    assert 'id="service-civil" value="civil" checked' in told.content.decode()
    assert DraftPage.objects.get(screen="services").values["service"] == ["eau"]
    kept = leave(client, "services", told.context["version"], service_stopped="yes", service="civil")
    assert kept.url == WHERE["donnees"]
    assert DraftPage.objects.get(screen="services").values["service"] == ["civil"]


@pytest.mark.parametrize(("screen", "name"), [("quoi", "quoi"), ("qui", "collectivite")])
def test_the_first_screens_too_are_compared(client, town, screen, name):
    other = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    begin(client)
    version = version_on(client, screen)
    mine, theirs = ("fuite", "panne") if screen == "quoi" else (str(town.uid), str(other.uid))
    leave(another_tab(client), screen, **{name: theirs})
    told = leave(client, screen, version, **{name: "boite" if screen == "quoi" else mine})
    assert told.status_code == 409
    said = "Une panne, sans malveillance connue" if screen == "quoi" else "Saint-Exemple"
    assert said in text(told).partition("ci-dessous")[0]


def test_the_same_words_twice_are_no_conflict(client):
    begin(client)
    version = version_on(client, "services")
    for _ in range(2):
        assert leave(client, "services", version, service_stopped="no").url == WHERE["donnees"]


def test_the_same_words_under_another_spelling_are_no_conflict(client):
    begin(client)
    version = version_on(client, "rappel")
    said = {"contact_phone": "02 99 00 00 00", "description": "Rien ne s’ouvre.\nTout est bloqué."}
    leave(client, "rappel", version, vers="qui", **said)
    pasted = {
        "contact_phone": "\u202a02\u00a099.00.00.00\u202c",
        "description": "Rien ne s'ouvre.\r\nTout est bloqué\u200b. ",
    }
    assert leave(another_tab(client), "rappel", version, vers="qui", **pasted).url == WHERE["qui"]
    assert DraftPage.objects.get(screen="rappel").values == {name: [value] for name, value in said.items()}
    other = said | {"contact_phone": "02 99 00 00 01"}
    assert leave(another_tab(client), "rappel", version, vers="qui", **other).status_code == 409


def test_cookies_that_are_gone_lose_no_word(client):
    """The page says by which code to go on, and what was on the screen is kept under it."""
    begin(client)
    opened = dict(re.findall(r'name="(version|plume)" value="([^"]*)"', client.get(WHERE["rappel"]).content.decode()))
    bare = Client(enforce_csrf_checks=True, REMOTE_ADDR=an_address())
    told = bare.post(WHERE["rappel"], opened | {"description": "Tout est bloqué."})
    code = derive_draft_code(Draft.objects.get())
    assert told.status_code == 403
    assert f"{code[:4]}-{code[4:]}" in text(told)
    assert "Ce que vous avez écrit est gardé, cet écran compris" in text(told)
    assert "votre navigateur a gardé" not in text(told)
    assert DraftPage.objects.get(screen="rappel").values == {"description": ["Tout est bloqué."]}
    elsewhere = Client(REMOTE_ADDR=an_address())
    resumed = elsewhere.post("/declarer/reprendre/", {"code": code})
    assert resumed.status_code == 303
    assert "Tout est bloqué." in elsewhere.get(WHERE["rappel"]).content.decode()


def test_the_first_screen_of_a_declaration_gives_its_code_too_once_the_cookies_are_gone(client):
    begin(client)
    opened = dict(re.findall(r'name="(version|plume)" value="([^"]*)"', client.get(START).content.decode()))
    told = Client(enforce_csrf_checks=True, REMOTE_ADDR=an_address()).post(START, opened | {"quoi": "boite"})
    code = derive_draft_code(Draft.objects.get())
    assert f"{code[:4]}-{code[4:]}" in text(told)
    assert "vous n’avez encore rien écrit" not in text(told)


@pytest.mark.parametrize("pen", ["", "x", "ImFiYyI:1x:y"])
def test_a_forged_post_learns_no_code(client, pen):
    begin(client)
    told = Client(enforce_csrf_checks=True, REMOTE_ADDR=an_address()).post(WHERE["rappel"], {"plume": pen})
    assert told.status_code == 403
    assert "Cet envoi n’est pas accepté" in text(told)
    assert not DraftPage.objects.filter(screen="rappel").exists()


def test_without_cookies_it_is_said_before_anything_is_typed(client):
    refused = Client(enforce_csrf_checks=True, REMOTE_ADDR=an_address()).post(START, {"quoi": "rancon"})
    lost = Client().get(WHERE["qui"] + "?suite=oui")
    for page in (refused, lost):
        assert page.status_code == 400
        assert "Votre navigateur refuse les cookies" in text(page)
        assert "0 800 200 008" in text(page)
        assert "Le téléphone suffit" in text(page)
    assert not Draft.objects.exists()


def test_a_draft_that_is_gone_keeps_what_is_still_typed(client):
    begin(client)
    Draft.objects.all().delete()
    response = client.post(WHERE["rappel"], {"description": "Écrit longuement."})
    assert response.url == START
    assert "Ce que vous avez écrit est gardé." in text(client.get(START))
    client.post(START, {"quoi": "panne"})
    client.post(WHERE["qui"], {"collectivite": plouexemple().uid})
    assert "Écrit longuement." in client.get(WHERE["rappel"]).content.decode()


def test_nothing_expires_while_a_number_is_looked_for(client):
    begin(client)
    leave(client, "services", service="civil")
    with time_machine.travel(timezone.now() + DRAFT_LIFETIME - timedelta(hours=1)):
        assert forget_old_drafts() == 0
        assert 'value="civil" checked' in client.get(WHERE["services"]).content.decode()
        leave(client, "donnees", passer="oui")
    with time_machine.travel(timezone.now() + DRAFT_LIFETIME + timedelta(days=1)):
        assert forget_old_drafts() == 0  # each save begins the month again


def test_old_drafts_are_forgotten_and_cases_are_not(client):
    post(client)
    begin(client)
    with time_machine.travel(timezone.now() + DRAFT_LIFETIME + timedelta(minutes=1)):
        assert forget_old_drafts() == 1
        assert client.get(WHERE["services"]).status_code == 400
    assert not DraftPage.objects.exists()
    assert Draft.objects.get().incident == Incident.objects.get()


def test_a_cookie_that_was_altered_opens_nothing(client):
    begin(client)
    client.cookies[NAME] = client.cookies[NAME].value[:-2] + "xx"
    lost = client.get(WHERE["services"])
    assert lost.status_code == 400
    assert "Aucune déclaration n’est ouverte sur cet appareil." in text(lost)
    assert "corriger" not in text(lost)
    assert client.get(SENT).url == START


@pytest.mark.parametrize("screen", ["quoi", "qui", "rappel"])
def test_a_button_that_is_not_on_the_screen_does_nothing(client, screen):
    """« Je ne sais pas, passer » stands on two screens; a form of another one may send it all the same."""
    begin(client)
    kept = {"quoi": "rancon", "collectivite": str(plouexemple().uid), "contact_phone": "02 99 00 00 00"}
    assert leave(client, screen, passer="oui", vers="services", **kept).status_code == 303
    assert "passer" not in DraftPage.objects.get(screen=screen).values

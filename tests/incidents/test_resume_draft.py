"""A declarant goes on on another device with eight symbols read out, and each answer shows who wrote it."""

import pytest
from django.core.cache import cache
from django.test import Client

from incidents.declare.brake import FEW_WRONG, MANY_WRONG
from incidents.devices import cookie as follow_up
from incidents.models import Draft, Incident
from incidents.reference import spaced
from incidents.services.declaring.draft import derive_draft_code, find_draft
from tests.cast import breizh_cyber, plouexemple
from tests.incidents.journeys import SENT, WHERE, an_address, begin, post
from tests.reading import text

pytestmark = pytest.mark.django_db

RESUME = "/declarer/reprendre/"
WRONG = "22222222"


@pytest.fixture(autouse=True)
def town(client):
    client.defaults["REMOTE_ADDR"] = an_address()
    cache.clear()
    breizh_cyber()
    return plouexemple()


@pytest.fixture
def elsewhere():
    return Client(REMOTE_ADDR=an_address())


def code():
    return derive_draft_code(Draft.objects.get())


def test_a_draft_is_resumed_on_another_device_by_its_code(client, elsewhere):
    begin(client)
    for where in WHERE.values():
        assert spaced(code()) in text(client.get(where))
    client.post(WHERE["services"], {"service_stopped": "no"})
    resumed = elsewhere.post(RESUME, {"code": spaced(code()).lower(), "prenom": "Camille"})
    assert resumed.url == WHERE["donnees"] + "?reprise=oui"
    elsewhere.post(WHERE["donnees"], {"data_concerned": "yes"})
    assert "Rempli par Camille à" in text(client.get(WHERE["donnees"]))
    assert "Rempli à" in text(elsewhere.get(WHERE["services"]))
    assert elsewhere.post(WHERE["rappel"], {"contact_phone": "02 99 00 00 00"}).url == SENT
    incident = Incident.objects.get()
    assert spaced(incident.reference) in text(client.get(SENT))
    authors = dict(incident.sheets.values_list("section", "author"))
    assert (authors["services"], authors["donnees"], authors["rappel"]) == ("", "Camille", "Camille")


def test_a_screen_left_empty_is_not_shown_as_filled(client, elsewhere):
    begin(client)
    client.post(WHERE["services"], {})
    assert "Rempli" not in text(client.get(WHERE["services"]))
    resumed = elsewhere.post(RESUME, {"code": code(), "prenom": "Camille"})
    assert "passé sans réponse à" in text(elsewhere.get(resumed.url))


def test_submitting_a_screen_unchanged_keeps_its_author(client, elsewhere):
    begin(client)
    client.post(WHERE["services"], {"service_stopped": "no"})
    elsewhere.post(RESUME, {"code": code(), "prenom": "Camille"})
    elsewhere.post(WHERE["services"], {"service_stopped": "no"})
    assert "Camille" not in text(client.get(WHERE["services"]))


def test_the_code_is_stored_nowhere(client):
    begin(client)
    stored = str(list(Draft.objects.values()))
    assert code() not in stored
    assert len(code()) == 8
    assert find_draft(code()) == Draft.objects.get()


@pytest.mark.parametrize(("code_text", "words"), [("", "Écrivez le code"), ("R8WD", "huit signes"), (WRONG, "Aucune")])
def test_a_wrong_code_is_refused_and_the_form_keeps_what_was_typed(elsewhere, code_text, words):
    response = elsewhere.post(RESUME, {"code": code_text, "prenom": "Camille <b>"})
    assert response.status_code == 422
    assert words in text(response)
    assert 'value="Camille &lt;b&gt;"' in response.content.decode()
    assert "0 800 200 008" in text(response)


def test_repeated_guesses_must_wait_and_see_the_telephone_number(client, elsewhere):
    begin(client)
    for _ in range(FEW_WRONG):
        assert elsewhere.post(RESUME, {"code": WRONG}).status_code == 422
    assert elsewhere.post(RESUME, {"code": WRONG}).status_code == 422  # one try is allowed every ten seconds
    slowed = elsewhere.post(RESUME, {"code": code()})
    assert slowed.status_code == 429
    assert "Attendez 10 secondes" in text(slowed)
    assert f'value="{code()}"' in slowed.content.decode()
    assert "0 800 200 008" in text(slowed)
    # Other people need not wait.
    assert Client(REMOTE_ADDR=an_address()).post(RESUME, {"code": code()}).status_code == 303


def test_a_right_code_still_works_during_an_attack_from_many_addresses(client, elsewhere):
    begin(client)
    cache.set("wrong:everywhere", MANY_WRONG)
    assert elsewhere.post(RESUME, {"code": code()}).status_code == 303
    assert elsewhere.post(RESUME, {"code": WRONG}).status_code == 429


def test_without_a_cache_no_guess_must_wait(client, elsewhere, settings):
    begin(client)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    for _ in range(FEW_WRONG + 2):
        assert elsewhere.post(RESUME, {"code": WRONG}).status_code == 422
    assert elsewhere.post(RESUME, {"code": code()}).status_code == 303


def test_the_code_of_a_sent_draft_gives_the_reference_and_opens_nothing(client, elsewhere):
    post(client)
    response = elsewhere.post(RESUME, {"code": code()})
    assert response.status_code == 422
    assert f"sous la référence {spaced(Incident.objects.get().reference)}" in text(response)
    assert elsewhere.get(SENT).url == WHERE["quoi"]


def test_the_device_that_sent_follows_the_case(client):
    """It also still follows the cases that it declared before."""
    post(client)
    first = Incident.objects.get()
    assert client.get(f"/suivi/{first.reference}/").status_code == 200
    post(client, {"cle": "b"})
    second = Incident.objects.exclude(pk=first.pk).get()
    for incident in (first, second):
        assert client.get(f"/suivi/{incident.reference}/").status_code == 200
    assert client.cookies[follow_up.NAME]["httponly"]


def test_a_name_too_long_is_refused_and_kept(client, elsewhere):
    begin(client)
    refused = elsewhere.post(RESUME, {"code": code(), "prenom": "Camille " * 20})
    assert refused.status_code == 422
    assert "Gardez l’essentiel" in text(refused)
    assert "Camille Camille" in refused.content.decode()


def test_a_resumed_draft_opens_without_errors_and_says_who_filled_what(client, elsewhere):
    """The last screen was left with a telephone of two digits: the page says what to correct, but shows no error."""
    begin(client)
    client.post(RESUME, {"code": code(), "prenom": "Dominique"})
    client.post(WHERE["services"], {"service_stopped": "no"})
    client.post(WHERE["donnees"], {"data_concerned": "no"})
    client.post(WHERE["rappel"], {"contact_phone": "02", "vers": "donnees"})
    resumed = elsewhere.get(elsewhere.post(RESUME, {"code": code(), "prenom": "Camille"}).url)
    page = text(resumed)
    assert resumed.request["PATH_INFO"] == WHERE["rappel"]
    assert 'class="error' not in resumed.content.decode()
    assert "Erreur" not in page
    assert "Vous reprenez cette déclaration" in page
    assert "Les données : rempli par Dominique à" in page
    assert "une réponse à vérifier" in page
    refused = elsewhere.post(WHERE["rappel"], {"contact_phone": "02", "version": resumed.context["version"]})
    assert refused.status_code == 422
    assert "Ce numéro ne peut pas être appelé" in text(refused)


def test_a_resumed_draft_lists_what_is_missing(client, elsewhere):
    begin(client)
    client.post(WHERE["rappel"], {"description": "Vite.", "vers": "donnees"})
    page = text(elsewhere.get(elsewhere.post(RESUME, {"code": code()}).url))
    assert "Les services arrêtés : pas encore rempli" in page
    assert "il manque un téléphone ou un mail" in page


def test_the_name_given_on_resuming_signs_later_answers(client, elsewhere):
    """The pages of the case do not ask the name again from the person who finished the declaration."""
    begin(client)
    elsewhere.post(RESUME, {"code": code(), "prenom": "Camille"})
    elsewhere.post(WHERE["rappel"], {"contact_phone": "02 99 00 00 00"})
    reference = Incident.objects.get().reference
    assert 'value="Camille"' in elsewhere.get(f"/suivi/{reference}/completer/demarches/").content.decode()
    post(client)
    other = Incident.objects.exclude(reference=reference).get()
    assert 'value="Camille"' not in client.get(f"/suivi/{other.reference}/completer/demarches/").content.decode()

"""Going on elsewhere: eight symbols that can be read out, no mail, one name beside what each person wrote."""

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


def test_it_works(client, elsewhere):
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


def test_a_screen_that_was_passed_empty_is_not_called_filled(client, elsewhere):
    begin(client)
    client.post(WHERE["services"], {})
    assert "Rempli" not in text(client.get(WHERE["services"]))
    resumed = elsewhere.post(RESUME, {"code": code(), "prenom": "Camille"})
    assert "passé sans réponse à" in text(elsewhere.get(resumed.url))


def test_going_through_changes_no_author(client, elsewhere):
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


@pytest.mark.parametrize(("typed", "words"), [("", "Écrivez le code"), ("R8WD", "huit signes"), (WRONG, "Aucune")])
def test_a_wrong_code_is_said_and_kept(elsewhere, typed, words):
    response = elsewhere.post(RESUME, {"code": typed, "prenom": "Camille <b>"})
    assert response.status_code == 422
    assert words in text(response)
    assert 'value="Camille &lt;b&gt;"' in response.content.decode()
    assert "0 800 200 008" in text(response)


def test_guesses_are_slowed_and_the_telephone_stays(client, elsewhere):
    begin(client)
    for _ in range(FEW_WRONG):
        assert elsewhere.post(RESUME, {"code": WRONG}).status_code == 422
    assert elsewhere.post(RESUME, {"code": WRONG}).status_code == 422  # the one try of these ten seconds
    slowed = elsewhere.post(RESUME, {"code": code()})
    assert slowed.status_code == 429
    assert "Attendez 10 secondes" in text(slowed)
    assert f'value="{code()}"' in slowed.content.decode()
    assert "0 800 200 008" in text(slowed)
    # Nobody else waits.
    assert Client(REMOTE_ADDR=an_address()).post(RESUME, {"code": code()}).status_code == 303


def test_guesses_from_everywhere_stop_no_honest_person(client, elsewhere):
    begin(client)
    cache.set("wrong:everywhere", MANY_WRONG)
    assert elsewhere.post(RESUME, {"code": code()}).status_code == 303
    assert elsewhere.post(RESUME, {"code": WRONG}).status_code == 429


def test_a_dead_cache_slows_nobody(client, elsewhere, settings):
    begin(client)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    for _ in range(FEW_WRONG + 2):
        assert elsewhere.post(RESUME, {"code": WRONG}).status_code == 422
    assert elsewhere.post(RESUME, {"code": code()}).status_code == 303


def test_once_sent_the_code_opens_nothing(client, elsewhere):
    post(client)
    response = elsewhere.post(RESUME, {"code": code()})
    assert response.status_code == 422
    assert f"sous la référence {spaced(Incident.objects.get().reference)}" in text(response)
    assert elsewhere.get(SENT).url == WHERE["quoi"]


def test_the_device_that_sent_follows_the_case(client):
    """And the cases that it followed before are still there."""
    post(client)
    first = Incident.objects.get()
    assert client.get(f"/suivi/{first.reference}/").status_code == 200
    post(client, {"cle": "b"})
    second = Incident.objects.exclude(pk=first.pk).get()
    for incident in (first, second):
        assert client.get(f"/suivi/{incident.reference}/").status_code == 200
    assert client.cookies[follow_up.NAME]["httponly"]


def test_too_long_a_name_is_said_and_kept(client, elsewhere):
    begin(client)
    refused = elsewhere.post(RESUME, {"code": code(), "prenom": "Camille " * 20})
    assert refused.status_code == 422
    assert "Gardez l’essentiel" in text(refused)
    assert "Camille Camille" in refused.content.decode()


def test_it_opens_without_blame_and_says_who_filled_what(client, elsewhere):
    """All screens were left, the last one with a telephone of two digits: what is to be mended is said, not in red."""
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


def test_what_is_missing_is_said(client, elsewhere):
    begin(client)
    client.post(WHERE["rappel"], {"description": "Vite.", "vers": "donnees"})
    page = text(elsewhere.get(elsewhere.post(RESUME, {"code": code()}).url))
    assert "Les services arrêtés : pas encore rempli" in page
    assert "il manque un téléphone ou un mail" in page


def test_the_name_given_signs_what_follows(client, elsewhere):
    """Whoever went on with the declaration is not asked again who they are, on the pages of the case."""
    begin(client)
    elsewhere.post(RESUME, {"code": code(), "prenom": "Camille"})
    elsewhere.post(WHERE["rappel"], {"contact_phone": "02 99 00 00 00"})
    reference = Incident.objects.get().reference
    assert 'value="Camille"' in elsewhere.get(f"/suivi/{reference}/completer/demarches/").content.decode()
    post(client)
    other = Incident.objects.exclude(reference=reference).get()
    assert 'value="Camille"' not in client.get(f"/suivi/{other.reference}/completer/demarches/").content.decode()

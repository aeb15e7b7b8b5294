"""A declarant goes on on another device with eight symbols read out, and each answer shows who wrote it."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from incidents.declare.bot_limits import MAX_WRONG_CODES_OF_ADDRESS, MAX_WRONG_CODES_OF_ALL, WRONG_CODE
from incidents.models import Draft, Incident
from incidents.reference import hyphenate
from incidents.services.declaring.draft import derive_draft_code, find_draft
from tests.incidents.journeys import SENT, WHERE, begin, make_address, post
from tests.reading import read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "town")]

RESUME = "/declarer/reprendre/"
WRONG = "22222222"


@pytest.fixture
def other_device() -> Client:
    return Client(REMOTE_ADDR=make_address())


def get_draft_code():
    return derive_draft_code(Draft.objects.get())


def test_a_draft_is_resumed_on_another_device_by_its_code(client, other_device):
    begin(client)
    for where in WHERE.values():
        assert hyphenate(get_draft_code()) in read_text(client.get(where))
    client.post(WHERE["services"], {"service_stopped": "no"})
    resumed = other_device.post(RESUME, {"code": hyphenate(get_draft_code()).lower(), "prenom": "Camille"})
    assert resumed.url == WHERE["donnees"] + "?reprise=oui"
    other_device.post(WHERE["donnees"], {"data_concerned": "yes"})
    assert "Rempli par Camille à" in read_text(client.get(WHERE["donnees"]))
    assert "Rempli à" in read_text(other_device.get(WHERE["services"]))
    assert other_device.post(WHERE["rappel"], {"contact_phone": "02 99 00 00 00"}).url == SENT
    incident = Incident.objects.get()
    assert hyphenate(incident.reference) in read_text(client.get(SENT))
    authors = dict(incident.sheets.values_list("section", "author"))
    assert (authors["services"], authors["donnees"], authors["rappel"]) == ("", "Camille", "Camille")


def test_a_screen_left_empty_is_not_shown_as_filled(client, other_device):
    begin(client)
    client.post(WHERE["services"], {})
    assert "Rempli" not in read_text(client.get(WHERE["services"]))
    resumed = other_device.post(RESUME, {"code": get_draft_code(), "prenom": "Camille"})
    assert "passé sans réponse à" in read_text(other_device.get(resumed.url))


def test_submitting_a_screen_unchanged_keeps_its_author(client, other_device):
    begin(client)
    client.post(WHERE["services"], {"service_stopped": "no"})
    other_device.post(RESUME, {"code": get_draft_code(), "prenom": "Camille"})
    other_device.post(WHERE["services"], {"service_stopped": "no"})
    assert "Camille" not in read_text(client.get(WHERE["services"]))


def test_the_code_is_stored_nowhere(client):
    begin(client)
    stored = str(list(Draft.objects.values()))
    assert get_draft_code() not in stored
    assert len(get_draft_code()) == 8
    assert find_draft(get_draft_code()) == Draft.objects.get()


@pytest.mark.parametrize(("code_text", "words"), [("", "Écrivez le code"), ("R8WD", "huit signes"), (WRONG, "Aucune")])
def test_a_wrong_code_is_refused_and_the_form_keeps_what_was_typed(other_device, code_text, words):
    response = other_device.post(RESUME, {"code": code_text, "prenom": "Camille <b>"})
    assert response.status_code == 422
    assert words in read_text(response)
    assert 'value="Camille &lt;b&gt;"' in response.content.decode()
    assert "0 800 200 008" in read_text(response)


def test_repeated_guesses_must_wait_and_see_the_telephone_number(client, other_device):
    begin(client)
    for _ in range(MAX_WRONG_CODES_OF_ADDRESS):
        assert other_device.post(RESUME, {"code": WRONG}).status_code == 422
    assert other_device.post(RESUME, {"code": WRONG}).status_code == 422  # one try is allowed every ten seconds
    slowed = other_device.post(RESUME, {"code": get_draft_code()})
    assert slowed.status_code == 429
    assert "Attendez 10 secondes" in read_text(slowed)
    assert f'value="{get_draft_code()}"' in slowed.content.decode()
    assert "0 800 200 008" in read_text(slowed)
    # Other people need not wait.
    assert Client(REMOTE_ADDR=make_address()).post(RESUME, {"code": get_draft_code()}).status_code == 303


def test_a_right_code_still_works_during_an_attack_from_many_addresses(client, other_device):
    begin(client)
    cache.set(f"{WRONG_CODE}everywhere", MAX_WRONG_CODES_OF_ALL)
    assert other_device.post(RESUME, {"code": get_draft_code()}).status_code == 303
    assert other_device.post(RESUME, {"code": WRONG}).status_code == 429


def test_wrong_guesses_wait_as_well_while_valkey_is_down(client, other_device, dead_valkey):
    begin(client)
    for _ in range(MAX_WRONG_CODES_OF_ADDRESS + 1):
        assert other_device.post(RESUME, {"code": WRONG}).status_code == 422
    assert other_device.post(RESUME, {"code": get_draft_code()}).status_code == 429
    neighbour = Client(REMOTE_ADDR=make_address())
    assert neighbour.post(RESUME, {"code": get_draft_code()}).status_code == 303


def test_the_code_of_a_sent_draft_gives_the_reference_and_opens_nothing(client, other_device):
    post(client)
    response = other_device.post(RESUME, {"code": get_draft_code()})
    assert response.status_code == 422
    assert f"sous la référence {hyphenate(Incident.objects.get().reference)}" in read_text(response)
    assert other_device.get(SENT).url == WHERE["quoi"]


def test_the_device_that_sent_follows_the_case(client):
    """It also still follows the cases that it declared before."""
    post(client)
    first = Incident.objects.get()
    assert client.get(f"/suivi/{first.reference}/").status_code == 200
    post(client, {"cle": "b"})
    second = Incident.objects.exclude(pk=first.pk).get()
    for incident in (first, second):
        assert client.get(f"/suivi/{incident.reference}/").status_code == 200
    assert client.cookies[settings.CASE_COOKIE_NAME]["httponly"]


def test_a_name_too_long_is_refused_and_kept(client, other_device):
    begin(client)
    refused = other_device.post(RESUME, {"code": get_draft_code(), "prenom": "Camille " * 20})
    assert refused.status_code == 422
    assert "Gardez l’essentiel" in read_text(refused)
    assert "Camille Camille" in refused.content.decode()


def test_a_resumed_draft_opens_without_errors_and_says_who_filled_in_each_screen(client, other_device):
    """The last screen was left with a telephone of two digits: the page says what to correct, but shows no error."""
    begin(client)
    client.post(RESUME, {"code": get_draft_code(), "prenom": "Dominique"})
    client.post(WHERE["services"], {"service_stopped": "no"})
    client.post(WHERE["donnees"], {"data_concerned": "no"})
    client.post(WHERE["rappel"], {"contact_phone": "02", "vers": "donnees"})
    resumed = other_device.get(other_device.post(RESUME, {"code": get_draft_code(), "prenom": "Camille"}).url)
    page = read_text(resumed)
    assert resumed.request["PATH_INFO"] == WHERE["rappel"]
    assert 'class="error' not in resumed.content.decode()
    assert "Erreur" not in page
    assert "Vous reprenez cette déclaration" in page
    assert "Les données : rempli par Dominique à" in page
    assert "une réponse à vérifier" in page
    redirection = other_device.post(WHERE["rappel"], {"contact_phone": "02", "version": resumed.context["version"]})
    refused = other_device.get(redirection.url)
    assert refused.status_code == 422
    assert "Ce numéro ne peut pas être appelé" in read_text(refused)


def test_a_resumed_draft_lists_what_is_missing(client, other_device):
    begin(client)
    client.post(WHERE["rappel"], {"description": "Vite.", "vers": "donnees"})
    page = read_text(other_device.get(other_device.post(RESUME, {"code": get_draft_code()}).url))
    assert "Les services arrêtés : pas encore rempli" in page
    assert "il manque un téléphone ou un mail" in page


def test_the_name_given_on_resuming_signs_later_answers(client, other_device):
    """The pages of the case do not ask the name again from the person who finished the declaration."""
    begin(client)
    other_device.post(RESUME, {"code": get_draft_code(), "prenom": "Camille"})
    other_device.post(WHERE["rappel"], {"contact_phone": "02 99 00 00 00"})
    reference = Incident.objects.get().reference
    assert 'value="Camille"' in other_device.get(f"/suivi/{reference}/completer/demarches/").content.decode()
    post(client)
    other = Incident.objects.exclude(reference=reference).get()
    assert 'value="Camille"' not in client.get(f"/suivi/{other.reference}/completer/demarches/").content.decode()

"""The declaration that is sent, which is the one that the last screen showed. An answer that changed in another tab is
shown before anything is sent.
"""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from collectivities.models import Collectivity
from incidents.models import Incident
from tests.cast import plouexemple
from tests.incidents.journeys import SENT, START, WHERE, begin
from tests.reading import read_hidden_value, read_text

CALLER = {"contact_phone": "02 99 00 00 00", "description": "Nos fichiers ne s’ouvrent plus."}


@pytest.fixture
def begun_draft(client: Client, town: Collectivity) -> None:
    """Begin a draft for the town, up to the third screen."""
    begin(client, body=town)


def open_last_screen(client):
    page = client.get(WHERE["rappel"])
    return {name: read_hidden_value(page, name) for name in ("version", "plume", "seen")}


def test_last_screen_shows_what_another_tab_changed_and_sends_nothing(client, begun_draft):
    page = open_last_screen(client)
    client.post(START, {"quoi": "panne", "version": read_hidden_value(client.get(START), "version")})
    refused = client.post(WHERE["rappel"], page | CALLER)
    assert refused.status_code == 409
    assert "Rien n’est encore envoyé : des réponses ont changé" in read_text(refused)
    assert "Une panne" in read_text(refused)
    assert CALLER["description"] in refused.content.decode()
    assert not Incident.objects.exists()
    assert client.post(WHERE["rappel"], page | CALLER | {"seen": read_hidden_value(refused, "seen")}).url == SENT
    assert Incident.objects.get().type == "panne"


@pytest.mark.parametrize("mistake", [{"contact_phone": "02 98"}, {"detected_date": "2031-01-01"}])
def test_last_screen_shows_what_another_tab_changed_beside_an_error(client, begun_draft, mistake):
    page = open_last_screen(client)
    client.post(START, {"quoi": "panne", "version": read_hidden_value(client.get(START), "version")})
    refused = client.post(WHERE["rappel"], page | CALLER | mistake)
    assert refused.status_code == 409
    assert "Rien n’est encore envoyé : des réponses ont changé" in read_text(refused)
    assert "Un point à corriger" in read_text(refused)
    assert CALLER["description"] in refused.content.decode()
    corrected = page | CALLER | {"detected_date": "", "seen": read_hidden_value(refused, "seen")}
    assert client.post(WHERE["rappel"], corrected).url == SENT


def test_last_screen_shows_another_body_before_sending(client, begun_draft):
    page = open_last_screen(client)
    other = plouexemple(insee_code="29998", name="Saint-Exemple")
    client.post(
        WHERE["qui"],
        {"collectivite": str(other.uid), "version": read_hidden_value(client.get(WHERE["qui"]), "version")},
    )
    refused = client.post(WHERE["rappel"], page | CALLER)
    assert refused.status_code == 409
    assert "Saint-Exemple" in read_text(refused)
    assert not Incident.objects.exists()


def test_text_of_a_refused_last_screen_is_saved(client, begun_draft):
    page = open_last_screen(client)
    client.post(START, {"quoi": "panne", "version": read_hidden_value(client.get(START), "version")})
    client.post(WHERE["rappel"], page | CALLER)
    assert CALLER["description"] in client.get(WHERE["rappel"]).content.decode()


def test_the_extra_button_sends_what_the_last_screen_showed(client, begun_draft):
    """The page that asks whether somebody is a person shows no answer, so that none may change behind it."""
    page = open_last_screen(client)
    confirm_page = client.post(WHERE["rappel"], page | CALLER | {"site_web": "https://exemple.example"})
    client.post(START, {"quoi": "panne", "version": read_hidden_value(client.get(START), "version")})
    refused = client.post(
        WHERE["rappel"],
        CALLER | {name: read_hidden_value(confirm_page, name) for name in ("plume", "seen", "confirme")},
    )
    assert refused.status_code == 409
    assert not Incident.objects.exists()


def test_the_declaration_is_sent_after_a_visit_to_an_earlier_screen_without_a_change(client, begun_draft):
    page = open_last_screen(client)
    client.get(WHERE["services"])
    client.post(WHERE["services"], {"vers": "rappel"})
    assert client.post(WHERE["rappel"], page | CALLER).url == SENT


def test_receipt_names_what_was_declared(client, begun_draft):
    client.post(WHERE["rappel"], open_last_screen(client) | CALLER)
    receipt = read_text(client.get(SENT))
    assert "Vous avez déclaré « Nos fichiers ne s’ouvrent plus » pour Plouexemple (Finistère)." in receipt
    assert "Ce n’est pas cela ? Écrivez-le à Breizh Cyber" in receipt
    assert "Vous avez déjà envoyé cette déclaration" not in receipt


def test_declaring_again_offers_another_incident_first(client, begun_draft):
    client.post(WHERE["rappel"], open_last_screen(client) | CALLER)
    page = read_text(client.get(START, follow=True))
    assert page.index("Vous avez déjà envoyé cette déclaration") < page.index("Votre déclaration est transmise")
    assert page.count("Déclarer un autre incident") == 1


def test_withdrawn_declaration_promises_no_help(client, begun_draft):
    """The answer page of a case that is over leads to the case, and the first screen is free again."""
    client.post(WHERE["rappel"], open_last_screen(client) | CALLER)
    reference = Incident.objects.get().reference
    client.post(f"/suivi/{reference}/retirer/", {"text": "", "author": "", "key": "k"})
    assert client.get(SENT).url == f"/suivi/{reference}/"
    first = client.get(START)
    assert first.status_code == 200
    assert "transmise" not in read_text(first)
    client.post(START, {"quoi": "panne"})
    client.post(WHERE["qui"], {"collectivite": str(plouexemple().uid)})
    assert client.post(WHERE["rappel"], open_last_screen(client) | CALLER).url == SENT
    assert Incident.objects.count() == 2


def test_a_declarant_may_ask_for_a_call_back_again_after_a_withdrawal(client, begun_draft):
    """« Qu’on me rappelle » is free again too, by its page and by a post without one."""
    client.post(WHERE["rappel"], open_last_screen(client) | CALLER)
    client.post(f"/suivi/{Incident.objects.get().reference}/retirer/", {"text": "", "author": "", "key": "k"})
    page = client.get("/declarer/rappelez-moi/")
    assert page.status_code == 200
    answers = {"quoi": "panne", "collectivite": str(plouexemple().uid), "contact_phone": "02 99 00 00 00"}
    assert client.post("/declarer/rappelez-moi/", answers | {"plume": read_hidden_value(page, "plume")}).url == SENT
    assert Incident.objects.count() == 2


def test_the_follow_up_page_says_by_when_the_centre_means_to_act(client, begun_draft):
    client.post(WHERE["rappel"], open_last_screen(client) | CALLER)
    address = f"/suivi/{Incident.objects.get().reference}/"
    words = "pour objectif de s’en occuper avant le"
    assert f"Personne ne l’a encore lue ici. Breizh Cyber a {words}" in read_text(client.get(address))
    Incident.objects.update(acknowledge_by=timezone.now() - timedelta(hours=1))
    assert f"Personne ne l’a encore lue ici. Breizh Cyber avait {words}" in read_text(client.get(address))

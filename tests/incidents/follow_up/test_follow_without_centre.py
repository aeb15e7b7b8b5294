"""The pages of a case that no centre reads promise nothing in the name of a centre."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from csirts.models import Coverage
from incidents.enums import IncidentType, Verification
from incidents.models import Evidence, Incident
from incidents.questions.catalogue import SNAPSHOTS, get_current_version
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from tests.cast import a_responder, breizh_cyber, declare
from tests.incidents.completing_pages import post as complete
from tests.incidents.devices import follow_up_url, open_by_link
from tests.incidents.evidence_files import hand_over
from tests.incidents.journeys import find_commune
from tests.reading import read_text

pytestmark = pytest.mark.django_db
PROMISE = re.compile(r"[^.:?!]*\b(?:le|du|au) centre\b(?! de votre région)[^.:?!]*", re.IGNORECASE)
PAGES = (
    *("", "lien", "messages", "retirer", "completer", "completer/precisions/avant", "dossier", "pieces"),
    *("pieces/bordereau", "pieces/{piece}/reprendre"),
)
AFTER_WITHDRAWAL = ("", "messages", "completer", "completer/precisions/avant", "dossier", "pieces", "pieces/bordereau")


@pytest.fixture
def case_without_centre() -> Incident:
    return declare(collectivity=find_commune("Mamoudzou"))


@pytest.fixture
def device(case_without_centre: Incident) -> Client:
    return open_by_link(case_without_centre)


@pytest.fixture
def piece(device: Client, case_without_centre: Incident) -> Evidence:
    complete(device, case_without_centre, "precisions", {"q-extension": ".abcd"})
    device.post(follow_up_url(case_without_centre, "message"), {"text": "Qui nous aide ?", "key": "k"})
    return hand_over(device, case_without_centre, b"capture")


def list_promises(device, address):
    response = device.get(address)
    assert response.status_code == 200, address
    return [f"{address}: {promise}" for promise in PROMISE.findall(read_text(response))]


def list_addresses(incident, pages, piece):
    return [follow_up_url(incident, *page.format(piece=piece.uid).split("/")).replace("//", "/") for page in pages]


def test_no_page_of_a_case_without_centre_promises_that_the_centre_acts(device, case_without_centre, piece):
    addresses = [
        *list_addresses(case_without_centre, PAGES, piece),
        f"/statistiques/dossier/{case_without_centre.reference}/",
    ]
    assert not [promise for address in addresses for promise in list_promises(device, address)]


@pytest.mark.parametrize("kind", IncidentType.values)
def test_no_section_of_a_case_without_centre_promises_that_the_centre_acts(device, case_without_centre, kind):
    Incident.objects.update(type=kind)
    codes = [*SNAPSHOTS, *(section.code for section in get_current_version().list_sections(kind))]
    addresses = [follow_up_url(case_without_centre, "completer", code) for code in codes]
    assert not [promise for address in addresses for promise in list_promises(device, address)]


def test_no_page_of_a_withdrawn_case_without_centre_sends_to_the_centre(device, case_without_centre, piece):
    device.post(follow_up_url(case_without_centre, "retirer"), {"key": "k"})
    addresses = [
        *list_addresses(case_without_centre, AFTER_WITHDRAWAL, piece),
        f"/statistiques/dossier/{case_without_centre.reference}/",
    ]
    assert not [promise for address in addresses for promise in list_promises(device, address)]
    listed = read_text(device.get(follow_up_url(case_without_centre, "completer")))
    assert "Ce dossier est clos : les réponses ne changent plus." in listed
    assert "Écrivez un message ou remettez un fichier : le dossier les garde, avec leur date." in listed


def test_the_answers_of_a_case_without_centre_are_said_to_stay_and_to_serve_the_pack(device, case_without_centre):
    listed = read_text(device.get(follow_up_url(case_without_centre, "completer")))
    assert "Aucun centre connu ne lit ce dossier : ce que vous écrivez y reste, avec sa date." in listed
    assert "Si un centre couvre un jour votre territoire, il le lira." in listed
    assert "dossier de réponse , pour la gendarmerie, l’assureur ou la CNIL" in listed


def test_a_question_of_a_former_centre_is_not_awaited_by_the_centre():
    breizh_cyber()
    incident = declare()
    letter = Letter(text="Depuis quand ?", key="k", asks_answer=True)
    write_to_declarant(reference=incident.reference, letter=letter, actor=a_responder())
    device = open_by_link(incident)
    assert "Breizh Cyber attend une réponse de vous" in read_text(device.get(follow_up_url(incident)))

    Coverage.objects.all().delete()
    Incident.objects.update(csirt=None, verification=Verification.MEMBER, verified_at=timezone.now())

    addresses = [follow_up_url(incident), follow_up_url(incident, "retirer")]
    assert not [promise for address in addresses for promise in list_promises(device, address)]
    assert "Votre déclaration est enregistrée" in read_text(device.get(addresses[0]))
    assert "votre demande y reste écrite, avec sa date" in read_text(device.get(addresses[1]))

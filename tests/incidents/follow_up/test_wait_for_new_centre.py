"""A centre covers the territory since the declaration: its declarant reads so before the case has moved."""

import pytest
from django.test import Client

from csirts.models import Contact, Coverage
from incidents.models import Incident, SharedSentence
from incidents.services.declarant.share import derive_sentence_secret
from tests.cast import breizh_cyber, bretagne, declare
from tests.incidents.devices import follow_up_url, open_by_link
from tests.reading import read_text

pytestmark = pytest.mark.django_db
COVERED = "Breizh Cyber couvre maintenant votre territoire"
PROMISE = "Votre déclaration lui est transmise dans quelques minutes."


@pytest.fixture
def case_without_centre() -> Incident:
    """Declare where nobody answers, then give the territory to Breizh Cyber."""
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    incident = declare()
    assert incident.csirt is None
    Coverage.objects.create(csirt=centre, region=bretagne(), valid=("2021-01-01", None), source="essai")
    return incident


def test_declarant_reads_whom_to_call_before_the_case_has_moved(case_without_centre):
    page_text = read_text(open_by_link(case_without_centre).get(follow_up_url(case_without_centre)))
    assert f"{COVERED} : appelez le 0 800 200 008 . {PROMISE}" in page_text
    assert "Aucun centre ne couvre" not in page_text
    assert "nous n’y connaissons pas de centre" not in page_text
    assert "Breizh Cyber répond aux collectivités de Bretagne" in page_text
    assert Incident.objects.get(pk=case_without_centre.pk).csirt is None


def test_new_centre_without_telephone_is_reached_by_its_site(case_without_centre):
    Contact.objects.exclude(kind="website").delete()
    Contact.objects.filter(kind="website").update(value="https://breizh.example")
    assert f"{COVERED} : passez par son site, breizh.example . {PROMISE}" in read_text(
        open_by_link(case_without_centre).get(follow_up_url(case_without_centre))
    )


def test_new_centre_without_telephone_sends_to_a_number_that_answers(case_without_centre):
    breizh_cyber().contacts.all().delete()
    page_text = read_text(open_by_link(case_without_centre).get(follow_up_url(case_without_centre)))
    assert f"{COVERED}, mais n’a pas publié de téléphone : appelez le CERT-FR, +33 9 70 83 32 18" in page_text


def test_sentence_to_read_aloud_names_the_new_centre(case_without_centre):
    declarant = open_by_link(case_without_centre)
    sentence = "Breizh Cyber, le centre de secours informatique, reçoit la déclaration dans quelques minutes."
    assert sentence in read_text(declarant.get(follow_up_url(case_without_centre)))
    declarant.post(follow_up_url(case_without_centre, "partager"))
    shared = f"/phrase/{derive_sentence_secret(SharedSentence.objects.get())}/"
    assert sentence in read_text(Client().get(shared))


def test_a_closed_case_promises_no_new_centre(case_without_centre):
    declarant = open_by_link(case_without_centre)
    declarant.post(follow_up_url(case_without_centre, "retirer"), {"author": "Dominique Exemple"})
    page_text = read_text(declarant.get(follow_up_url(case_without_centre)))
    assert "Votre déclaration est retirée" in page_text
    assert "couvre maintenant" not in page_text

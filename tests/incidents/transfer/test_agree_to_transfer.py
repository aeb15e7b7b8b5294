"""The label of a case decides whether its declarant must agree to a transfer; who agreed is noted."""

import pytest

from incidents.enums import Tlp
from incidents.models import Incident, Story, Transfer
from incidents.services.handling.erase import erase_personal_data
from tests.cast import a_lead
from tests.incidents.devices import sign_in_as
from tests.incidents.transferring import AGREED, PROPOSAL, WHY, offer_url, propose_transfer
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("tlp", [Tlp.RED, Tlp.AMBER_STRICT, Tlp.AMBER])
def test_the_label_asks_for_the_agreement_of_the_declarant(incident, giver, taker, tlp):
    """These labels exclude another centre: who agreed is noted, and only the centre of the case reads it."""
    Incident.objects.update(tlp=tlp)
    giver_client = sign_in_as(giver)
    assert "demandez d’abord au déclarant s’il est d’accord" in read_markup(
        giver_client.get(case_url(incident, "transfert"))
    )

    fields = PROPOSAL | {"label": tlp}
    for hollow in (" ", "\u200b", "\u3164", "."):
        answer = giver_client.post(case_url(incident, "transfert"), fields | {"agreement": hollow})
        assert answer.status_code == 422
        assert "Notez qui a dit oui" in read_markup(answer)
        assert WHY in read_markup(answer)
    assert not Transfer.objects.exists()

    assert giver_client.post(case_url(incident, "transfert"), fields).status_code == 302
    transfer = Transfer.objects.get()
    assert transfer.agreement == AGREED
    assert AGREED in read_markup(giver_client.get(case_url(incident)))
    offer = read_markup(sign_in_as(taker).get(offer_url(transfer)))
    assert "accord du déclarant noté par Breizh Cyber" in offer
    assert AGREED not in offer


@pytest.mark.parametrize("tlp", [Tlp.GREEN, Tlp.CLEAR])
def test_a_wide_label_needs_no_agreement(incident, giver, taker, tlp):
    Incident.objects.update(tlp=tlp)
    assert "sans nouvel accord" in read_markup(sign_in_as(giver).get(case_url(incident, "transfert")))
    propose_transfer(incident, giver, agreement="")


def test_a_label_that_narrowed_meanwhile_blocks_the_transfer(incident, giver, taker):
    Incident.objects.update(tlp=Tlp.GREEN)
    transfer = propose_transfer(incident, giver, agreement="")
    Incident.objects.update(tlp=Tlp.AMBER)
    answer = sign_in_as(taker).post(offer_url(transfer, "accepter"))
    assert answer.status_code == 409
    assert "Son TLP demande l’accord du déclarant, et personne ne l’a noté." in read_markup(answer)


def test_a_text_without_the_tick_is_no_agreement(incident, giver, taker):
    for tlp, message in ((Tlp.AMBER, "cochez la case"), (Tlp.GREEN, "Cochez la case si le déclarant est d’accord")):
        Incident.objects.update(tlp=tlp)
        fields = {"taker": "loin-cyber", "motive": WHY, "agreement": "Non, la maire refuse.", "label": tlp}
        answer = sign_in_as(giver).post(case_url(incident, "transfert"), fields)
        assert answer.status_code == 422
        assert message in read_markup(answer)
        assert "Non, la maire refuse." in read_markup(answer)
    assert not Transfer.objects.exists()


def test_an_agreement_under_another_label_is_asked_for_again(incident, giver, taker):
    """The page showed one label; a colleague changed it before the button."""
    Incident.objects.update(tlp=Tlp.RED)
    giver_client = sign_in_as(giver)
    answer = giver_client.post(case_url(incident, "transfert"), PROPOSAL)
    assert answer.status_code == 422
    assert "il est TLP:RED. Demandez de nouveau au déclarant" in read_markup(answer)
    form = answer.context["form"]
    assert (form["agreed"].value(), form["label"].value(), form["agreement"].value()) == (False, Tlp.RED, AGREED)
    assert not Transfer.objects.exists()

    assert (
        giver_client.post(case_url(incident, "transfert"), PROPOSAL | {"label": form["label"].value()}).status_code
        == 302
    )
    assert Transfer.objects.get().agreed_tlp == Tlp.RED


def test_an_agreement_noted_under_a_wider_label_does_not_hold(incident, giver, taker):
    Incident.objects.update(tlp=Tlp.GREEN)
    transfer = propose_transfer(incident, giver)
    Incident.objects.update(tlp=Tlp.RED)
    taker_client = sign_in_as(taker)
    assert taker_client.post(offer_url(transfer, "accepter")).status_code == 409
    Incident.objects.update(tlp=Tlp.CLEAR)
    assert taker_client.post(offer_url(transfer, "accepter")).status_code == 302


def test_a_new_agreement_needs_a_new_proposal(incident, giver, taker):
    Incident.objects.update(tlp=Tlp.GREEN)
    propose_transfer(incident, giver)
    Incident.objects.update(tlp=Tlp.RED)
    answer = sign_in_as(giver).post(case_url(incident, "transfert"), PROPOSAL | {"label": Tlp.RED})
    assert answer.status_code == 409
    assert "Retirez d’abord cette proposition" in read_markup(answer)


def test_the_name_of_the_office_is_no_personal_name(incident, giver, taker):
    Story.objects.update(contact_name="Mairie de Plouexemple")
    assert sign_in_as(giver).post(
        case_url(incident, "transfert"), PROPOSAL | {"motive": f"La Mairie, à Plouexemple. {WHY}"}
    )
    assert Transfer.objects.exists()


def test_the_same_proposal_with_an_agreement_is_another_proposal(incident, giver, taker):
    Incident.objects.update(tlp=Tlp.GREEN)
    propose_transfer(incident, giver, agreement="")
    Incident.objects.update(tlp=Tlp.AMBER)
    answer = sign_in_as(giver).post(case_url(incident, "transfert"), PROPOSAL | {"label": "amber"})
    assert answer.status_code == 409
    assert "Retirez d’abord cette proposition" in read_markup(answer)


def test_erasing_removes_the_noted_agreement(incident, giver, taker):
    propose_transfer(incident, giver)
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert Transfer.objects.get().agreement == ""

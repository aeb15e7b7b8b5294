"""The declarant can read a sentence aloud about the case, and share it by a link."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from time_machine import TimeMachineFixture

from incidents.enums import ClosingReason, InterruptionExtent, Status
from incidents.facts.shapes import Interruption
from incidents.models import Incident, SharedSentence
from incidents.sentence import SentenceFacts, ServiceState, list_sentences, lower_label
from incidents.services.declarant.share import derive_sentence_secret
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.verify import verify_incident
from tests.cast import CALLER, a_lead, a_responder, an_agent, breizh_cyber, declare
from tests.incidents.devices import follow_up_url, open_by_link, sign_in_as
from tests.incidents.journeys import find_commune
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

NOW = datetime(2026, 11, 24, 8, 51, tzinfo=UTC)


@pytest.fixture
def case_with_two_services(db: None, time_machine: TimeMachineFixture) -> Incident:
    time_machine.move_to(NOW, tick=False)
    breizh_cyber()
    halted = Interruption(service="civil", extent="stopped")
    slow = Interruption(service="messagerie", extent="degraded")
    return declare(service_stopped="yes", interruptions=(halted, slow), supplier="Exemple Infogérance")


def shared_url():
    return f"/phrase/{derive_sentence_secret(SharedSentence.objects.get(revoked_at=None))}/"


def share(client, incident):
    return client.post(follow_up_url(incident, "partager"))


def test_the_declarant_shares_the_sentence_by_a_link(case_with_two_services):
    declarant = open_by_link(case_with_two_services)
    sentence = (
        "Un incident informatique touche la commune de Plouexemple (Finistère). Déclaration reçue le mardi 24 "
        "novembre 2026 à 9 h 51, heure de Paris. Cette déclaration n’est pas encore vérifiée. "
        "Services arrêtés : état civil. Services ralentis : messagerie. "
        "Breizh Cyber, le centre de secours informatique, est prévenu. On attend que le centre prenne le dossier en "
        "charge. Point fait le mardi 24 novembre 2026 à 9 h 51, heure de Paris."
    )
    assert sentence in read_text(declarant.get(follow_up_url(case_with_two_services)))

    assert share(declarant, case_with_two_services)["Location"] == follow_up_url(case_with_two_services) + "#phrase"

    answer = Client().get(shared_url())
    assert sentence in read_text(answer)
    assert shared_url() in read_text(declarant.get(follow_up_url(case_with_two_services)))
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert case_with_two_services.events.latest("id").kind == "shared"


def test_the_shared_sentence_contains_nothing_private(case_with_two_services):
    share(open_by_link(case_with_two_services), case_with_two_services)
    page_text = read_text(Client().get(shared_url()))
    private = [
        case_with_two_services.reference,
        case_with_two_services.story.description,
        "Infogérance",
        CALLER.name,
        CALLER.phone,
        CALLER.email,
    ]
    for word in (*private, "rançon", "ne s’ouvrent plus"):
        assert word not in page_text
        assert word not in page_text.replace("-", "")


def test_the_shared_sentence_follows_the_case(case_with_two_services):
    share(open_by_link(case_with_two_services), case_with_two_services)
    acknowledge_incident(reference=case_with_two_services.reference, actor=a_responder())
    assert "s’en occupe. On attend le retour de ces services." in read_text(Client().get(shared_url()))


def test_the_sentence_says_unverified_until_the_case_is_verified(case_with_two_services):
    share(open_by_link(case_with_two_services), case_with_two_services)
    assert "n’est pas encore vérifiée" in read_text(Client().get(shared_url()))
    verify_incident(reference=case_with_two_services.reference, actor=a_responder())
    assert "vérifiée" not in read_text(Client().get(shared_url()))


def test_sharing_twice_makes_one_link_and_unsharing_closes_it(case_with_two_services):
    declarant = open_by_link(case_with_two_services)
    share(declarant, case_with_two_services)
    first = shared_url()
    share(declarant, case_with_two_services)
    assert shared_url() == first
    declarant.post(follow_up_url(case_with_two_services, "ne-plus-partager"))
    declarant.post(follow_up_url(case_with_two_services, "ne-plus-partager"))
    assert Client().get(first).status_code == 404
    kinds = list(case_with_two_services.events.order_by("id").values_list("kind", flat=True))
    assert kinds == ["declared", "shared", "unshared"]
    share(declarant, case_with_two_services)
    assert shared_url() != first


def test_a_colleague_may_share_and_the_centre_may_not(case_with_two_services):
    assert share(sign_in_as(a_responder()), case_with_two_services).status_code == 403
    assert not SharedSentence.objects.exists()
    assert share(sign_in_as(an_agent()), case_with_two_services).status_code == 302


def test_a_red_case_is_not_shared(case_with_two_services):
    declarant = open_by_link(case_with_two_services)
    share(declarant, case_with_two_services)
    address = shared_url()
    Incident.objects.update(tlp="red")
    assert Client().get(address).status_code == 404
    SharedSentence.objects.all().delete()
    refused = share(declarant, case_with_two_services)
    assert refused.status_code == 422
    assert "Appelez-le pour lui demander de changer cela." in read_text(refused)
    assert not SharedSentence.objects.exists()


def test_a_wrong_link_and_the_link_of_an_erased_case_look_the_same(case_with_two_services):
    share(open_by_link(case_with_two_services), case_with_two_services)
    address = shared_url()
    altered = Client().get(address[:-2] + ("A/" if address[-2] != "A" else "B/"))
    erase_personal_data(reference=case_with_two_services.reference, actor=a_lead())
    erased = Client().get(address)
    assert [altered.status_code, erased.status_code] == [404, 404]
    assert re.sub(r"\s", "", read_text(altered)) == re.sub(r"\s", "", read_text(erased))
    assert Client().get("/phrase/x\u00e9/").status_code == 404


def test_reading_the_shared_sentence_changes_nothing(case_with_two_services):
    share(open_by_link(case_with_two_services), case_with_two_services)
    before = case_with_two_services.events.count()
    Client().get(shared_url())
    assert case_with_two_services.events.count() == before
    assert Client().post(shared_url()).status_code == 405


def test_the_sentence_gives_the_hour_in_the_time_zone_of_the_body(db):
    with time_machine.travel(NOW, tick=False):
        incident = declare(collectivity=find_commune("Nouméa"))
        assert "à 19 h 51, heure de Nouméa" in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_the_centre_sees_that_the_sentence_was_shared(case_with_two_services):
    share(open_by_link(case_with_two_services), case_with_two_services)
    assert "Phrase partagée" in read_text(sign_in_as(a_responder()).get(case_url(case_with_two_services)))


KNOWN = {"body": "commune de X", "centre": "Breizh Cyber", "status": Status.DECLARED, "service_stopped": "unknown"}
PAY = ServiceState(label="Paie", extent=InterruptionExtent.STOPPED, has_resumed=False)
HOME = ServiceState(label="EHPAD", extent=InterruptionExtent.STOPPED, has_resumed=False)
DATA_MAYBE_TOUCHED = ServiceState(label="Cantine", extent=InterruptionExtent.UNKNOWN, has_resumed=False)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, "On ne sait pas encore quels services sont touchés."),
        ({"service_stopped": "no"}, "Aucun service n’est arrêté ni ralenti."),
        ({"service_stopped": "yes"}, "Des services sont arrêtés ou ralentis."),
        ({"services": (PAY, HOME)}, "Services arrêtés : paie et EHPAD."),
        ({"services": (PAY, DATA_MAYBE_TOUCHED)}, "Services arrêtés : paie. Services arrêtés ou ralentis : cantine."),
        (
            {"services": (ServiceState(label="Paie", extent="stopped", has_resumed=True),)},
            "Service rétabli\N{NO-BREAK SPACE}: paie.",
        ),
        ({}, "a la déclaration dans sa liste."),
        ({"has_channel": True}, "est prévenu."),
        ({"is_read": True, "has_channel": True}, "a lu la déclaration."),
        ({"centre": ""}, "Aucun centre ne couvre ce territoire"),
        ({"centre": "", "new_centre": "CSIRT X"}, "Le CSIRT X, le centre de secours informatique, reçoit la déclara"),
        ({"status": Status.ACKNOWLEDGED}, "On attend le résultat de ses vérifications."),
        ({"status": Status.ACKNOWLEDGED, "services": (PAY,)}, "On attend le retour de ces services."),
        ({"waits_for_body": True}, "Le centre attend une réponse de la collectivité."),
        ({"status": Status.CLOSED}, "a été déclaré pour la commune de X. Le dossier est clos."),
        ({"status": Status.CLOSED, "services": (PAY,)}, "pour la commune de X. Le dossier est clos."),
        ({"status": Status.CLOSED, "closing_reason": ClosingReason.RESOLVED}, "Il est résolu. Le dossier est clos."),
        ({"status": Status.CLOSED, "closing_reason": ClosingReason.NOT_AN_INCIDENT}, "ce n’est pas un incident."),
        (
            {"status": Status.CLOSED, "closing_reason": ClosingReason.WITHDRAWN},
            "pour la commune de X. La déclaration a été retirée.",
        ),
    ],
)
def test_each_state_of_a_case_has_its_own_sentence(more, sentence):
    assert sentence in " ".join(list_sentences(SentenceFacts(**KNOWN | more)))


def test_every_sentence_has_at_most_fifteen_words():
    for sentence in list_sentences(SentenceFacts(**KNOWN | {"status": Status.ACKNOWLEDGED, "services": (PAY,)})):
        assert len(sentence.split()) <= 15


def test_labels_are_worded_for_a_sentence():
    assert lower_label("État civil") == "état civil"
    assert lower_label("EHPAD et soins") == "EHPAD et soins"

"""The recipients of the mails on a case that goes to another centre or to a partner. No centre gets a mail on a
case of others.
"""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from time_machine import TimeMachineFixture

from accounts.models import User
from incidents.access import CaseVisitor
from incidents.catalogues.partners import PARTNERS
from incidents.enums import Tlp
from incidents.models import Advice, Incident
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.erase import erase_personal_data
from incidents.services.partners.advise import AdviceRequest, advise_partner, format_advice
from incidents.services.transfer.agreements import NO_AGREEMENT
from incidents.services.transfer.proposal import accept_transfer, refuse_transfer, withdraw_transfer
from notifications import dispatch
from notifications.enums import DeliveryStatus, Trouble
from notifications.models import Delivery
from tests import harmless
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.hostile import MARKUP, TEMPLATES
from tests.incidents.transferring import create_other_centre, make_agreement, propose_transfer
from tests.notifications.mailing import CENTRE, TOWN, deliver_all, read_body, read_on_one_line

pytestmark = pytest.mark.django_db
ELSEWHERE, CERT = "garde@loin-cyber.example", "cert-fr@ssi.gouv.fr"
FACTS = ("Plouexemple", "fichiers de l’accueil", "Dominique", "02 99 00 00 00", "mairie@")


@pytest.fixture
def giver(clock: TimeMachineFixture) -> User:
    return a_responder(breizh_cyber())


@pytest.fixture
def taker(clock: TimeMachineFixture) -> User:
    return a_responder(create_other_centre())


@pytest.fixture
def case_of_giver(giver: User, taker: User) -> Incident:
    return declare()


def write(incident, text, key):
    visitor = CaseVisitor(access_uid=incident.accesses.get(revoked_at=None).uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text=text, key=key))


def list_deliveries(kind):
    rows = Delivery.objects.filter(announcement__event__kind=kind).order_by("recipient")
    return list(rows.values_list("recipient", "csirt__slug", "status", "last_error"))


def test_mails_of_a_transfer_reach_the_new_centre_and_the_declarant(case_of_giver, giver, taker, post):
    deliver_all()
    transfer = propose_transfer(case_of_giver, giver)
    deliver_all()

    [offer] = post.list_mails_to(ELSEWHERE)
    assert f"/transferts/{transfer.uid}/" in read_body(offer)
    assert "Rançongiciel, gravité élevée" in read_body(offer)
    assert offer["Subject"].startswith("[TLP:AMBER+STRICT] Breizh Cyber vous propose le dossier")
    assert not [word for word in FACTS if word in offer["Subject"] + read_body(offer)]
    assert len(post.list_mails_to(CENTRE)) == 1  # its own new case, before

    accept_transfer(uid=transfer.uid, actor=taker)
    deliver_all()

    assert len(post.list_mails_to(CENTRE)) == 1
    acceptance = post.list_mails_to(ELSEWHERE)[-1]
    assert "Loin Cyber a repris ce dossier de Breizh Cyber" in read_on_one_line(acceptance)
    notice = post.list_mails_to(TOWN)[-1]
    assert "Loin Cyber suit désormais votre dossier" in notice["Subject"].replace("\u00a0", " ")
    assert "0 800 300 009" in read_body(notice)
    assert "Breizh" not in read_body(notice)


def test_a_returned_case_causes_a_mail_to_the_centre_that_proposed_it(case_of_giver, giver, taker, post):
    transfer = propose_transfer(case_of_giver, giver)
    refuse_transfer(uid=transfer.uid, answer="Pas notre territoire. https://piege.example/", actor=taker)
    deliver_all()

    message = post.list_mails_to(CENTRE)[-1]
    assert "> Pas notre territoire. hxxps://piege[.]example/" in read_body(message)
    assert "Loin Cyber vous laisse le dossier" in message["Subject"].replace("\u00a0", " ")
    assert not post.list_mails_to(ELSEWHERE)  # the proposal was over before its mail left
    assert [delivery[2] for delivery in list_deliveries("transfer_asked")] == ["no_channel"]


@pytest.mark.parametrize("tlp", ["red", "amber+strict"])
def test_mails_of_a_transfer_name_no_fact_and_not_the_type_of_a_red_case(case_of_giver, giver, taker, post, tlp):
    Incident.objects.update(tlp=tlp)
    transfer = propose_transfer(case_of_giver, giver)
    deliver_all()
    accept_transfer(uid=transfer.uid, actor=taker)
    deliver_all()

    mails = [read_body(message) + message["Subject"] for message in post.list_mails_to(ELSEWHERE)]
    assert len(mails) == 2
    assert all(("Rançongiciel" in text) == (tlp != "red") for text in mails)
    assert not [word for word in FACTS if any(word in text for text in mails)]
    proposed, received = mails
    # The page of the case opens for its own centre alone: until it is accepted, the way is the proposal.
    assert f"/transferts/{transfer.uid}/" in proposed
    assert f"/incident/{case_of_giver.reference}/" not in proposed
    assert f"/incident/{case_of_giver.reference}/" in received


def test_the_mail_on_a_returned_red_case_names_the_centre_and_not_the_reason(case_of_giver, giver, taker, post):
    Incident.objects.update(tlp=Tlp.RED)
    transfer = propose_transfer(case_of_giver, giver)
    refuse_transfer(uid=transfer.uid, answer="Pas notre territoire.", actor=taker)
    deliver_all()

    message = post.list_mails_to(CENTRE)[-1]
    assert "Loin Cyber vous laisse le dossier" in message["Subject"].replace("\u00a0", " ")
    assert "Pas notre territoire" not in read_body(message)


def test_mails_still_due_to_the_former_centre_are_never_sent(case_of_giver, giver, taker, post):
    """They were announced before the transfer: sent after it, they would say what the case is now."""
    write(case_of_giver, "La cantine est arrêtée aussi.", "k")
    dispatch.announce_all_events()
    accept_transfer(uid=propose_transfer(case_of_giver, giver).uid, actor=taker)
    case_of_giver.story.description = "Écrit au nouveau centre."
    case_of_giver.story.save()

    deliver_all()

    assert post.list_mails_to(CENTRE) == []
    unsent = ("csirt", "breizh-cyber", DeliveryStatus.NO_CHANNEL, Trouble.NO_ADDRESS)
    assert unsent in list_deliveries("declared")
    assert unsent in list_deliveries("message")
    dispatch.replay_deliveries(status=DeliveryStatus.NO_CHANNEL)
    deliver_all()
    assert post.list_mails_to(CENTRE) == []


def test_news_after_the_transfer_goes_to_the_new_centre_at_once(case_of_giver, giver, taker, post, clock):
    """This holds even if the former centre heard of the same kind of news moments ago."""
    write(case_of_giver, "Un", "1")
    deliver_all()
    clock.shift(timedelta(minutes=1))
    accept_transfer(uid=propose_transfer(case_of_giver, giver).uid, actor=taker)
    deliver_all()
    before = len(post.list_mails_to(CENTRE))
    write(case_of_giver, "Deux", "2")
    deliver_all()

    assert len(post.list_mails_to(CENTRE)) == before
    assert "> Deux" in read_body(post.list_mails_to(ELSEWHERE)[-1])


def test_an_event_announced_after_the_transfer_causes_a_mail_to_the_new_centre(case_of_giver, giver, taker, post):
    accept_transfer(uid=propose_transfer(case_of_giver, giver).uid, actor=taker)
    deliver_all()
    assert post.list_mails_to(CENTRE) == []
    assert list_deliveries("declared")[0][:2] == ("csirt", "loin-cyber")


def test_the_middle_centre_of_two_transfers_gets_no_mail(case_of_giver, giver, taker, post):
    first = accept_transfer(uid=propose_transfer(case_of_giver, giver).uid, actor=taker)
    dispatch.announce_all_events()
    third = a_responder(create_other_centre("tiers", "Tiers"))
    accept_transfer(uid=propose_transfer(case_of_giver, taker, taker="tiers", seen=str(first.uid)).uid, actor=third)
    deliver_all()

    assert post.list_mails_to(ELSEWHERE) == post.list_mails_to(CENTRE) == []
    assert len(post.list_mails_to("garde@tiers.example")) == 1


def test_a_proposal_taken_back_before_its_mail_causes_no_mail(case_of_giver, giver, post):
    propose_transfer(case_of_giver, giver)
    dispatch.announce_all_events()
    withdraw_transfer(reference=case_of_giver.reference, actor=giver)
    deliver_all()
    assert post.list_mails_to(ELSEWHERE) == []


def test_hostile_text_is_escaped_in_the_mails_of_a_transfer(case_of_giver, giver, taker, post):
    words = " ".join([*MARKUP[:6], *TEMPLATES[:3]])[:480]
    refuse_transfer(uid=propose_transfer(case_of_giver, giver, motive=words).uid, answer=words, actor=taker)
    deliver_all()
    for message in post.received:
        harmless.check_mail(message)


# A partner


def send_advice(incident, actor, **fields):
    request = AdviceRequest(**{"partner": "cert-fr", "motive": "Même campagne.", "tlp": "green", "key": "k"} | fields)
    content = format_advice(incident, PARTNERS["cert-fr"], request)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return advise_partner(reference=incident.reference, request=replace(request, seen=digest), actor=actor)


@pytest.fixture
def green(case_of_giver: Incident) -> Incident:
    Incident.objects.update(tlp=Tlp.GREEN)
    case_of_giver.refresh_from_db()
    return case_of_giver


def test_a_partner_gets_the_file_that_was_read(green, giver, post):
    advice = send_advice(green, giver)
    deliver_all()

    [message] = post.list_mails_to(CERT)
    subject = message["Subject"].replace("\u00a0", " ")
    assert subject.startswith("[TLP:GREEN] Breizh Cyber vous informe d’un incident (")
    text, attached = message.iter_parts()
    assert advice.sha256 in text.get_content()
    assert "Même campagne" not in text.get_content()
    assert attached.get_filename() == f"{green.reference}.json"
    assert attached.get_content_type() == "application/json"
    content = attached.get_content()
    assert hashlib.sha256(content).hexdigest() == advice.sha256
    assert json.loads(content)["reference"] == green.reference
    assert not [word for word in FACTS[1:] if word in content.decode() + text.get_content()]


@pytest.mark.parametrize("tlp", [Tlp.RED, Tlp.AMBER_STRICT, Tlp.AMBER])
def test_nothing_leaves_once_the_tlp_is_narrower(green, giver, post, tlp):
    send_advice(green, giver)
    dispatch.announce_all_events()
    Incident.objects.update(tlp=tlp)
    deliver_all()
    assert post.list_mails_to(CERT) == []
    assert list_deliveries("advised") == [("partner", None, DeliveryStatus.NO_CHANNEL, Trouble.NO_ADDRESS)]


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize(("label", "narrowed"), [(Tlp.CLEAR, Tlp.GREEN), (Tlp.CLEAR, Tlp.AMBER_STRICT)])
def test_a_file_is_not_sent_once_the_case_has_a_narrower_label(green, giver, post, label, narrowed, leaves):
    """Unless the declarant agreed to this file."""
    Incident.objects.update(tlp=label)
    send_advice(green, giver, tlp=label, agreement=make_agreement(green) if leaves else NO_AGREEMENT)
    dispatch.announce_all_events()
    Incident.objects.update(tlp=narrowed)
    deliver_all()
    assert bool(post.list_mails_to(CERT)) == leaves


@pytest.mark.parametrize(("tlp", "leaves"), [(Tlp.AMBER_STRICT, True), (Tlp.RED, False)])
def test_a_file_sent_with_consent_has_the_label_of_the_message(case_of_giver, giver, post, tlp, leaves):
    send_advice(case_of_giver, giver, tlp="amber+strict", agreement=make_agreement(case_of_giver))
    dispatch.announce_all_events()
    Incident.objects.update(tlp=tlp)
    deliver_all()
    messages = post.list_mails_to(CERT)
    assert bool(messages) == leaves
    for message in messages:
        assert message["Subject"].startswith("[TLP:AMBER+STRICT]")
        assert not [word for word in FACTS[1:] if word in message.as_string()]


def test_nothing_leaves_once_the_case_is_erased(green, giver, post):
    send_advice(green, giver)
    dispatch.announce_all_events()
    erase_personal_data(reference=green.reference, actor=a_lead())
    deliver_all()
    assert post.list_mails_to(CERT) == []
    assert Advice.objects.get().content == ""


def test_a_demonstration_writes_to_no_partner(green, giver, post, monkeypatch):
    monkeypatch.setattr("accounts.transports.email.is_marked_as_demonstration", lambda: True)
    send_advice(green, giver)
    deliver_all()
    assert post.list_mails_to(CERT) == []
    assert list_deliveries("advised") == [("partner", None, DeliveryStatus.REFUSED, Trouble.DEMONSTRATION)]

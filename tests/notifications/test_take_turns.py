"""A mail that somebody waits for passes before the hundreds of mails of an act on many cases."""

import pytest
from django.utils import timezone

from accounts.enums import LinkPurpose
from accounts.models import User
from accounts.services.links import send_link
from incidents.facts.shapes import Caller
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.handling.acknowledge import acknowledge_incident
from notifications import dispatch
from notifications.models import MAX_WAITING_FOR_FIRST_TURN, Delivery
from tests.cast import a_responder, an_agent, breizh_cyber, declare

MANY = MAX_WAITING_FOR_FIRST_TURN + 5


@pytest.fixture
def breizh_responder(transactional_db: str) -> User:
    breizh_cyber()
    return a_responder()


@pytest.fixture
def crowd(breizh_responder: User) -> list[Incident]:
    """Return many cases that one responder took at once, so that a mail is due to each declarant."""
    cases = [declare() for _ in range(MANY)]
    dispatch.announce_all_events()
    Delivery.objects.all().delete()
    for case in cases:
        acknowledge_incident(reference=case.reference, actor=breizh_responder)
    dispatch.announce_all_events()
    assert Delivery.objects.due(timezone.now()).count() == MANY
    return cases


def claim_mails():
    return [
        (delivery.incident.reference, delivery.recipient) for delivery in dispatch.claim_deliveries(timezone.now())
    ]


def test_a_declaration_is_claimed_before_the_mails_of_many_cases(crowd):
    incident = declare()
    dispatch.announce_all_events()

    first = claim_mails()

    assert first[0] == (incident.reference, "csirt")
    assert (incident.reference, "declarant") in first
    assert len(first) == 1 + 2


def test_mails_of_many_declarations_are_not_claimed_before_those_of_an_earlier_one(transactional_db):
    """Not even those of which one mail is due, because the declarant gave no address."""
    breizh_cyber()
    real = declare()
    for _ in range(MANY):
        declare(caller=Caller(phone="02 99 00 00 00"))
    dispatch.announce_all_events()

    assert claim_mails()[0] == (real.reference, "csirt")


def test_a_case_with_many_mails_does_not_delay_a_declaration(breizh_responder):
    crowded = declare()
    dispatch.announce_all_events()
    for number in range(2 * dispatch.MAX_MESSAGES_A_CASE):
        letter = Letter(text="Débranchez le serveur.", key=str(number), asks_answer=False)
        write_to_declarant(reference=crowded.reference, actor=breizh_responder, letter=letter)
    real = declare()
    dispatch.announce_all_events()

    first = claim_mails()

    assert sum(reference == crowded.reference for reference, _recipient in first) == dispatch.MAX_MESSAGES_A_CASE
    assert (real.reference, "csirt") in first


def test_a_second_declaration_of_an_account_does_not_wait_for_the_mails_of_the_first(transactional_db):
    breizh_cyber()
    agents = [an_agent() for _ in range(5)]
    _first, second = (declare(actor=agents[0]) for _ in range(2))
    dispatch.announce_all_events()

    claims = [claim_mails() for _ in range(2)]

    assert (second.reference, "csirt") in claims[-1]


def test_a_recipient_has_the_older_mail_of_a_case_first(breizh_responder):
    """This holds for a case that an account declared, and for one among many that were taken."""
    incident = declare(actor=an_agent())
    other_cases = [declare() for _ in range(3)]
    for case in [*other_cases, incident]:
        acknowledge_incident(reference=case.reference, actor=breizh_responder)
    letter = Letter(text="Débranchez le serveur.", key="answer", asks_answer=False)
    write_to_declarant(reference=incident.reference, actor=breizh_responder, letter=letter)
    dispatch.announce_all_events()

    kinds = []
    while claim := dispatch.claim_deliveries(timezone.now()):
        kinds += [
            delivery.event.kind
            for delivery in claim
            if (delivery.incident, delivery.recipient) == (incident, "declarant")
        ]

    assert kinds == ["declared", "acknowledged", "message"]


def test_an_answer_of_the_same_responder_is_sent_before_the_mails_of_many_cases(crowd, breizh_responder):
    letter = Letter(text="Débranchez le serveur.", key="answer", asks_answer=False)
    write_to_declarant(reference=crowd[-1].reference, actor=breizh_responder, letter=letter)
    dispatch.announce_all_events()

    kinds = [delivery.event.kind for delivery in dispatch.claim_deliveries(timezone.now())]

    assert "message" in kinds


def test_all_mails_of_a_crowd_are_sent_in_one_run(crowd, post):
    assert dispatch.send_due_deliveries() == MANY
    assert len(post.received) == MANY


def test_mails_created_during_a_run_are_sent_before_its_end(crowd, post, monkeypatch):
    """After one message, a new case is announced and mailed, and the link of an account is sent."""
    deliver, agent, order = dispatch.send_claimed_deliveries, an_agent(), []

    def send_and_declare(rows, mailer):
        count = deliver(rows, mailer)
        order.extend(row.event.kind for row in rows)
        if len(order) == 1:
            declare()
            send_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
        return count

    monkeypatch.setattr(dispatch, "send_claimed_deliveries", send_and_declare)
    dispatch.send_due_deliveries()

    assert order[1] == "declared"
    assert [message.went_to for message in post.received].index([agent.email]) == 1

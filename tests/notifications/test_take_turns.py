"""A mail that somebody waits for passes before the hundreds of mails of an act on many cases."""

import pytest
from django.utils import timezone

from accounts.enums import LinkPurpose
from accounts.services.links import send_link
from incidents.services.correspond import Letter, write_to_declarant
from incidents.services.triage import acknowledge_incident
from notifications import dispatch
from notifications.models import Delivery
from tests.cast import a_responder, an_agent, breizh_cyber, declare

MANY = 15


@pytest.fixture
def responder(transactional_db):
    breizh_cyber()
    return a_responder()


@pytest.fixture
def crowd(responder):
    """One responder took many cases at once: each declarant is about to be told."""
    cases = [declare() for _ in range(MANY)]
    dispatch.announce_events()
    Delivery.objects.all().delete()
    for case in cases:
        acknowledge_incident(reference=case.reference, actor=responder)
    dispatch.announce_events()
    assert Delivery.objects.due(timezone.now()).count() == MANY
    return cases


def claimed():
    return [(one.incident.reference, one.recipient) for one in dispatch.claim(timezone.now())]


def test_it_works(crowd):
    incident = declare()
    dispatch.announce_events()

    first = claimed()

    assert first[0] == (incident.reference, "csirt")
    assert (incident.reference, "declarant") in first
    assert len(first) == 1 + 2


def test_an_answer_of_the_same_person_passes_too(crowd, responder):
    letter = Letter(text="Débranchez le serveur.", key="answer", asks_answer=False)
    write_to_declarant(reference=crowd[-1].reference, actor=responder, letter=letter)
    dispatch.announce_events()

    kinds = [one.event.kind for one in dispatch.claim(timezone.now())]

    assert "message" in kinds


def test_all_are_sent_in_the_end(crowd, post):
    assert dispatch.deliver_due() == MANY
    assert len(post.received) == MANY


def test_what_comes_meanwhile_does_not_wait_for_the_round(crowd, post, monkeypatch):
    """After one message: a new case is announced and told, and the link of an account is sent."""
    deliver, agent, order = dispatch.deliver, an_agent(), []

    def something_happens(rows, mailer):
        sent = deliver(rows, mailer)
        order.extend(row.event.kind for row in rows)
        if len(order) == 1:
            declare()
            send_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
        return sent

    monkeypatch.setattr(dispatch, "deliver", something_happens)
    dispatch.deliver_due()

    assert order[1] == "declared"
    assert [message.went_to for message in post.received].index([agent.email]) == 1

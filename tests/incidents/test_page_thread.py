"""A thread of thousands of messages: the page of the case shows the latest, and any other is reached from it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.enums import ClosingReason
from incidents.models import Incident
from incidents.services.correspondence.correspond import MESSAGES_SHOWN
from incidents.services.handling.due import ANSWER_FIELDS
from incidents.services.handling.triage import close_incident
from incidents.services.history.erase import erase_personal_data
from tests.cast import a_lead, declare
from tests.incidents.devices import case, opened, send
from tests.incidents.devices import page as page_of
from tests.incidents.threads import talk
from tests.reading import link_to, text

pytestmark = pytest.mark.django_db


def shown_on(page):
    return [message.text for message in page.context["stretch"].messages]


def test_it_works(client, responder):
    incident = declare()
    talk(incident, 5000)
    first = client.get(case(incident))
    assert "Message 4999." in text(first)
    assert "Message 4799." not in text(first)
    assert "Voir les messages précédents" in text(first)

    page = client.get(case(incident, "messages") + f"?avant={first.context['thread']['before']}")
    met = shown_on(page)
    while address := link_to(page, "prev"):
        page = client.get(case(incident, "messages") + address)
        met = shown_on(page) + met
    assert met == [f"Message {each}." for each in range(4800)]
    back = []
    while address := link_to(page, "next"):
        page = client.get(case(incident, "messages") + address)
        back += shown_on(page)
    assert back == [f"Message {each}." for each in range(200, 5000)]


def test_the_declarant_reaches_the_oldest_too(responder):
    incident = declare()
    device = opened(incident)
    talk(incident, 201)
    first = device.get(page_of(incident)).content.decode()
    assert "Voir les messages précédents" in first
    address = re.search(r'href="([^"]*/messages/[^"]*)"', first)[1]
    oldest = device.get(address)
    assert shown_on(oldest) == ["Message 0."]
    assert link_to(oldest, "prev") is None
    assert len(shown_on(device.get(page_of(incident, "messages") + link_to(oldest, "next")))) == 200
    assert shown_on(device.get(page_of(incident, "messages") + "?avant=x"))[-1] == "Message 200."


def test_it_costs_the_same_with_two_and_with_thousands(client, responder):
    costs = []
    for number in (2, 3000):
        incident = declare()
        talk(incident, number)
        client.get(case(incident, "messages"))
        with CaptureQueriesContext(connection) as queries:
            assert len(shown_on(client.get(case(incident, "messages")))) == min(number, MESSAGES_SHOWN)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 10, costs


@pytest.mark.parametrize("query", ["avant=x", "apres=x", "avant=", "avant=00000000-0000-4000-8000-000000000000"])
def test_an_altered_link_starts_from_the_latest(client, responder, query):
    incident, other = declare(), declare()
    talk(incident, 3)
    talk(other, 1)
    assert len(shown_on(client.get(case(incident, "messages") + f"?{query}"))) == 3
    theirs = f"?avant={other.messages.get().uid}"
    assert len(shown_on(client.get(case(incident, "messages") + theirs))) == 3


def test_a_short_thread_has_no_such_link_and_an_erased_one_no_words(client, responder):
    incident = declare()
    talk(incident, 3)
    assert "messages précédents" not in text(client.get(case(incident)))
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert "Mots effacés." in text(client.get(case(incident, "messages")))


def test_an_answer_of_the_declarant_asks_for_one_again(client, responder):
    incident = declare()
    client.post(case(incident, "prendre"))
    client.post(case(incident, "message"), {"text": "Qui vous héberge ?", "key": "r", "asks_answer": "on"})
    waits = Incident.objects.get()
    assert waits.awaited_since
    assert waits.answer_by is None
    marks = {case(incident): "<span>attend une réponse", case(incident, "messages"): "· attend une réponse"}
    for shown, mark in marks.items():
        assert mark in client.get(shown).content.decode()
    send(opened(incident), incident, "Exemple SAS.")
    answered = Incident.objects.get()
    assert (answered.awaited_since, answered.due_for, answered.due_at) == (None, "answer", answered.answer_by)
    assert "answer_by" in ANSWER_FIELDS
    for shown, mark in marks.items():
        assert mark not in client.get(shown).content.decode()


def test_only_the_question_that_is_still_open_awaits_an_answer(client, responder):
    incident = declare()
    client.post(case(incident, "prendre"))
    client.post(case(incident, "message"), {"text": "Qui vous héberge ?", "key": "a", "asks_answer": "on"})
    client.post(case(incident, "note"), {"kind": "call_in", "text": "Exemple SAS.", "key": "n"})
    client.post(case(incident, "message"), {"text": "Depuis quand ?", "key": "b", "asks_answer": "on"})
    marks = {case(incident): "<span>attend une réponse", case(incident, "messages"): "· attend une réponse"}
    for shown, mark in marks.items():
        assert client.get(shown).content.decode().count(mark) == 1
    close_incident(reference=incident.reference, reason=ClosingReason.HANDED_OVER, actor=responder)
    for shown, mark in marks.items():
        assert mark not in client.get(shown).content.decode()


@pytest.mark.parametrize(("number", "said"), [(200, "200"), (201, "200+")])
def test_the_number_of_messages_is_never_told_smaller_than_it_is(client, responder, number, said):
    incident = declare()
    talk(incident, number)
    page = text(client.get(case(incident)))
    assert f"Échanges {said} " in page
    assert ("Voir les messages précédents" in page) == (number > MESSAGES_SHOWN)

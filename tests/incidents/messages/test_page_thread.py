"""Of thousands of messages the page of the case shows the latest; links lead to all the others."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.enums import ClosingReason
from incidents.models import Incident
from incidents.services.correspondence.correspond import MAX_MESSAGES_SHOWN
from incidents.services.handling.close import close_incident
from incidents.services.handling.due import ANSWER_FIELDS
from incidents.services.handling.erase import erase_personal_data
from tests.cast import a_lead, declare
from tests.incidents.devices import follow_up_url, open_by_link, send
from tests.incidents.threads import add_messages
from tests.incidents.triage_pages import case_url
from tests.reading import find_link, read_text

pytestmark = pytest.mark.django_db


def list_shown_texts(page):
    return [message.text for message in page.context["thread_page"].messages]


def test_a_responder_pages_through_five_thousand_messages(client, responder):
    incident = declare()
    add_messages(incident, 5000)
    first = client.get(case_url(incident))
    assert "Message 4999." in read_text(first)
    assert "Message 4799." not in read_text(first)
    assert "Voir les messages précédents" in read_text(first)

    page = client.get(case_url(incident, "messages") + f"?avant={first.context['thread']['before']}")
    earlier = list_shown_texts(page)
    while address := find_link(page, "prev"):
        page = client.get(case_url(incident, "messages") + address)
        earlier = list_shown_texts(page) + earlier
    assert earlier == [f"Message {number}." for number in range(4800)]
    later = []
    while address := find_link(page, "next"):
        page = client.get(case_url(incident, "messages") + address)
        later += list_shown_texts(page)
    assert later == [f"Message {number}." for number in range(200, 5000)]


def test_a_declarant_pages_back_to_the_oldest_message(responder):
    incident = declare()
    device = open_by_link(incident)
    add_messages(incident, 401)
    first = device.get(follow_up_url(incident)).content.decode()
    assert "Voir les messages précédents" in first
    address = re.search(r'href="([^"]*/messages/[^"]*)"', first)[1]
    middle = device.get(address)
    oldest = device.get(follow_up_url(incident, "messages") + find_link(middle, "prev"))
    assert list_shown_texts(oldest) == ["Message 0."]
    assert find_link(oldest, "prev") is None
    assert len(list_shown_texts(device.get(follow_up_url(incident, "messages") + find_link(oldest, "next")))) == 200
    assert list_shown_texts(device.get(follow_up_url(incident, "messages") + "?avant=x"))[-1] == "Message 400."


def test_a_page_of_messages_costs_the_same_with_two_and_with_thousands(client, responder):
    costs = []
    for number in (2, 3000):
        incident = declare()
        add_messages(incident, number)
        client.get(case_url(incident, "messages"))
        with CaptureQueriesContext(connection) as queries:
            assert len(list_shown_texts(client.get(case_url(incident, "messages")))) == min(number, MAX_MESSAGES_SHOWN)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 10, costs


@pytest.mark.parametrize("query", ["avant=x", "apres=x", "avant=", "avant=00000000-0000-4000-8000-000000000000"])
def test_an_altered_link_shows_the_latest_messages(client, responder, query):
    incident, other = declare(), declare()
    add_messages(incident, 3)
    add_messages(other, 1)
    assert len(list_shown_texts(client.get(case_url(incident, "messages") + f"?{query}"))) == 3
    foreign_link = f"?avant={other.messages.get().uid}"
    assert len(list_shown_texts(client.get(case_url(incident, "messages") + foreign_link))) == 3


def test_a_short_thread_has_no_link_to_more_and_an_erased_one_no_text(client, responder):
    incident = declare()
    add_messages(incident, 3)
    assert "messages précédents" not in read_text(client.get(case_url(incident)))
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert "Mots effacés." in read_text(client.get(case_url(incident, "messages")))


def test_an_answer_of_the_declarant_sets_a_deadline_for_the_centre(client, responder):
    incident = declare()
    client.post(case_url(incident, "prendre"))
    client.post(case_url(incident, "message"), {"text": "Qui vous héberge ?", "key": "r", "asks_answer": "on"})
    waiting = Incident.objects.get()
    assert waiting.awaited_since
    assert waiting.answer_by is None
    marks = {case_url(incident): "<span>attend une réponse", case_url(incident, "messages"): "· attend une réponse"}
    for address, mark in marks.items():
        assert mark in client.get(address).content.decode()
    send(open_by_link(incident), incident, "Exemple SAS.")
    answered = Incident.objects.get()
    assert (answered.awaited_since, answered.due_for, answered.due_at) == (None, "answer", answered.answer_by)
    assert "answer_by" in ANSWER_FIELDS
    for address, mark in marks.items():
        assert mark not in client.get(address).content.decode()


def test_only_an_open_question_is_marked_as_awaiting_an_answer(client, responder):
    incident = declare()
    client.post(case_url(incident, "prendre"))
    client.post(case_url(incident, "message"), {"text": "Qui vous héberge ?", "key": "a", "asks_answer": "on"})
    client.post(case_url(incident, "note"), {"kind": "call_in", "text": "Exemple SAS.", "key": "n"})
    client.post(case_url(incident, "message"), {"text": "Depuis quand ?", "key": "b", "asks_answer": "on"})
    marks = {case_url(incident): "<span>attend une réponse", case_url(incident, "messages"): "· attend une réponse"}
    for address, mark in marks.items():
        assert client.get(address).content.decode().count(mark) == 1
    close_incident(reference=incident.reference, reason=ClosingReason.HANDED_OVER, handed_to="la DSI", actor=responder)
    for address, mark in marks.items():
        assert mark not in client.get(address).content.decode()


@pytest.mark.parametrize(("number", "label"), [(200, "200"), (201, "200+")])
def test_more_messages_than_counted_are_shown_with_a_plus(client, responder, number, label):
    incident = declare()
    add_messages(incident, number)
    page = read_text(client.get(case_url(incident)))
    assert f"Échanges {label} " in page
    assert ("Voir les messages précédents" in page) == (number > MAX_MESSAGES_SHOWN)

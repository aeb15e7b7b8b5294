"""Whoever writes to a declarant sees first what came since, and who writes too; then sends again, or edits."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from incidents.access import Guest
from incidents.models import Message
from incidents.services.correspondence.correspond import (
    NO_MESSAGE,
    Letter,
    SeenThread,
    ThreadMoved,
    write_to_csirt,
    write_to_declarant,
    write_with_doubles,
)
from incidents.services.handling.keep import WRITING_FOR
from tests.cast import declare
from tests.incidents.desk import taken_by, url
from tests.incidents.transferring import as_person
from tests.reading import text_of

pytestmark = pytest.mark.django_db
FIRST, SECOND = "Débranchez le serveur de fichiers.", "Ne débranchez rien avant notre appel."
JSON = {"accept": "application/json"}


@pytest.fixture
def case(responder):
    return taken_by(responder, declare())


def reply_on(answer):
    """The fields of the reply form, as the page holds them."""
    tree = LexborHTMLParser(answer.content.decode())
    fields = tree.css("[data-form=reponse] input[type=hidden], [data-form=reponse] textarea")
    return {one.attributes["name"]: one.attributes.get("value") or one.text() or "" for one in fields}


def send(client, case, fields, text):
    return client.post(url(case, "message"), fields | {"reponse-text": text})


def type_reply(client, case, text=FIRST):
    return client.post(url(case, "garder"), {"reponse-text": text, "stylo": "b", "trait": "1"}, headers=JSON)


def declarant_writes(case, text="Le serveur redémarre seul."):
    guest = Guest(access_uid=case.accesses.get().uid)
    return write_to_csirt(reference=case.reference, guest=guest, letter=Letter(text=text, key=text))


def test_it_works(client, case, colleague):
    """Two pages opened at one time: the second hears of the first message before its own leaves."""
    theirs = as_person(colleague)
    mine, other = reply_on(client.get(url(case))), reply_on(theirs.get(url(case)))
    assert send(theirs, case, other, FIRST).status_code == 302

    told = send(client, case, mine, SECOND)

    assert told.status_code == 409
    shown = text_of(told)
    assert "Pas encore envoyé. 1 message est arrivé depuis que vous avez ouvert la page." in shown
    assert "Envoyer quand même" in shown
    fields = reply_on(told)
    assert fields["reponse-text"].strip() == SECOND
    assert [message.text for message in told.context["thread"]["moved"]["came"]] == [FIRST]
    assert list(Message.objects.values_list("text", flat=True)) == [FIRST]

    assert send(client, case, fields, SECOND).status_code == 302
    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == [FIRST, SECOND]


def test_what_the_declarant_wrote_since_is_read_first(client, case):
    mine = reply_on(client.get(url(case)))
    declarant_writes(case)
    told = send(client, case, mine, SECOND)
    assert told.status_code == 409
    assert "Le serveur redémarre seul." in text_of(told)
    assert send(client, case, reply_on(told), SECOND).status_code == 302


def test_a_colleague_who_is_writing_is_named_and_what_they_write_is_not_shown(client, case, colleague):
    theirs = as_person(colleague)
    theirs.get(url(case))
    type_reply(theirs, case)
    page = client.get(url(case))
    assert f"{colleague} écrit aussi au déclarant." in text_of(page)
    assert FIRST not in text_of(page)
    told = client.post(url(case, "presence"), {"seen": ""}).json()
    assert told["writing"] == [str(colleague)]

    asked = send(client, case, reply_on(page), SECOND)
    assert asked.status_code == 409
    assert f"Pas encore envoyé. {colleague} écrit aussi au déclarant en ce moment." in text_of(asked)
    assert not Message.objects.exists()
    assert send(client, case, reply_on(asked), SECOND).status_code == 302


def test_whoever_stopped_writing_stops_nobody(client, case, colleague):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        type_reply(as_person(colleague), case)
    with time_machine.travel(now + WRITING_FOR + timedelta(seconds=1), tick=False):
        client.force_login(case.assignee)
        assert send(client, case, reply_on(client.get(url(case))), SECOND).status_code == 302


def test_whoever_emptied_their_reply_stops_nobody(client, case, colleague):
    theirs = as_person(colleague)
    type_reply(theirs, case)
    type_reply(theirs, case, "")
    assert send(client, case, reply_on(client.get(url(case))), SECOND).status_code == 302


def test_ones_own_words_stop_nobody(client, case):
    type_reply(client, case, SECOND)
    assert send(client, case, reply_on(client.get(url(case))), SECOND).status_code == 302


def test_words_that_came_back_are_sent_from_the_page_that_shows_all(client, case):
    """What was typed before a message came: the page that gives it back shows the message too."""
    page = client.get(url(case))
    client.post(url(case, "garder"), reply_on(page) | {"reponse-text": SECOND}, headers=JSON)
    declarant_writes(case)
    back = reply_on(client.get(url(case)))
    assert back["reponse-text"].strip() == SECOND
    assert send(client, case, back, SECOND).status_code == 302


def test_a_second_click_sends_nothing_and_asks_nothing(client, case):
    mine = reply_on(client.get(url(case)))
    assert [send(client, case, mine, FIRST).status_code for _click in range(2)] == [302, 302]
    assert Message.objects.count() == 1


def test_another_message_meanwhile_is_told_again(client, case):
    mine = reply_on(client.get(url(case)))
    declarant_writes(case)
    told = send(client, case, mine, SECOND)
    declarant_writes(case, "Il s’est arrêté.")
    again = send(client, case, reply_on(told), SECOND)
    assert again.status_code == 409
    assert [message.text for message in again.context["thread"]["moved"]["came"]] == ["Il s’est arrêté."]


def test_a_writer_without_a_page_is_not_asked(case, colleague):
    declarant_writes(case)
    assert write_to_declarant(reference=case.reference, actor=colleague, letter=Letter(text=FIRST, key="k"))


@pytest.mark.parametrize("write", [write_to_declarant, write_with_doubles])
def test_nothing_is_left_of_what_was_not_sent(case, write):
    declarant_writes(case)
    before = case.events.count()
    with pytest.raises(ThreadMoved):
        write(
            reference=case.reference,
            actor=case.assignee,
            letter=Letter(text=SECOND, key="k"),
            seen=SeenThread(newest=NO_MESSAGE),
        )
    assert (case.events.count(), Message.objects.count()) == (before, 1)

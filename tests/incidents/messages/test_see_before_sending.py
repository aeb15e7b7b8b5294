"""A responder who replies first sees newer messages and who else is writing, then sends again or edits."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from incidents.access import CaseVisitor
from incidents.models import Message
from incidents.services.correspondence.correspond import (
    NO_MESSAGE,
    Letter,
    SeenThread,
    ThreadChanged,
    write_to_case_and_duplicates,
    write_to_csirt,
    write_to_declarant,
)
from incidents.services.handling.readings import PRESENT_FOR
from incidents.services.handling.unsent_text import WRITING_FOR
from tests.incidents.devices import sign_in_as
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
FIRST, SECOND = "Débranchez le serveur de fichiers.", "Ne débranchez rien avant notre appel."
JSON = {"accept": "application/json"}


def get_reply_fields(answer):
    """Return the fields of the reply form with their values on the page."""
    tree = LexborHTMLParser(answer.content.decode())
    fields = tree.css("[data-form=reponse] input[type=hidden], [data-form=reponse] textarea")
    return {field.attributes["name"]: field.attributes.get("value") or field.text() or "" for field in fields}


def send_reply(client, case, fields, text):
    return client.post(case_url(case, "message"), fields | {"reponse-text": text})


def type_reply(client, case, text=FIRST):
    return client.post(case_url(case, "garder"), {"reponse-text": text, "stylo": "b", "trait": "1"}, headers=JSON)


def start_reply(person, case):
    """Open the page of the case as this person and type a reply. Returns the client, which still has the page open."""
    client = sign_in_as(person)
    client.get(case_url(case))
    type_reply(client, case)
    return client


def list_writers(client, case):
    return client.post(case_url(case, "presence"), {"seen": ""}).json()["writing"]


def write_as_declarant(case, text="Le serveur redémarre seul."):
    visitor = CaseVisitor(access_uid=case.accesses.get().uid)
    return write_to_csirt(reference=case.reference, visitor=visitor, letter=Letter(text=text, key=text))


def test_a_reply_waits_until_a_newer_message_was_read(client, case, colleague):
    """Two pages are opened at the same time: the second shows the message of the first before it sends its own."""
    colleague_client = sign_in_as(colleague)
    reply, colleague_reply = (
        get_reply_fields(client.get(case_url(case))),
        get_reply_fields(colleague_client.get(case_url(case))),
    )
    assert send_reply(colleague_client, case, colleague_reply, FIRST).status_code == 302

    answer = send_reply(client, case, reply, SECOND)

    assert answer.status_code == 409
    page = read_markup(answer)
    assert "Pas encore envoyé. 1 message est arrivé depuis que vous avez ouvert la page." in page
    assert "Envoyer quand même" in page
    fields = get_reply_fields(answer)
    assert fields["reponse-text"].strip() == SECOND
    assert [message.text for message in answer.context["thread"]["moved"]["came"]] == [FIRST]
    assert list(Message.objects.values_list("text", flat=True)) == [FIRST]

    assert send_reply(client, case, fields, SECOND).status_code == 302
    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == [FIRST, SECOND]


def test_a_reply_waits_until_a_new_message_of_the_declarant_was_read(client, case):
    reply = get_reply_fields(client.get(case_url(case)))
    write_as_declarant(case)
    answer = send_reply(client, case, reply, SECOND)
    assert answer.status_code == 409
    assert "Le serveur redémarre seul." in read_markup(answer)
    assert send_reply(client, case, get_reply_fields(answer), SECOND).status_code == 302


def test_a_reply_waits_while_a_colleague_is_writing_whose_draft_stays_hidden(client, case, colleague):
    colleague_client = sign_in_as(colleague)
    colleague_client.get(case_url(case))
    type_reply(colleague_client, case)
    page = client.get(case_url(case))
    assert f"{colleague} écrit aussi au déclarant." in read_markup(page)
    assert FIRST not in read_markup(page)
    presence = client.post(case_url(case, "presence"), {"seen": ""}).json()
    assert presence["writing"] == [str(colleague)]

    answer = send_reply(client, case, get_reply_fields(page), SECOND)
    assert answer.status_code == 409
    assert f"Pas encore envoyé. {colleague} écrit aussi au déclarant en ce moment." in read_markup(answer)
    assert not Message.objects.exists()
    assert send_reply(client, case, get_reply_fields(answer), SECOND).status_code == 302


def test_a_colleague_who_stopped_writing_holds_back_no_reply(client, case, colleague):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        start_reply(colleague, case)
    with time_machine.travel(now + WRITING_FOR + timedelta(seconds=1), tick=False):
        client.force_login(case.assignee)
        assert send_reply(client, case, get_reply_fields(client.get(case_url(case))), SECOND).status_code == 302


def test_a_colleague_whose_page_was_left_is_no_longer_writing(client, case, colleague):
    colleague_client = start_reply(colleague, case)
    assert list_writers(client, case) == [str(colleague)]
    colleague_client.post(case_url(case, "presence"), {"left": "1"})
    assert list_writers(client, case) == []
    list_writers(colleague_client, case)
    assert list_writers(client, case) == [str(colleague)], "another page with these words is still open"


def test_a_colleague_whose_page_reports_no_more_is_no_longer_writing(client, case, colleague):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        start_reply(colleague, case)
    with time_machine.travel(now + PRESENT_FOR + timedelta(seconds=1), tick=False):
        assert list_writers(client, case) == []


def test_a_colleague_who_sent_their_reply_is_no_longer_writing(client, case, colleague):
    colleague_client = start_reply(colleague, case)
    fields = get_reply_fields(colleague_client.get(case_url(case)))
    assert send_reply(colleague_client, case, fields | {"stylo": "b", "trait": "2"}, FIRST).status_code == 302
    assert list_writers(client, case) == []


def test_a_colleague_who_emptied_their_draft_holds_back_no_reply(client, case, colleague):
    colleague_client = sign_in_as(colleague)
    type_reply(colleague_client, case)
    type_reply(colleague_client, case, "")
    assert send_reply(client, case, get_reply_fields(client.get(case_url(case))), SECOND).status_code == 302


def test_a_reply_is_not_held_back_by_its_own_draft(client, case):
    type_reply(client, case, SECOND)
    assert send_reply(client, case, get_reply_fields(client.get(case_url(case))), SECOND).status_code == 302


def test_a_restored_draft_is_sent_from_the_page_that_shows_the_new_message(client, case):
    """The words were typed before a message came, and the page that gives them back shows that message."""
    page = client.get(case_url(case))
    client.post(case_url(case, "garder"), get_reply_fields(page) | {"reponse-text": SECOND}, headers=JSON)
    write_as_declarant(case)
    reply = get_reply_fields(client.get(case_url(case)))
    assert reply["reponse-text"].strip() == SECOND
    assert send_reply(client, case, reply, SECOND).status_code == 302


def test_closing_says_that_a_begun_reply_is_not_sent(client, case):
    begun = "Un message commencé n’est pas envoyé."
    assert begun not in read_markup(client.get(case_url(case)))
    assert begun not in read_markup(client.get(case_url(case, "cloture")))
    type_reply(client, case, SECOND)
    for address in (case_url(case), case_url(case, "cloture")):
        page = read_markup(client.get(address))
        assert page.index(begun) < page.index("Clore le dossier</button>"), address
    closed = client.post(case_url(case, "clore"), {"raison": "not_an_incident"}, follow=True)
    assert "Le message que vous aviez commencé n’est pas envoyé" in read_markup(closed)
    assert SECOND in read_markup(closed)


def test_closing_says_that_a_colleague_is_writing(client, case, colleague):
    start_reply(colleague, case)
    client.force_login(case.assignee)
    for address in (case_url(case), case_url(case, "cloture")):
        page = read_markup(client.get(address))
        sentence = f"{colleague} écrit aussi au déclarant."
        assert page.index(sentence) < page.index("Clore le dossier</button>"), address
    assert "Un message commencé" not in read_markup(client.get(case_url(case, "cloture")))


def test_a_double_click_sends_one_reply_without_a_question(client, case):
    reply = get_reply_fields(client.get(case_url(case)))
    assert [send_reply(client, case, reply, FIRST).status_code for _click in range(2)] == [302, 302]
    assert Message.objects.count() == 1


def test_a_second_new_message_holds_back_the_reply_again(client, case):
    reply = get_reply_fields(client.get(case_url(case)))
    write_as_declarant(case)
    answer = send_reply(client, case, reply, SECOND)
    write_as_declarant(case, "Il s’est arrêté.")
    again = send_reply(client, case, get_reply_fields(answer), SECOND)
    assert again.status_code == 409
    assert [message.text for message in again.context["thread"]["moved"]["came"]] == ["Il s’est arrêté."]


def test_a_reply_sent_without_a_page_is_not_held_back(case, colleague):
    write_as_declarant(case)
    assert write_to_declarant(reference=case.reference, actor=colleague, letter=Letter(text=FIRST, key="k"))


@pytest.mark.parametrize("write", [write_to_declarant, write_to_case_and_duplicates])
def test_a_reply_held_back_leaves_no_event_and_no_message(case, write):
    write_as_declarant(case)
    before = case.events.count()
    with pytest.raises(ThreadChanged):
        write(
            reference=case.reference,
            actor=case.assignee,
            letter=Letter(text=SECOND, key="k"),
            seen=SeenThread(newest=NO_MESSAGE),
        )
    assert (case.events.count(), Message.objects.count()) == (before, 1)

"""The thread: the declarant, a colleague and the CSIRT write; each reads the other, and nobody else does."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.utils.html import escape

from csirts.models import Csirt
from incidents.models import Incident, IncidentEvent, Message
from incidents.services.correspondence.correspond import (
    CSIRT,
    DECLARANT,
    TEXT_LIMIT,
    Letter,
    write_to_csirt,
    write_to_declarant,
)
from incidents.services.declarant.access import rotate_access_by_responder
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from tests import harmless
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.hostile import MARKUP
from tests.incidents.devices import QUEUE, follow_up_url, get_visitor, open_by_link, send, sign_in_as
from tests.incidents.merging import merge
from tests.incidents.triage_pages import case_url
from tests.mornings import make_next_morning
from tests.reading import read_markup, read_text


def reply(client, incident, words="Avec quel logiciel ?", **more):
    return client.post(case_url(incident, "message"), {"text": words, "key": "r"} | more)


def test_the_declarant_and_the_centre_write_to_each_other(incident):
    declarant, responder = open_by_link(incident), a_responder()
    camille = sign_in_as(responder)

    assert send(declarant, incident)["Location"] == follow_up_url(incident) + "#echanges"
    incident.refresh_from_db()
    assert incident.declarant_wrote_at
    assert "La cantine est arrêtée aussi." in read_text(camille.get(case_url(incident)))
    assert reply(camille, incident, asks_answer="on").status_code == 302
    confirmation = read_text(camille.get(case_url(incident)))
    assert "Message envoyé. Le déclarant peut le lire" in confirmation  # whether they read it is not known

    content = read_text(declarant.get(follow_up_url(incident)))
    assert "Avec quel logiciel ?" in content
    assert f"{responder.display_name}, Breizh Cyber" in content
    assert "Breizh Cyber attend une réponse de vous" in content
    first, second = Message.objects.order_by("id")
    events = incident.events.filter(kind="message").order_by("id")
    assert [event.data for event in events] == [
        {"message": str(first.uid), "side": DECLARANT},
        {"message": str(second.uid), "side": CSIRT},
    ]
    assert (first.author, first.actor_kind, second.actor) == ("Dominique", "declarant", responder)


def test_the_form_names_the_centre_and_says_whether_it_awaits_an_answer(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    assert "<summary>Écrire à Breizh Cyber</summary>" in declarant.get(follow_up_url(incident)).content.decode()
    reply(camille, incident, asks_answer="on")
    assert "<summary>Répondre à Breizh Cyber</summary>" in declarant.get(follow_up_url(incident)).content.decode()


def test_the_form_is_signed_with_the_last_name_used_on_the_device(incident):
    declarant = open_by_link(incident)
    assert 'value="Dominique' not in declarant.get(follow_up_url(incident)).content.decode()
    send(declarant, incident, author="Alix, accueil")
    for address in (
        follow_up_url(incident),
        follow_up_url(incident, "retirer"),
        follow_up_url(incident, "completer", "recit"),
    ):
        assert "Alix, accueil" in declarant.get(address).content.decode(), address
    assert "Alix, accueil" not in open_by_link(incident).get(follow_up_url(incident, "retirer")).content.decode()


def test_the_latest_message_is_shown_and_earlier_ones_are_folded(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    for number in range(3):
        send(declarant, incident, f"Numéro {number}", key=str(number))
    content = declarant.get(follow_up_url(incident)).content.decode()
    folded = content.index("Les 2 messages d’avant")
    assert folded < content.index("Numéro 0") < content.index("</details>", folded) < content.index("Numéro 2")
    assert '<details class="screen" id="ecrire">' in content
    reply(camille, incident, asks_answer="on")
    assert '<details class="screen" id="ecrire" open>' in declarant.get(follow_up_url(incident)).content.decode()
    refused = send(declarant, incident, "")
    assert '<details class="screen" id="ecrire" open>' in refused.content.decode()


def test_an_answer_of_the_declarant_ends_the_wait_of_the_centre(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    reply(camille, incident, asks_answer="on")
    assert "En attente de vous" in read_text(declarant.get(follow_up_url(incident)))
    send(declarant, incident, "Je ne sais pas.")
    assert "En attente de vous" not in read_text(declarant.get(follow_up_url(incident)))


def test_a_question_stays_open_when_the_centre_writes_again_without_asking(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    reply(camille, incident, asks_answer="on")
    asked_at = Incident.objects.get().awaited_since
    assert "attend déjà la réponse du déclarant" in read_text(camille.get(case_url(incident)))
    reply(camille, incident, "Merci pour votre appel, nous regardons.")
    content = read_text(camille.get(case_url(incident)))
    assert "La question posée avant attend toujours sa réponse." in content
    assert "Nous attendons le déclarant" in content
    assert "attend le déclarant" in read_text(camille.get(QUEUE))
    seen = declarant.get(follow_up_url(incident))
    assert "Breizh Cyber attend une réponse de vous" in read_text(seen)
    assert seen.context["earlier"] == []
    assert read_markup(seen).index('id="question"') < read_markup(seen).index("Merci pour votre appel")
    assert Incident.objects.get().awaited_since == asked_at


def test_two_questions_wait_together_for_one_answer(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    reply(camille, incident, asks_answer="on")
    reply(camille, incident, "Depuis quand ?", asks_answer="on")
    content = read_text(declarant.get(follow_up_url(incident)))
    assert "vous a posé des questions dans 2 messages" in content
    assert content.count("Attend votre réponse") == 2
    send(declarant, incident, "Exemple, depuis mardi.")
    assert "En attente de vous" not in read_text(declarant.get(follow_up_url(incident)))


def test_a_merge_keeps_a_question_that_is_newer_than_the_message_of_the_duplicate(incident):
    responder, duplicate = a_responder(), declare()
    declarant, camille = open_by_link(incident), sign_in_as(responder)
    reply(camille, incident, asks_answer="on")
    send(open_by_link(duplicate), duplicate, "Le serveur fume.")
    reply(camille, incident, "Depuis quand ?", asks_answer="on")
    newest_question = incident.messages.latest("written_at")
    merge(duplicate, incident, responder)
    assert Incident.objects.get(pk=incident.pk).awaited_since == newest_question.written_at
    assert "En attente de vous" in read_text(declarant.get(follow_up_url(incident)))


def test_the_centre_withdraws_its_question_by_ticking_a_box(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    reply(camille, incident, asks_answer="on")
    reply(camille, incident, "Merci, vu au téléphone.", lifts_question="on")
    content = read_text(camille.get(case_url(incident)))
    assert "La question posée avant n’attend plus de réponse." in content
    assert "attend déjà la réponse du déclarant" not in content
    assert "En attente de vous" not in read_text(declarant.get(follow_up_url(incident)))


def test_a_message_may_withdraw_a_question_and_ask_a_new_one(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    reply(camille, incident, asks_answer="on")
    reply(camille, incident, "Plutôt : depuis quand ?", asks_answer="on", lifts_question="on")
    content = read_text(declarant.get(follow_up_url(incident)))
    assert content.count("Attend votre réponse") == 1
    assert "vous a posé une question" in content


def test_a_question_waits_again_once_its_case_is_reopened(incident, time_machine):
    time_machine.move_to(make_next_morning())
    responder = a_responder()
    camille = sign_in_as(responder)
    reply(camille, incident, asks_answer="on")
    page = read_text(camille.get(case_url(incident, "cloture")))
    assert "Une question attend la réponse du déclarant depuis 9 h 51. Une fois" in page
    close_incident(reference=incident.reference, reason="resolved", why="Vu.", actor=responder)
    camille.post(case_url(incident, "rouvrir"), {"motive": "Cela recommence."})
    assert "En attente de vous" in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_the_wait_ends_when_the_declarant_calls_not_when_the_centre_does(incident):
    camille = sign_in_as(a_responder())
    reply(camille, incident, asks_answer="on")
    camille.post(case_url(incident, "note"), {"kind": "missed", "text": "", "key": "n"})
    assert "En attente de vous" in read_text(open_by_link(incident).get(follow_up_url(incident)))
    camille.post(case_url(incident, "note"), {"kind": "call_out", "text": "Ils cherchent encore.", "key": "n"})
    assert "En attente de vous" in read_text(open_by_link(incident).get(follow_up_url(incident)))
    camille.post(case_url(incident, "note"), {"kind": "call_in", "text": "Ils ont dit lequel.", "key": "n"})
    assert "La question posée n’attend plus de réponse : le déclarant a appelé." in read_text(
        camille.get(case_url(incident))
    )
    assert "En attente de vous" not in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_a_closed_case_waits_for_nobody(incident):
    responder = a_responder()
    reply(sign_in_as(responder), incident, asks_answer="on")
    close_incident(reference=incident.reference, reason="resolved", why="Vu.", actor=responder)
    content = read_text(open_by_link(incident).get(follow_up_url(incident)))
    assert "Votre dossier est clos" in content
    assert "En attente de vous" not in content


def test_a_colleague_writes_under_their_own_name(incident):
    agent = an_agent()
    assert send(sign_in_as(agent), incident, author="Quelqu’un d’autre").status_code == 302
    message = Message.objects.get()
    assert (message.author, message.actor, message.is_from_csirt) == (agent.display_name, agent, False)
    assert agent.display_name in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_the_browser_stores_drafts_of_each_account_apart(incident):
    agent = an_agent()
    assert f'data-stored="{incident.reference} message {agent.uid}"' in read_markup(
        sign_in_as(agent).get(follow_up_url(incident))
    )
    assert f'data-stored="{incident.reference} message"' in read_markup(
        open_by_link(incident).get(follow_up_url(incident))
    )


def test_a_message_sent_with_the_link_and_an_account_is_signed_by_the_account(incident):
    agent, client = an_agent(), open_by_link(incident)
    client.force_login(agent)
    send(client, incident)
    assert Message.objects.get().actor == agent


def test_a_message_sent_twice_is_one_message(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    for _ in range(2):
        send(declarant, incident)
        reply(camille, incident)
    assert Message.objects.count() == 2
    assert incident.events.filter(kind="message").count() == 2


def test_going_back_and_writing_something_else_loses_nothing(incident):
    declarant = open_by_link(incident)
    send(declarant, incident, "Un")
    send(declarant, incident, "Deux")
    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == ["Un", "Deux"]


def test_a_double_click_at_one_instant_is_one_message(transactional_db):
    breizh_cyber()
    incident = declare()
    ready = threading.Barrier(4)

    def click():
        try:
            ready.wait()
            letter = Letter(text="Bonjour", key="k")
            write_to_csirt(reference=incident.reference, visitor=get_visitor(incident), letter=letter)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert Message.objects.count() == incident.events.filter(kind="message").count() == 1


@pytest.mark.parametrize("words", ["", " \n\t ", "x" * (TEXT_LIMIT + 1)], ids=["empty", "blank", "long"])
def test_a_message_that_cannot_be_sent_is_refused_and_kept(incident, words):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    for response in (send(declarant, incident, words), reply(camille, incident, words)):
        assert response.status_code == 422
        assert words in response.content.decode()
    assert "Erreur&nbsp;: " in send(declarant, incident, words).content.decode()
    assert not Message.objects.exists()
    assert incident.events.count() == 1


def test_ten_thousand_characters_pass(incident):
    assert send(open_by_link(incident), incident, "é" * TEXT_LIMIT).status_code == 302


def test_text_typed_before_the_link_was_revoked_is_shown_again(incident):
    declarant = open_by_link(incident)
    rotate_access_by_responder(reference=incident.reference, actor=a_responder())
    refused = send(declarant, incident, "Une longue lettre")
    assert refused.status_code == 404
    assert "Une longue lettre" in read_text(refused)
    assert not Message.objects.exists()


def test_hostile_text_and_names_are_escaped_in_messages(incident):
    declarant, camille = open_by_link(incident), sign_in_as(a_responder())
    for words in MARKUP:
        send(declarant, incident, words, author=words)
        reply(camille, incident, words)
    texts = {escape(text) for text in Message.objects.values_list("text", flat=True)}
    assert len(texts) == len(MARKUP)
    for response in (declarant.get(follow_up_url(incident)), camille.get(case_url(incident))):
        harmless.check_response(response)
        assert not [text for text in texts if text not in response.content.decode()]
    harmless.check_response(camille.get(QUEUE))


def test_only_the_body_and_its_centre_write_and_read(incident):
    send(open_by_link(incident), incident)
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    for person in (a_responder(elsewhere), an_agent(neighbour)):
        assert send(sign_in_as(person), incident).status_code == 404
        assert sign_in_as(person).get(follow_up_url(incident)).status_code == 404
    assert reply(sign_in_as(a_responder(elsewhere)), incident).status_code == 404
    assert Message.objects.count() == 1


def test_responders_cannot_write_as_the_declarant_nor_colleagues_as_the_centre(incident):
    response = sign_in_as(a_responder()).get(follow_up_url(incident))
    assert 'id="ecrire"' not in response.content.decode()
    assert send(sign_in_as(a_responder()), incident).status_code == 403
    with pytest.raises(PermissionDenied):
        write_to_declarant(reference=incident.reference, actor=an_agent(), letter=Letter(text="a", key="k"))
    # Somebody of the body who also works for another centre is no more than a colleague.
    member = an_agent()
    member.membership_set.create(role="responder", csirt=Csirt.objects.create(slug="autre", name="Autre"))
    assert reply(sign_in_as(member), incident).status_code == 403
    assert not Message.objects.exists()


def test_another_case_s_link_writes_nothing(incident):
    other = declare()
    with pytest.raises(Http404):
        write_to_csirt(reference=incident.reference, visitor=get_visitor(other), letter=Letter(text="a", key="k"))


def test_an_erased_case_shows_its_messages_without_text_and_takes_no_new_one(incident):
    declarant, agent = open_by_link(incident), sign_in_as(an_agent())
    send(declarant, incident, "Mon numéro privé")
    erase_personal_data(reference=incident.reference, actor=a_lead())
    content = read_text(agent.get(follow_up_url(incident)))
    assert "Mon numéro privé" not in content
    assert "Les mots de ce message ont été effacés." in content
    assert send(agent, incident, "Encore").status_code == 422
    assert Message.objects.count() == 1


def test_the_history_tells_the_messages_of_one_side_in_one_line(incident):
    declarant = open_by_link(incident)
    for number in range(3):
        send(declarant, incident, str(number))
    reply(sign_in_as(a_responder()), incident)
    content = read_text(declarant.get(follow_up_url(incident)))
    assert "Vous avez écrit au centre (3 fois)" in content
    assert "(Breizh Cyber) a écrit un message" in content


@pytest.mark.parametrize("number", [2, 50])
def test_a_thread_costs_few_queries(incident, django_assert_max_num_queries, number):
    client, responder = open_by_link(incident), sign_in_as(a_person("responder", csirt=incident.csirt))
    for index in range(number):
        letter = Letter(text=str(index), key="k")
        write_to_csirt(reference=incident.reference, visitor=get_visitor(incident), letter=letter)
    responder.get(case_url(incident))
    with django_assert_max_num_queries(20):
        assert client.get(follow_up_url(incident)).status_code == 200
    with django_assert_max_num_queries(35):
        assert responder.get(case_url(incident)).status_code == 200
    assert IncidentEvent.objects.filter(kind="message").count() == number

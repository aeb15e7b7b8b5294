"""Whoever waits for an answer on a double waits on the case that stands for it, until somebody answers on either."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from incidents.access import Guest
from incidents.due import ANSWER_WITHIN
from incidents.enums import Answer, ClosingReason, DueFor, NoteKind, PublicService
from incidents.facts.shapes import Interruption
from incidents.models import Incident
from incidents.reference import spaced
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.groups.merge import unmerge_incident
from incidents.services.handling.close import NotFinished
from incidents.services.handling.notes import write_note
from incidents.services.handling.triage import acknowledge_incident, close_incident
from incidents.services.history.erase import erase_personal_data
from tests.cast import a_lead, breizh_cyber, declare
from tests.incidents.devices import case
from tests.incidents.merging import MAYOR, again, merge, write
from tests.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def main():
    breizh_cyber()
    return declare()


@pytest.fixture
def double(main):
    return declare(caller=MAYOR, description="Tout est bloqué depuis ce matin.")


def answered(incident, responder, key="r", **asked):
    letter = Letter(text="Nous arrivons.", key=key, **asked)
    return write_to_declarant(reference=incident.reference, actor=responder, letter=letter)


def call(incident, responder):
    said = {"kind": NoteKind.CALL_OUT, "text": "Appelés.", "key": "call"}
    return write_note(reference=incident.reference, actor=responder, **said)


def taken_and_merged(main, double, responder):
    """Both taken and answered, then one of them the double of the other."""
    for one in (main, double):
        acknowledge_incident(reference=one.reference, actor=responder)
        answered(one, responder)
    merge(double, main, responder)
    assert again(main).answer_by is None


def test_it_works(responder, main, double):
    for one in (main, double):
        acknowledge_incident(reference=one.reference, actor=responder)
    answered = Letter(text="Nous arrivons.", key="r")
    write_to_declarant(reference=main.reference, actor=responder, letter=answered)
    waiting = again(double).answer_by
    assert waiting
    merge(double, main, responder)
    assert (again(main).answer_by, again(main).due_for) == (waiting, "answer")


def test_before_the_closing_the_declarant_of_the_double_is_the_one_who_waits(client, responder, main, double):
    acknowledge_incident(reference=main.reference, actor=responder)
    answered(main, responder)
    merge(double, main, responder)
    client.force_login(responder)
    for shown in (case(main), case(main, "cloture")):
        page = text(client.get(shown))
        assert "Le déclarant d’un double attend une réponse" in page
        assert "jamais répondu" not in page
    with pytest.raises(NotFinished, match="Le déclarant attend une réponse"):
        close_incident(reference=main.reference, reason=ClosingReason.RESOLVED, actor=responder)


def test_what_was_added_meanwhile_waits_on_the_double_once_undone(responder, main, double):
    acknowledge_incident(reference=double.reference, actor=responder)
    answered = Letter(text="Nous arrivons.", key="r")
    write_to_declarant(reference=double.reference, actor=responder, letter=answered)
    merge(double, main, responder)
    written = write(double)
    unmerge_incident(reference=double.reference, actor=responder)
    back = again(double)
    assert back.due_for == "answer"
    assert back.answer_by > written.written_at + timedelta(hours=1)


def test_each_reads_the_reference_of_their_own_case(client, responder, main, double):
    merge(double, main, responder)
    client.force_login(responder)
    words = f"Gardez la référence {spaced(main.reference)}."
    client.post(case(main, "message"), {"text": words, "key": "r", "to_doubles": "on"})
    assert main.messages.get().text == words
    assert double.messages.get().text == f"Gardez la référence {spaced(double.reference)}."


def test_an_answer_goes_to_the_doubles_too_when_it_is_ticked(client, responder, main, double):
    third = declare(caller=MAYOR)
    for one in (double, third):
        merge(one, main, responder)
    erase_personal_data(reference=third.reference, actor=a_lead())
    sent = {"text": "Débranchez.", "key": "r", "to_doubles": "on", "asks_answer": "on"}
    for _ in range(2):
        assert client.post(case(main, "message"), sent).status_code == 302
    assert [one.messages.count() for one in (main, double, third)] == [1, 1, 0]
    assert [one.messages.get().asks_answer for one in (main, double)] == [True, False]
    client.post(case(main, "message"), {"text": "Pour vous seul.", "key": "s"})
    assert double.messages.count() == 1


@pytest.mark.parametrize("answer", [call, lambda one, actor: answered(one, actor, "s")])
def test_an_answer_on_the_double_settles_the_case(responder, main, double, answer):
    taken_and_merged(main, double, responder)
    write(double)
    assert again(main).due_for == "answer"

    answer(double, responder)

    assert (again(main).answer_by, again(main).due_for) == (None, "review")


def test_an_answer_on_the_double_leaves_the_others_waiting(responder, main, double):
    third = declare(caller=MAYOR, key="third")
    taken_and_merged(main, double, responder)
    merge(third, main, responder)
    assert again(main).answer_by == third.answer_by, "nobody ever answered that one"
    answered(main, responder, "all")
    news = [write(one) for one in (double, third, main)]

    for one, next_one in zip((double, third), news[1:], strict=True):
        call(one, responder)
        assert again(main).answer_by == next_one.written_at + ANSWER_WITHIN[main.severity]
    call(main, responder)
    assert again(main).answer_by is None


def test_an_answer_before_the_merge_did_not_reach_the_double(responder, main, double):
    third = declare(caller=MAYOR, key="third")
    taken_and_merged(main, double, responder)
    merge(third, main, responder)
    write(double)
    call(double, responder)
    assert again(main).answer_by == third.answer_by


def test_what_was_closed_without_an_answer_waits_for_none(responder, main, double):
    close_incident(reference=double.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    acknowledge_incident(reference=main.reference, actor=responder)
    answered(main, responder)
    merge(double, main, responder)
    third = declare(caller=MAYOR, key="third")
    merge(third, main, responder)
    call(third, responder)
    assert again(main).answer_by is None


def test_a_double_is_not_among_the_closed_cases_that_wait(client, responder, main, double):
    taken_and_merged(main, double, responder)
    write(double)
    assert not Incident.objects.wrote_since_closing().exists()
    call(main, responder)
    assert "a écrit depuis la clôture" not in text(client.get(case(double)))


def test_undoing_leaves_nobody_waiting_who_was_answered(responder, main, double):
    for one in (main, double):
        acknowledge_incident(reference=one.reference, actor=responder)
    answered(main, responder)
    before, waiting = again(main), again(double).answer_by
    merge(double, main, responder)
    assert again(main).answer_by == waiting

    unmerge_incident(reference=double.reference, actor=responder)

    assert (again(main).answer_by, again(main).due_for) == (before.answer_by, before.due_for) == (None, "review")
    assert again(double).answer_by == waiting


def test_undoing_leaves_those_of_the_case_waiting(responder, main, double):
    acknowledge_incident(reference=main.reference, actor=responder)
    answered(main, responder)
    wrote = write(main)
    waiting = again(main).answer_by
    merge(double, main, responder)
    assert again(main).answer_by < waiting
    unmerge_incident(reference=double.reference, actor=responder)
    assert again(main).answer_by == waiting == wrote.written_at + ANSWER_WITHIN[main.severity]


def test_a_call_on_the_double_answers_what_was_added_there(responder, main, double):
    taken_and_merged(main, double, responder)
    write(double)
    call(double, responder)
    unmerge_incident(reference=double.reference, actor=responder)
    assert again(double).answer_by is None


def test_the_case_waits_no_more_for_what_the_double_has_said(responder, main, double):
    acknowledge_incident(reference=main.reference, actor=responder)
    answered(main, responder, asks_answer=True)
    assert again(main).awaited_since
    write(double)
    merge(double, main, responder)
    assert again(main).awaited_since is None


def test_nobody_is_asked_anything_on_a_closed_case(client, responder, main, double):
    acknowledge_incident(reference=main.reference, actor=responder)
    merge(double, main, responder)
    close_incident(reference=main.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    for one in (main, double):
        assert "J’attends une réponse" not in text(client.get(case(one)))
        client.post(case(one, "message"), {"text": "Bien reçu ?", "key": "k", "asks_answer": "on"})
        assert (one.messages.get().asks_answer, again(one).awaited_since) == (False, None)


def test_what_was_written_on_a_closed_case_waits_for_an_answer_where_it_is_merged(responder, main, double):
    """The queue showed it as written since the closing; the double of another, it would show no more."""
    acknowledge_incident(reference=main.reference, actor=responder)
    write_to_declarant(reference=main.reference, actor=responder, letter=Letter(text="Bonjour.", key="a"))
    close_incident(reference=double.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    guest = Guest(access_uid=double.accesses.get().uid)
    wrote = write_to_csirt(reference=double.reference, guest=guest, letter=Letter(text="Si, c’est grave.", key="b"))
    assert Incident.objects.wrote_since_closing().get() == double

    merge(double, main, responder)

    told = again(main)
    assert told.declarant_wrote_at == wrote.written_at
    assert told.answer_by > wrote.written_at
    assert (told.due_for, told.due_at) == ("answer", told.answer_by)

    unmerge_incident(reference=double.reference, actor=responder)
    assert Incident.objects.wrote_since_closing().get() == double


def test_a_closed_case_that_waits_for_nothing_brings_nothing_new(responder, main, double):
    acknowledge_incident(reference=main.reference, actor=responder)
    guest = Guest(access_uid=double.accesses.get().uid)
    write_to_csirt(reference=double.reference, guest=guest, letter=Letter(text="Tout va bien.", key="a"))
    close_incident(reference=double.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    before = again(main)

    merge(double, main, responder)

    assert (again(main).declarant_wrote_at, again(main).answer_by) == (before.declarant_wrote_at, before.answer_by)


def test_a_service_that_only_the_double_says_stopped_is_to_be_dealt_with(responder, main):
    """It comes up once on the case that stands for it, which is not resolved before; undone, the double says it."""
    stopped = Interruption(service="civil", extent="stopped")
    double = declare(caller=MAYOR, service_stopped=Answer.YES, interruptions=(stopped,))
    for one in (main, double):
        acknowledge_incident(reference=one.reference, actor=responder)
        answered(one, responder)
    merge(double, main, responder)

    task = main.tasks.get()
    assert task.title == f"Du double {spaced(double.reference)} : {PublicService.CIVIL.label}"
    assert (again(main).due_at, again(main).due_for) == (task.due_at, DueFor.TASK)
    with pytest.raises(ValidationError, match="1 tâche ouverte"):
        close_incident(reference=main.reference, reason=ClosingReason.RESOLVED, actor=responder)

    unmerge_incident(reference=double.reference, actor=responder)
    assert main.tasks.get().is_moot
    merge(double, main, responder)
    assert main.tasks.get().done_at is None


def test_what_the_case_says_too_is_asked_of_nobody(responder, main, double):
    acknowledge_incident(reference=main.reference, actor=responder)
    merge(double, main, responder)
    assert not main.tasks.exists()

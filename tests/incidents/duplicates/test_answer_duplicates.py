"""A declarant who waits on a duplicate waits on its main case, until somebody answers on either."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from config.pages.templatetags.tocsin import format_brief_moment_with_le
from incidents.access import CaseVisitor
from incidents.due import ANSWER_WITHIN
from incidents.enums import Answer, ClosingReason, DueFor, NoteKind, PublicService
from incidents.facts.shapes import Interruption
from incidents.models import Incident
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.duplicates.merge import unmerge_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.notes import write_note
from incidents.services.handling.unfinished import NotFinished
from tests.cast import a_lead, declare
from tests.incidents.desk import reload
from tests.incidents.merging import MAYOR, merge, write
from tests.incidents.triage_pages import case_url
from tests.reading import NBSP, read_text

pytestmark = pytest.mark.django_db


def send_answer(incident, responder, key="r", **options):
    letter = Letter(text="Nous arrivons.", key=key, **options)
    return write_to_declarant(reference=incident.reference, actor=responder, letter=letter)


def call(incident, responder):
    fields = {"kind": NoteKind.CALL_OUT, "text": "Appelés.", "key": "call"}
    return write_note(reference=incident.reference, actor=responder, **fields)


def take_and_merge(main, duplicate, responder):
    """Take and answer both cases, then merge the duplicate into the main case."""
    for incident in (main, duplicate):
        acknowledge_incident(reference=incident.reference, actor=responder)
        send_answer(incident, responder)
    merge(duplicate, main, responder)
    assert reload(main).answer_by is None


def test_the_main_case_takes_over_the_deadline_of_a_duplicate(responder, main, duplicate):
    for incident in (main, duplicate):
        acknowledge_incident(reference=incident.reference, actor=responder)
    letter = Letter(text="Nous arrivons.", key="r")
    write_to_declarant(reference=main.reference, actor=responder, letter=letter)
    waiting = reload(duplicate).answer_by
    assert waiting
    merge(duplicate, main, responder)
    assert (reload(main).answer_by, reload(main).due_for) == (waiting, "answer")


def test_the_case_page_names_the_hour_of_the_answer(client, responder, main):
    acknowledge_incident(reference=main.reference, actor=responder)
    send_answer(main, responder)
    write(main)
    client.force_login(responder)

    delays = read_text(client.get(case_url(main))).partition("Délais du centre")[2]

    deadline = format_brief_moment_with_le(reload(main).answer_by).replace(NBSP, " ")
    assert f"Le déclarant attend une réponse avant {deadline}" in delays


def test_the_closing_page_says_that_the_declarant_of_a_duplicate_waits(client, responder, main, duplicate):
    acknowledge_incident(reference=main.reference, actor=responder)
    send_answer(main, responder)
    merge(duplicate, main, responder)
    client.force_login(responder)
    for address in (case_url(main), case_url(main, "cloture")):
        page = read_text(client.get(address))
        assert "Le déclarant d’un double attend une réponse" in page
        assert "jamais répondu" not in page
    with pytest.raises(NotFinished, match="Le déclarant attend une réponse"):
        close_incident(reference=main.reference, reason=ClosingReason.RESOLVED, actor=responder)


def test_undoing_the_merge_leaves_a_new_message_waiting_on_the_duplicate(responder, main, duplicate):
    acknowledge_incident(reference=duplicate.reference, actor=responder)
    letter = Letter(text="Nous arrivons.", key="r")
    write_to_declarant(reference=duplicate.reference, actor=responder, letter=letter)
    merge(duplicate, main, responder)
    written = write(duplicate)
    unmerge_incident(reference=duplicate.reference, actor=responder)
    back = reload(duplicate)
    assert back.due_for == "answer"
    assert back.answer_by > written.written_at + timedelta(hours=1)


def test_each_declarant_reads_the_reference_of_their_own_case(client, responder, main, duplicate):
    merge(duplicate, main, responder)
    client.force_login(responder)
    words = f"Gardez la référence {hyphenate(main.reference)}."
    client.post(case_url(main, "message"), {"text": words, "key": "r", "to_doubles": "on"})
    assert main.messages.get().text == words
    assert duplicate.messages.get().text == f"Gardez la référence {hyphenate(duplicate.reference)}."


def test_an_answer_goes_to_the_duplicates_too_when_it_is_ticked(client, responder, main, duplicate):
    third = declare(caller=MAYOR)
    for incident in (duplicate, third):
        merge(incident, main, responder)
    erase_personal_data(reference=third.reference, actor=a_lead())
    fields = {"text": "Débranchez.", "key": "r", "to_doubles": "on", "asks_answer": "on"}
    for _ in range(2):
        assert client.post(case_url(main, "message"), fields).status_code == 302
    assert [incident.messages.count() for incident in (main, duplicate, third)] == [1, 1, 0]
    assert [incident.messages.get().asks_answer for incident in (main, duplicate)] == [True, False]
    client.post(case_url(main, "message"), {"text": "Pour vous seul.", "key": "s"})
    assert duplicate.messages.count() == 1


@pytest.mark.parametrize("answer", [call, lambda incident, actor: send_answer(incident, actor, "s")])
def test_an_answer_on_the_duplicate_settles_the_case(responder, main, duplicate, answer):
    take_and_merge(main, duplicate, responder)
    write(duplicate)
    assert reload(main).due_for == "answer"

    answer(duplicate, responder)

    assert (reload(main).answer_by, reload(main).due_for) == (None, "review")


def test_an_answer_on_the_duplicate_leaves_the_others_waiting(responder, main, duplicate):
    third = declare(caller=MAYOR, key="third")
    take_and_merge(main, duplicate, responder)
    merge(third, main, responder)
    assert reload(main).answer_by == third.answer_by, "nobody ever answered that one"
    send_answer(main, responder, "all")
    news = [write(incident) for incident in (duplicate, third, main)]

    for incident, next_message in zip((duplicate, third), news[1:], strict=True):
        call(incident, responder)
        assert reload(main).answer_by == next_message.written_at + ANSWER_WITHIN[main.severity]
    call(main, responder)
    assert reload(main).answer_by is None


def test_an_answer_before_the_merge_did_not_reach_the_duplicate(responder, main, duplicate):
    third = declare(caller=MAYOR, key="third")
    take_and_merge(main, duplicate, responder)
    merge(third, main, responder)
    write(duplicate)
    call(duplicate, responder)
    assert reload(main).answer_by == third.answer_by


def test_a_duplicate_closed_without_an_answer_waits_for_none(responder, main, duplicate):
    close_incident(reference=duplicate.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    acknowledge_incident(reference=main.reference, actor=responder)
    send_answer(main, responder)
    merge(duplicate, main, responder)
    third = declare(caller=MAYOR, key="third")
    merge(third, main, responder)
    call(third, responder)
    assert reload(main).answer_by is None


def test_a_duplicate_is_not_among_the_closed_cases_that_wait(client, responder, main, duplicate):
    take_and_merge(main, duplicate, responder)
    write(duplicate)
    assert not Incident.objects.with_addition_since_closing().exists()
    call(main, responder)
    assert "a écrit depuis la clôture" not in read_text(client.get(case_url(duplicate)))


def test_undoing_the_merge_leaves_no_answered_declarant_waiting(responder, main, duplicate):
    for incident in (main, duplicate):
        acknowledge_incident(reference=incident.reference, actor=responder)
    send_answer(main, responder)
    before, waiting = reload(main), reload(duplicate).answer_by
    merge(duplicate, main, responder)
    assert reload(main).answer_by == waiting

    unmerge_incident(reference=duplicate.reference, actor=responder)

    assert (reload(main).answer_by, reload(main).due_for) == (before.answer_by, before.due_for) == (None, "review")
    assert reload(duplicate).answer_by == waiting


def test_undoing_the_merge_leaves_the_declarant_of_the_case_waiting(responder, main, duplicate):
    acknowledge_incident(reference=main.reference, actor=responder)
    send_answer(main, responder)
    wrote = write(main)
    waiting = reload(main).answer_by
    merge(duplicate, main, responder)
    assert reload(main).answer_by < waiting
    unmerge_incident(reference=duplicate.reference, actor=responder)
    assert reload(main).answer_by == waiting == wrote.written_at + ANSWER_WITHIN[main.severity]


def test_a_call_on_the_duplicate_answers_its_new_message(responder, main, duplicate):
    take_and_merge(main, duplicate, responder)
    write(duplicate)
    call(duplicate, responder)
    unmerge_incident(reference=duplicate.reference, actor=responder)
    assert reload(duplicate).answer_by is None


def test_a_message_on_the_duplicate_ends_the_wait_of_the_case(responder, main, duplicate):
    acknowledge_incident(reference=main.reference, actor=responder)
    send_answer(main, responder, asks_answer=True)
    assert reload(main).awaited_since
    write(duplicate)
    merge(duplicate, main, responder)
    assert reload(main).awaited_since is None


def test_a_message_on_a_closed_case_asks_for_no_answer(client, responder, main, duplicate):
    acknowledge_incident(reference=main.reference, actor=responder)
    merge(duplicate, main, responder)
    close_incident(reference=main.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    for incident in (main, duplicate):
        assert "J’attends une réponse" not in read_text(client.get(case_url(incident)))
        client.post(case_url(incident, "message"), {"text": "Bien reçu ?", "key": "k", "asks_answer": "on"})
        assert (incident.messages.get().asks_answer, reload(incident).awaited_since) == (False, None)


def test_a_message_on_a_closed_duplicate_waits_for_an_answer_on_the_main_case(responder, main, duplicate):
    """The queue shows a closed case that was written to; it would no longer show it as a duplicate."""
    acknowledge_incident(reference=main.reference, actor=responder)
    write_to_declarant(reference=main.reference, actor=responder, letter=Letter(text="Bonjour.", key="a"))
    close_incident(reference=duplicate.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    visitor = CaseVisitor(access_uid=duplicate.accesses.get().uid)
    wrote = write_to_csirt(
        reference=duplicate.reference, visitor=visitor, letter=Letter(text="Si, c’est grave.", key="b")
    )
    assert Incident.objects.with_addition_since_closing().get() == duplicate

    merge(duplicate, main, responder)

    merged = reload(main)
    assert merged.declarant_wrote_at == wrote.written_at
    assert merged.answer_by > wrote.written_at
    assert (merged.due_for, merged.due_at) == ("answer", merged.answer_by)

    unmerge_incident(reference=duplicate.reference, actor=responder)
    assert Incident.objects.with_addition_since_closing().get() == duplicate


def test_merging_a_closed_case_that_waits_for_no_answer_changes_nothing(responder, main, duplicate):
    acknowledge_incident(reference=main.reference, actor=responder)
    visitor = CaseVisitor(access_uid=duplicate.accesses.get().uid)
    write_to_csirt(reference=duplicate.reference, visitor=visitor, letter=Letter(text="Tout va bien.", key="a"))
    close_incident(reference=duplicate.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    before = reload(main)

    merge(duplicate, main, responder)

    assert (reload(main).declarant_wrote_at, reload(main).answer_by) == (before.declarant_wrote_at, before.answer_by)


def test_a_service_stopped_on_the_duplicate_alone_becomes_a_task(responder, main):
    """The main case is not resolved before that task is done; undoing the merge makes it moot."""
    stopped = Interruption(service="civil", extent="stopped")
    duplicate = declare(caller=MAYOR, service_stopped=Answer.YES, interruptions=(stopped,))
    for incident in (main, duplicate):
        acknowledge_incident(reference=incident.reference, actor=responder)
        send_answer(incident, responder)
    merge(duplicate, main, responder)

    task = main.tasks.get()
    assert task.title == f"Du double {hyphenate(duplicate.reference)} : {PublicService.CIVIL.label}"
    assert (reload(main).due_at, reload(main).due_for) == (task.due_at, DueFor.TASK)
    with pytest.raises(ValidationError, match="1 tâche ouverte"):
        close_incident(reference=main.reference, reason=ClosingReason.RESOLVED, actor=responder)

    unmerge_incident(reference=duplicate.reference, actor=responder)
    assert main.tasks.get().is_moot
    merge(duplicate, main, responder)
    assert main.tasks.get().done_at is None


def test_a_duplicate_that_adds_no_service_makes_no_task(responder, main, duplicate):
    acknowledge_incident(reference=main.reference, actor=responder)
    merge(duplicate, main, responder)
    assert not main.tasks.exists()

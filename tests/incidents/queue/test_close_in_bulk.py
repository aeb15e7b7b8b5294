"""Closing many cases from the queue: what the page asks and warns of before, and what the declarants may still say."""

import pytest

from incidents.access import CaseVisitor
from incidents.enums import BulkAct, BulkOutcome, ClosingReason, Nature, Status
from incidents.models import BulkJob, Incident
from incidents.services.bulk.jobs import run_due_jobs
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.close import close_incident
from incidents.services.handling.qualify import classify_incident
from incidents.services.handling.verify import verify_incident
from tests import harmless
from tests.cast import declare
from tests.incidents.devices import QUEUE
from tests.incidents.many_cases import URL, list_messages, list_outcomes, list_references, send, start_job
from tests.incidents.transferring import create_other_centre, propose_transfer
from tests.incidents.triage_pages import case_url
from tests.reading import NBSP, read_markup

pytestmark = pytest.mark.django_db


def test_closing_in_bulk_asks_for_a_reason(client, responder, cases):
    close_incident(reference=cases[0].reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    page = send(client, "clore", cases, reason="")
    assert page.status_code == 422
    assert "Choisissez pourquoi les dossiers sont clos." in read_markup(page)
    assert Incident.objects.filter(status=Status.CLOSED).count() == 1

    answer = send(client, "clore", cases, reason="duplicate")

    assert list_messages(answer)[0] == "2 dossiers clos."
    assert "Ce dossier a été clos" in list_messages(answer)[1]
    assert "résolu" in list_messages(answer)[1]


@pytest.mark.parametrize(
    ("number", "words", "others"),
    [
        (1, ("Pourquoi est-il clos", "Pourquoi (note interne du dossier)", "Dossier coché<"), ("sont-ils",)),
        (
            2,
            ("Pourquoi sont-ils clos", "Pourquoi (note interne, dans chacun des 2 dossiers)", "Dossiers cochés<"),
            ("est-il",),
        ),
    ],
)
def test_the_question_of_the_closing_speaks_of_one_case_or_of_several(client, responder, number, words, others):
    cases = [declare() for _ in range(number)]
    question = read_markup(client.post(URL, {"acte": "clore", "dossier": [case.reference for case in cases]}))
    for expected in words:
        assert expected in question
    for other in others:
        assert f"Pourquoi {other}" not in question


def test_resolving_untouched_cases_in_bulk_warns_and_asks_why(client, responder, cases):
    """Cases qualified in bulk no longer count as untouched: they would be closed without a word."""
    Incident.objects.update(nature=Nature.INCIDENT)
    verify_incident(reference=cases[0].reference, actor=responder)
    visitor = CaseVisitor(access_uid=cases[1].accesses.get().uid)
    write_to_csirt(reference=cases[1].reference, visitor=visitor, letter=Letter(text="Alors ?", key="w"))
    warning = "2 non vérifiés, 3 sans aucune réponse, 1 message sans réponse"
    assert warning in read_markup(send(client, "clore", cases, confirme=[], follow=False))

    refused = send(client, "clore", cases, reason="resolved")
    assert refused.status_code == 422
    assert f"{warning} : dites pourquoi ces dossiers sont résolus." in read_markup(refused)
    assert not Incident.objects.filter(status=Status.CLOSED).exists()

    answer = send(client, "clore", cases, reason="resolved", why="Essais de notre centre.")
    assert list_messages(answer) == ["3 dossiers clos."]
    assert [case.notes.get().text for case in cases[1:]] == ["Essais de notre centre."] * 2
    assert BulkJob.objects.get().text == ""


def test_closing_in_bulk_says_which_cases_are_proposed_or_not_qualified(client, responder, cases):
    classify_incident(reference=cases[0].reference, actor=responder, nature="incident")
    create_other_centre()
    propose_transfer(cases[1], responder)
    page = read_markup(client.post(URL, {"acte": "clore", "dossier": list_references(cases)}))
    assert "1 est proposé à un autre centre : clore retire la proposition." in page
    assert "2 pas encore qualifiés" in page


def test_cases_handed_over_in_bulk_name_the_service(client, responder, cases):
    refused = send(client, "clore", cases, reason="handed_over")
    assert refused.status_code == 422
    assert "Dites à quel service" in read_markup(refused)

    answer = send(client, "clore", cases, reason="handed_over", handed_to="la DSI", why="Vu ensemble.")
    assert list_messages(answer) == ["3 dossiers clos."]
    assert {case.closings.get().handed_to for case in cases} == {"la DSI"}
    assert {case.notes.get().text for case in cases} == {f"Confié à{NBSP}: la DSI.\nVu ensemble."}


def test_the_note_typed_with_another_reason_is_kept(client, responder, cases):
    """The closing of one case keeps it too."""
    answer = send(client, "clore", cases, reason="not_an_incident", why="Essais de notre centre.")
    assert list_messages(answer) == ["3 dossiers clos."]
    assert [case.notes.get().text for case in cases] == ["Essais de notre centre."] * 3
    notes = harmless.check_response(client.get(case_url(cases[0]))).css_first("section.inner")
    assert notes.css_first(".inner__list .talk__head b").text() == "Clôture"


def test_closing_in_bulk_warns_that_a_qualified_incident_would_not_be_counted(client, cases):
    Incident.objects.filter(pk__in=[case.pk for case in cases[:2]]).update(nature=Nature.INCIDENT)
    page = read_markup(send(client, "clore", cases, confirme=[], follow=False))
    assert "2 qualifiés « incident »" in page
    assert "n’est plus compté dans les chiffres" in page
    assert "plus compté" not in read_markup(send(client, "clore", cases[2:], confirme=[], follow=False))


def test_a_message_that_came_after_the_list_was_read_blocks_the_closing(client, responder, cases, time_machine):
    time_machine.move_to("2026-11-24 09:51+01:00", tick=False)
    listed = harmless.check_response(client.get(QUEUE))
    read_at = listed.css_first("form#en-nombre input[name=read_at]").attributes["value"]
    time_machine.shift(60)
    visitor = CaseVisitor(access_uid=cases[0].accesses.get().uid)
    write_to_csirt(reference=cases[0].reference, visitor=visitor, letter=Letter(text="Attendez !", key="w"))
    confirmation = harmless.check_response(send(client, "clore", cases, read_at=read_at))
    assert confirmation.css_first("input[name=read_at]").attributes["value"] == read_at
    fields = {"reason": ClosingReason.NOT_AN_INCIDENT, "confirme": "oui"}
    answer = send(client, "clore", cases, **fields, read_at=read_at)
    assert "Le déclarant a ajouté quelque chose" in read_markup(answer)
    assert [case.status for case in Incident.objects.order_by("id")] == [Status.DECLARED, Status.CLOSED, Status.CLOSED]
    assert send(client, "clore", cases, **fields, read_at="hier").status_code == 422


@pytest.mark.parametrize("name", ["handed_to", "why"])
def test_a_text_that_is_too_long_is_refused_at_its_field(client, cases, name):
    texts = {"handed_to": "la DSI", "why": "Vu."} | {name: "é" * 5000}
    page = send(client, "clore", cases, reason="handed_over", **texts)
    assert page.status_code == 422
    form = page.context["form"]
    assert list(form.errors) == [name]
    assert f'id="id_{name}_error"' in read_markup(page)
    assert not BulkJob.objects.exists()


def test_nobody_withdraws_for_declarants_in_bulk(client, responder, cases):
    page = read_markup(send(client, "clore", cases, confirme=[], follow=False))
    assert "déjà déclaré" in page
    assert "retiré par le déclarant" not in page

    assert send(client, "clore", cases, reason="withdrawn").status_code == 422
    assert not BulkJob.objects.exists()
    job = start_job(responder, BulkAct.CLOSE, cases, choices={"reason": "withdrawn"})
    run_due_jobs()
    assert list_outcomes(job) == [BulkOutcome.REFUSED] * 3
    assert not Incident.objects.filter(status=Status.CLOSED).exists()

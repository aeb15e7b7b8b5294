"""A case that nobody at the centre has verified, qualified, called or answered is resolved with a reason only."""

import pytest

from incidents.access import CaseVisitor
from incidents.enums import ClosingReason, Status
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.handling.close import close_incident
from incidents.services.handling.notes import write_note
from incidents.services.handling.tasks import NewTask, add_task
from incidents.services.handling.unfinished import UNANSWERED_QUESTION, UNTOUCHED_QUESTION, NotFinished
from incidents.services.handling.verify import verify_incident
from tests.cast import an_agent, declare
from tests.incidents.closing import REPORT
from tests.incidents.devices import open_by_link
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


def test_resolving_an_untouched_case_asks_for_a_reason(client, responder):
    incident = declare()
    assert "Pourquoi (note interne)" in read_markup(client.get(case_url(incident, "cloture")))
    without = {name: value for name, value in REPORT.items() if name != "why"}

    answer = client.post(case_url(incident, "cloture"), without)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"why": [str(UNTOUCHED_QUESTION)]}
    with pytest.raises(NotFinished, match="Dites pourquoi"):
        close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, actor=responder)
    assert_still_declared(incident)

    assert client.post(case_url(incident, "cloture"), REPORT).status_code == 302
    incident.refresh_from_db()
    assert (incident.status, incident.notes.get().text) == (Status.CLOSED, REPORT["why"])
    assert REPORT["why"] in read_markup(client.get(case_url(incident)))
    assert REPORT["why"] not in read_markup(open_by_link(incident).get(f"/suivi/{incident.reference}/"))


def assert_still_declared(incident):
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED
    assert not incident.notes.exists()


def test_a_case_somebody_worked_on_is_resolved_without_a_reason(responder):
    touched = [declare() for _ in range(4)]
    verify_incident(reference=touched[0].reference, actor=responder)
    Incident.objects.filter(pk=touched[1].pk).update(nature="incident")
    write_note(reference=touched[2].reference, actor=responder, kind="call_out", text="Absent", key="k", spoke=False)
    write_to_declarant(reference=touched[3].reference, actor=responder, letter=Letter(text="Bonjour", key="k"))
    for incident in touched:
        close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, actor=responder)
    assert set(Incident.objects.values_list("status", flat=True)) == {Status.CLOSED}


def test_a_case_that_an_account_of_the_body_declared_is_untouched_too(client, responder):
    incident = declare(actor=an_agent())
    assert incident.is_verified
    with pytest.raises(NotFinished, match="Dites pourquoi"):
        close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, actor=responder)


def test_an_unanswered_message_is_shown_before_any_closing(client, responder):
    incident = declare()
    verify_incident(reference=incident.reference, actor=responder)
    assert "jamais répondu" in read_markup(client.get(case_url(incident)))
    assert "Personne n’a jamais répondu" in read_markup(client.get(case_url(incident, "cloture")))
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Alors ?", key="w"))

    for page in (case_url(incident), case_url(incident, "cloture")):
        assert "<b>Le déclarant attend une réponse</b>" in read_markup(client.get(page))
    with pytest.raises(NotFinished, match="Le déclarant attend une réponse"):
        close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, actor=responder)
    without = {name: value for name, value in REPORT.items() if name != "why"}
    answer = client.post(case_url(incident, "cloture"), without)
    assert answer.context["form"].errors == {"why": [UNANSWERED_QUESTION]}
    assert client.post(case_url(incident, "cloture"), REPORT).status_code == 302


def test_the_refusal_of_an_unfinished_case_names_the_waiting_declarant(responder):
    incident = declare()
    add_task(reference=incident.reference, actor=responder, new_task=NewTask(title="Appeler", due_at=None))
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Alors ?", key="w"))
    with pytest.raises(NotFinished, match=r"1 tâche ouverte.*; le déclarant attend une réponse"):
        close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, actor=responder)


@pytest.mark.parametrize("reason", [value for value in ClosingReason.values if value != "resolved"])
def test_other_reasons_ask_nothing_of_an_untouched_case(responder, reason):
    service = "la DSI" if reason == ClosingReason.HANDED_OVER else ""
    close_incident(reference=declare().reference, reason=reason, actor=responder, handed_to=service)
    assert Incident.objects.get().closing_reason == reason

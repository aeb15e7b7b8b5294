"""A responder reopens a closed case, and sees when the declarant wrote after the closing."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from incidents.access import CaseVisitor
from incidents.due import ANSWER_WITHIN, REVIEW_WITHIN
from incidents.enums import ClosingReason, EventKind, Status
from incidents.models import Incident, Note
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.reopen import reopen_incident
from incidents.workflow import InvalidTransition
from stats.models import Rollup
from stats.services import fold_new_events, verify_figures
from tests import harmless
from tests.cast import a_lead, declare
from tests.hostile import MARKUP
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
WHY = "Le chiffrement a repris cette nuit."


def close_new_case(reason=ClosingReason.NOT_AN_INCIDENT):
    incident = declare()
    close_incident(reference=incident.reference, reason=reason, actor=a_lead())
    incident.refresh_from_db()
    return incident


def write_as_declarant(incident, text="Cela recommence."):
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text=text, key=text))
    incident.refresh_from_db()


def test_a_responder_reopens_a_closed_case_with_a_reason(client, responder):
    incident = close_new_case()
    assert "Rouvrir le dossier" in read_markup(client.get(case_url(incident)))

    page = read_markup(client.post(case_url(incident, "rouvrir"), {"motive": WHY}, follow=True))

    incident.refresh_from_db()
    assert (incident.status, incident.closing_reason, incident.closed_at) == (Status.ACKNOWLEDGED, "", None)
    assert (incident.assignee, incident.acknowledged_by) == (responder, responder)
    assert incident.due_for == "answer", "nobody has written to the declarant yet"
    note = Note.objects.get()
    assert (note.text, note.author, note.kind) == (WHY, responder, "note")
    assert incident.events.get(kind=EventKind.REOPENED).data == {"reason": "not_an_incident"}
    assert "Dossier rouvert" in page
    assert "il était clos : pas un incident" in page
    assert "<b>Réouverture</b>" in page


def test_the_figures_count_a_reopened_case(responder):
    incident = close_new_case()
    fold_new_events()
    assert not Rollup.objects.filter(value__gt=0).exists()
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    fold_new_events()
    assert [(row.measure, row.value) for row in Rollup.objects.filter(value__gt=0)] == [("declared", 1)]
    assert verify_figures().differences == []


def test_the_first_responder_stays_recorded_after_reopening(responder):
    first = a_lead()
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=first)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=first)
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    incident.refresh_from_db()
    assert (incident.acknowledged_by, incident.assignee) == (first, responder)


def test_a_double_click_reopens_once(responder):
    incident = close_new_case()
    for _ in range(2):
        reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    assert Note.objects.count() == 1
    assert incident.events.filter(kind=EventKind.REOPENED).count() == 1


def test_a_case_may_be_closed_and_reopened_twice(responder):
    incident = close_new_case()
    for _ in range(2):
        reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
        close_incident(reference=incident.reference, reason=ClosingReason.DUPLICATE, actor=responder)
    assert incident.closings.count() == 3
    assert Note.objects.count() == 2


@pytest.mark.parametrize("motive", ["", " \n ", "x" * 1_001])
def test_without_a_valid_reason_the_case_stays_closed(client, responder, motive):
    incident = close_new_case()
    answer = client.post(case_url(incident, "rouvrir"), {"motive": motive})
    assert answer.status_code == 422
    assert list(answer.context["ending"]["form"].errors) == ["motive"]
    assert_closed(incident)


def assert_closed(incident):
    incident.refresh_from_db()
    assert incident.status == Status.CLOSED
    assert not Note.objects.exists()
    assert not incident.events.filter(kind=EventKind.REOPENED).exists()


def test_an_open_case_is_not_reopened(client, responder):
    incident = declare()
    with pytest.raises(InvalidTransition):
        reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    assert "Rouvrir" not in read_markup(client.get(case_url(incident)))
    assert not Note.objects.exists()


def test_a_duplicate_is_not_reopened_before_it_is_unmerged(client, responder):
    other, incident = declare(), close_new_case(ClosingReason.DUPLICATE)
    Incident.objects.filter(pk=incident.pk).update(merged_into=other)
    page = read_markup(client.post(case_url(incident, "rouvrir"), {"motive": WHY}, follow=True))
    assert "défaites d’abord la fusion" in page
    assert "Rouvrir le dossier" not in page
    assert_closed(incident)


def test_an_erased_case_stays_closed(responder):
    incident = close_new_case()
    erase_personal_data(reference=incident.reference, actor=a_lead())
    with pytest.raises(ValidationError, match="ne se rouvre pas"):
        reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    assert_closed(incident)


def test_a_withdrawn_case_is_reopened_with_a_reason(client, responder):
    incident = declare()
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    withdraw_incident(reference=incident.reference, visitor=visitor, letter=Letter(text="Fausse alerte.", key="k"))
    incident.refresh_from_db()
    assert incident.has_addition_since_closing, "the reason for a withdrawal waits for an answer"
    assert "Rouvrez seulement si vous savez que l’incident est réel" in read_markup(client.get(case_url(incident)))
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    incident.refresh_from_db()
    assert incident.status == Status.ACKNOWLEDGED


# Messages sent after the closing


def test_a_message_on_a_closed_case_is_announced_in_the_queue_and_on_the_case(client, responder):
    incident = close_new_case()
    assert "dossier clos" not in read_markup(client.get("/admin/incidents/incident/"))

    write_as_declarant(incident)

    queue = client.get("/admin/incidents/incident/")
    assert "Le déclarant a écrit sur un dossier clos" in read_markup(queue)
    assert f'{case_url(incident)}#fin"' in queue.content.decode()
    page = read_markup(client.get(case_url(incident)))
    assert "Le déclarant a écrit depuis la clôture" in page
    assert "<details open> <summary>Rouvrir…" in page


def test_an_answered_message_on_a_closed_case_is_no_longer_announced(client, responder):
    incident = close_new_case()
    write_as_declarant(incident)
    letter = Letter(text="C’est normal, rien à craindre.", key="k")
    write_to_declarant(reference=incident.reference, actor=responder, letter=letter)
    assert "depuis la clôture" not in read_markup(client.get(case_url(incident)))
    assert "Le déclarant a écrit sur un dossier clos" not in read_markup(client.get("/admin/incidents/incident/"))


def test_a_message_sent_after_closing_is_due_for_an_answer_once_reopened(responder):
    incident = close_new_case()
    write_as_declarant(incident)
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    incident.refresh_from_db()
    assert incident.due_for == "answer"
    assert incident.answer_by > incident.declarant_wrote_at


def test_reopening_keeps_the_deadline_of_an_unanswered_declarant(responder, time_machine):
    """Closing and reopening erases no lateness; once the declarant is answered, only a review is due."""
    time_machine.move_to("2026-10-01 09:00+02:00", tick=False)
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=responder)
    close_incident(reference=incident.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    time_machine.move_to("2026-11-20 09:00+01:00", tick=False)
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    incident.refresh_from_db()
    assert (incident.due_for, incident.due_at) == ("answer", incident.received_at + ANSWER_WITHIN[incident.severity])

    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text="Bonjour", key="k"))
    close_incident(reference=incident.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    reopen_incident(reference=incident.reference, actor=responder, motive=f"{WHY} Encore.")
    incident.refresh_from_db()
    assert (incident.due_for, incident.due_at) == ("review", timezone.now() + REVIEW_WITHIN[incident.severity])


def test_another_centre_neither_sees_nor_reopens_the_case(client, responder):
    incident = close_new_case()
    write_as_declarant(incident)
    Incident.objects.update(csirt=None)
    assert "dossier clos" not in read_markup(client.get("/admin/incidents/incident/"))
    assert client.post(case_url(incident, "rouvrir"), {"motive": WHY}).status_code == 404


def test_the_declarant_reads_that_the_case_is_reopened_but_not_the_reason(client, responder):
    incident = close_new_case()
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    session = client.__class__()
    session.force_login(responder)
    page = read_markup(session.get(f"/suivi/{incident.reference}/"))
    assert "a rouvert le dossier" in page
    assert WHY not in page


def test_a_hostile_reason_is_escaped(client, responder):
    incident = close_new_case()
    for motive in (*MARKUP, "x" * 900 + MARKUP[0] * 20):
        harmless.check_response(client.post(case_url(incident, "rouvrir"), {"motive": motive}, follow=True))
        Incident.objects.filter(pk=incident.pk).update(
            status="closed", closing_reason="resolved", closed_at=incident.closed_at, due_for="nothing"
        )
        Note.objects.all().delete()


def test_the_report_of_an_earlier_closing_is_not_shown_for_the_last_one(client, responder):
    incident = close_new_case()
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    withdraw_incident(reference=incident.reference, visitor=visitor, letter=Letter(text="", key="k"))
    assert client.get(case_url(incident)).context["ending"]["closing"] is None

"""Taking up again a case that was closed, and seeing that one should."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from incidents.access import Guest
from incidents.due import ANSWER_WITHIN, REVIEW_WITHIN
from incidents.enums import ClosingReason, EventKind, Status
from incidents.models import Incident, Note
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.triage import acknowledge_incident, close_incident
from incidents.services.history.erase import erase_personal_data
from incidents.workflow import InvalidTransition
from stats.models import Rollup
from stats.services import fold_new_events, verify_figures
from tests import harmless
from tests.cast import a_lead, declare
from tests.hostile import MARKUP
from tests.reading import text_of

pytestmark = pytest.mark.django_db
WHY = "Le chiffrement a repris cette nuit."


def url(incident, *parts):
    return "/".join(["/admin/incidents/incident", incident.reference, *parts, ""])


def closed(reason=ClosingReason.NOT_AN_INCIDENT):
    incident = declare()
    close_incident(reference=incident.reference, reason=reason, actor=a_lead())
    incident.refresh_from_db()
    return incident


def wrote(incident, text="Cela recommence."):
    guest = Guest(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, guest=guest, letter=Letter(text=text, key=text))
    incident.refresh_from_db()


def test_it_works(client, responder):
    incident = closed()
    assert "Rouvrir le dossier" in text_of(client.get(url(incident)))

    page = text_of(client.post(url(incident, "rouvrir"), {"motive": WHY}, follow=True))

    incident.refresh_from_db()
    assert (incident.status, incident.closing_reason, incident.closed_at) == (Status.ACKNOWLEDGED, "", None)
    assert (incident.assignee, incident.acknowledged_by) == (responder, responder)
    assert incident.due_for == "answer", "nobody has written to the declarant yet"
    note = Note.objects.get()
    assert (note.text, note.author, note.kind) == (WHY, responder, "note")
    assert incident.events.get(kind=EventKind.REOPENED).data == {"reason": "not_an_incident"}
    assert "Dossier rouvert" in page
    assert "il était clos : pas un incident" in page


def test_the_figures_count_it_again(responder):
    incident = closed()
    fold_new_events()
    assert not Rollup.objects.filter(value__gt=0).exists()
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    fold_new_events()
    assert [(row.measure, row.value) for row in Rollup.objects.filter(value__gt=0)] == [("declared", 1)]
    assert verify_figures().found == []


def test_who_took_it_first_stays_named(responder):
    first = a_lead()
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=first)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=first)
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    incident.refresh_from_db()
    assert (incident.acknowledged_by, incident.assignee) == (first, responder)


def test_a_double_click_reopens_once(responder):
    incident = closed()
    for _ in range(2):
        reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    assert Note.objects.count() == 1
    assert incident.events.filter(kind=EventKind.REOPENED).count() == 1


def test_it_may_be_closed_and_reopened_again(responder):
    incident = closed()
    for _ in range(2):
        reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
        close_incident(reference=incident.reference, reason=ClosingReason.DUPLICATE, actor=responder)
    assert incident.closings.count() == 3
    assert Note.objects.count() == 2


@pytest.mark.parametrize("motive", ["", " \n ", "x" * 1_001])
def test_without_a_motive_it_stays_closed(client, responder, motive):
    incident = closed()
    answer = client.post(url(incident, "rouvrir"), {"motive": motive})
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
    assert "Rouvrir" not in text_of(client.get(url(incident)))
    assert not Note.objects.exists()


def test_a_double_is_first_taken_apart(client, responder):
    other, incident = declare(), closed(ClosingReason.DUPLICATE)
    Incident.objects.filter(pk=incident.pk).update(merged_into=other)
    page = text_of(client.post(url(incident, "rouvrir"), {"motive": WHY}, follow=True))
    assert "défaites d’abord la fusion" in page
    assert "Rouvrir le dossier" not in page
    assert_closed(incident)


def test_an_erased_case_stays_closed(responder):
    incident = closed()
    erase_personal_data(reference=incident.reference, actor=a_lead())
    with pytest.raises(ValidationError, match="ne se rouvre pas"):
        reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    assert_closed(incident)


def test_one_that_was_withdrawn_takes_a_motive(client, responder):
    incident = declare()
    guest = Guest(access_uid=incident.accesses.get().uid)
    withdraw_incident(reference=incident.reference, guest=guest, letter=Letter(text="Fausse alerte.", key="k"))
    incident.refresh_from_db()
    assert incident.wrote_since_closing, "the motive of a withdrawal waits for an answer"
    assert "Rouvrez seulement si vous savez que l’incident est réel" in text_of(client.get(url(incident)))
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    incident.refresh_from_db()
    assert incident.status == Status.ACKNOWLEDGED


# What the declarant wrote since


def test_a_message_on_a_closed_case_cannot_be_missed(client, responder):
    incident = closed()
    assert "dossier clos" not in text_of(client.get("/admin/incidents/incident/"))

    wrote(incident)

    queue = client.get("/admin/incidents/incident/")
    assert "Le déclarant a écrit sur un dossier clos" in text_of(queue)
    assert f'{url(incident)}#fin"' in queue.content.decode()
    page = text_of(client.get(url(incident)))
    assert "Le déclarant a écrit depuis la clôture" in page
    assert "<details open> <summary>Rouvrir…" in page


def test_once_answered_it_is_quiet_again(client, responder):
    incident = closed()
    wrote(incident)
    letter = Letter(text="C’est normal, rien à craindre.", key="k")
    write_to_declarant(reference=incident.reference, actor=responder, letter=letter)
    assert "depuis la clôture" not in text_of(client.get(url(incident)))
    assert "Le déclarant a écrit sur un dossier clos" not in text_of(client.get("/admin/incidents/incident/"))


def test_what_they_wrote_is_to_be_answered_once_it_is_open(responder):
    incident = closed()
    wrote(incident)
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    incident.refresh_from_db()
    assert incident.due_for == "answer"
    assert incident.answer_by > incident.declarant_wrote_at


def test_who_was_never_answered_waits_as_before(responder, time_machine):
    """Closing and reopening wipes no lateness; whoever was answered has nothing due but a review."""
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


def test_another_centre_hears_nothing_of_it(client, responder):
    incident = closed()
    wrote(incident)
    Incident.objects.update(csirt=None)
    assert "dossier clos" not in text_of(client.get("/admin/incidents/incident/"))
    assert client.post(url(incident, "rouvrir"), {"motive": WHY}).status_code == 404


def test_the_declarant_reads_that_it_is_open_and_not_why(client, responder):
    incident = closed()
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    session = client.__class__()
    session.force_login(responder)
    page = text_of(session.get(f"/suivi/{incident.reference}/"))
    assert "a rouvert le dossier" in page
    assert WHY not in page


def test_hostile_words_stay_words(client, responder):
    incident = closed()
    for motive in (*MARKUP, "x" * 900 + MARKUP[0] * 20):
        harmless.answer(client.post(url(incident, "rouvrir"), {"motive": motive}, follow=True))
        Incident.objects.filter(pk=incident.pk).update(
            status="closed", closing_reason="resolved", closed_at=incident.closed_at, due_for="nothing"
        )
        Note.objects.all().delete()


def test_the_report_of_an_earlier_end_is_not_shown_as_this_one(client, responder):
    incident = closed()
    reopen_incident(reference=incident.reference, actor=responder, motive=WHY)
    guest = Guest(access_uid=incident.accesses.get().uid)
    withdraw_incident(reference=incident.reference, guest=guest, letter=Letter(text="", key="k"))
    assert client.get(url(incident)).context["ending"]["closing"] is None

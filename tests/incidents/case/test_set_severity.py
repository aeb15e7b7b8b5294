"""A responder sets the severity and says why; the facts raise it again when they get worse, and never lower it."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.access import CaseVisitor
from incidents.due import ANSWER_WITHIN
from incidents.enums import Answer, EventKind, IncidentType, InterruptionExtent, PublicService, Severity
from incidents.facts.shapes import Interruption
from incidents.models import Incident, SeverityChoice
from incidents.services.declarant.complete import SectionEdit, answer_section
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.severity import set_severity
from incidents.severity import ACKNOWLEDGE_WITHIN
from tests.cast import a_lead, declare
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
WHY = "Les sauvegardes sont intactes, la remise en route est en cours."


def answer_as_declarant(incident, section, **values):
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    newest = incident.sheets.filter(section=section).order_by("-id").first()
    edit = SectionEdit(visitor=visitor, reference=incident.reference, seen=str(newest.uid) if newest else "")
    answer_section(edit=edit, section=section, version="2026-11", values=values)
    incident.refresh_from_db()
    return incident


def test_a_responder_sets_the_severity_with_a_reason(client, responder, incident):
    assert incident.severity == incident.severity_found == Severity.HIGH
    assert "D’après les faits : <b>4 points, gravité élevée" in read_markup(client.get(case_url(incident)))

    answer = client.post(case_url(incident, "gravite"), {"severity": "2", "motive": WHY}, follow=True)

    incident.refresh_from_db()
    assert (incident.severity, incident.severity_found) == (Severity.MODERATE, Severity.HIGH)
    assert incident.acknowledge_by == incident.received_at + ACKNOWLEDGE_WITHIN[Severity.MODERATE]
    event = incident.events.get(kind=EventKind.SEVERITY)
    assert (event.data, event.actor) == ({"was": 3, "severity": 2}, responder)
    page = read_markup(answer)
    assert "Gravité modérée" in page
    assert f"Choisie</b> par {responder}" in page
    assert WHY in page
    assert "Les faits donnent aujourd’hui <b>élevée</b>" in page


def test_without_a_reason_nothing_changes_and_the_choice_stays(client, responder, incident):
    answer = client.post(case_url(incident, "gravite"), {"severity": "1", "motive": "  "})

    assert answer.status_code == 422
    page = read_markup(answer)
    assert "Écrivez pourquoi" in page
    assert '<option value="1" selected>' in page
    assert_unchanged(incident)


@pytest.mark.parametrize("severity", ["", "5", "x", "-1"])
def test_an_unknown_level_changes_nothing(client, responder, incident, severity):
    answer = client.post(case_url(incident, "gravite"), {"severity": severity, "motive": WHY})

    assert answer.status_code == 422
    assert WHY in read_markup(answer)
    assert_unchanged(incident)


def assert_unchanged(incident):
    incident.refresh_from_db()
    assert incident.severity == Severity.HIGH
    assert not SeverityChoice.objects.exists()
    assert not incident.events.filter(kind=EventKind.SEVERITY).exists()


def test_a_double_click_records_one_choice(responder, incident):
    for _ in range(2):
        set_severity(reference=incident.reference, severity=Severity.LOW, motive=WHY, actor=responder)

    assert SeverityChoice.objects.count() == 1
    assert incident.events.filter(kind=EventKind.SEVERITY).count() == 1


def test_the_same_choice_is_recorded_again_once_facts_have_raised_the_severity(client, responder, incident):
    lower = {"severity": "1", "motive": WHY}
    client.post(case_url(incident, "gravite"), lower | {"seen": "3"})
    answer_as_declarant(incident, "precisions", **{"continue": "oui"})
    assert incident.severity == Severity.CRITICAL

    client.post(case_url(incident, "gravite"), lower | {"seen": "4"})

    incident.refresh_from_db()
    assert incident.severity == Severity.LOW
    assert incident.severity_choices.count() == 2


def test_the_reason_is_not_shown_for_a_level_raised_since(client, responder, incident):
    set_severity(reference=incident.reference, severity=Severity.LOW, motive=WHY, actor=responder)
    assert WHY in read_markup(client.get(case_url(incident)))
    answer_as_declarant(incident, "precisions", **{"continue": "oui"})
    answer_as_declarant(incident, "precisions", **{"continue": "non"})

    page = read_markup(client.get(case_url(incident)))

    assert "Gravité critique" in page
    assert "<b>Gardée</b>" in page
    assert WHY not in page


def test_a_reason_too_long_is_refused(responder, incident):
    with pytest.raises(ValidationError) as refusal:
        set_severity(reference=incident.reference, severity=Severity.LOW, motive="x" * 301, actor=responder)

    assert list(refusal.value.message_dict) == ["motive"]


def test_worse_facts_raise_the_severity_and_shorten_the_deadline(incident):
    before = incident.acknowledge_by

    answer_as_declarant(incident, "precisions", **{"continue": "oui"})

    assert incident.severity == incident.severity_found == Severity.CRITICAL
    assert incident.acknowledge_by < before


def test_better_facts_never_lower_the_severity(incident):
    answer_as_declarant(incident, "precisions", **{"continue": "oui"})
    answer_as_declarant(incident, "precisions", **{"continue": "non"})

    assert (incident.severity, incident.severity_found) == (Severity.CRITICAL, Severity.HIGH)


def test_a_chosen_severity_stays_until_the_facts_get_worse(responder, incident):
    set_severity(reference=incident.reference, severity=Severity.MODERATE, motive=WHY, actor=responder)

    answer_as_declarant(incident, "machines", reseaux=["aucun"])
    assert incident.severity == Severity.MODERATE

    answer_as_declarant(incident, "sauvegardes", sauvegardes_atteintes="toutes")
    assert incident.severity == Severity.CRITICAL


def test_the_deadline_to_take_a_case_stays_once_it_is_taken(responder, incident):
    acknowledge_incident(reference=incident.reference, actor=responder)
    due = Incident.objects.get(pk=incident.pk).acknowledge_by

    set_severity(reference=incident.reference, severity=Severity.LOW, motive=WHY, actor=responder)

    assert Incident.objects.get(pk=incident.pk).acknowledge_by == due


def test_a_higher_severity_shortens_the_deadline_to_answer(responder):
    incident = declare(type=IncidentType.DEFACEMENT)
    assert incident.answer_by == incident.received_at + ANSWER_WITHIN[Severity.LOW]

    answer_as_declarant(incident, "sauvegardes", sauvegardes_atteintes="toutes", sauvegardes_ou=["reseau"])
    assert incident.severity == Severity.MODERATE
    assert incident.answer_by == incident.received_at + ANSWER_WITHIN[Severity.MODERATE]

    acknowledge_incident(reference=incident.reference, actor=responder)
    set_severity(reference=incident.reference, severity=Severity.CRITICAL, motive=WHY, actor=responder)
    incident.refresh_from_db()
    assert incident.answer_by == incident.declarant_wrote_at + ANSWER_WITHIN[Severity.CRITICAL]
    assert (incident.due_for, incident.due_at) == ("answer", incident.answer_by)

    before = incident.answer_by
    set_severity(reference=incident.reference, severity=Severity.LOW, motive=WHY, actor=responder)
    incident.refresh_from_db()
    assert incident.answer_by == before, "never put off"


def test_a_new_severity_sets_no_deadline_once_the_declarant_is_answered(responder, incident):
    Incident.objects.filter(pk=incident.pk).update(answer_by=None)
    set_severity(reference=incident.reference, severity=Severity.CRITICAL, motive=WHY, actor=responder)
    assert Incident.objects.get(pk=incident.pk).answer_by is None


def test_erasing_empties_the_reason(incident):
    lead = a_lead()
    set_severity(reference=incident.reference, severity=Severity.LOW, motive=WHY, actor=lead)

    erase_personal_data(reference=incident.reference, actor=lead)

    assert SeverityChoice.objects.get().motive == ""


def test_the_page_still_costs_at_most_thirty_five_queries(client, responder, incident):
    set_severity(reference=incident.reference, severity=Severity.LOW, motive=WHY, actor=responder)
    answer_as_declarant(incident, "precisions", **{"continue": "oui"})
    client.get(case_url(incident))

    with CaptureQueriesContext(connection) as queries:
        client.get(case_url(incident))

    assert len(queries) <= 35


def get_form_version(client, incident):
    return client.get(case_url(incident), {"ouvrir": "gravite"}).context["severity"]["form"]["seen"].value()


def test_the_second_of_two_choices_conflicts_and_keeps_its_reason(client, responder, incident):
    version = get_form_version(client, incident)
    set_severity(reference=incident.reference, severity=Severity.CRITICAL, motive="Un hôpital.", actor=a_lead())

    late = {"severity": "1", "motive": WHY, "seen": version}
    answer = client.post(case_url(incident, "gravite"), late)

    assert answer.status_code == 409
    page = read_markup(answer)
    assert "La gravité a changé pendant que vous écriviez" in page
    assert "Un hôpital." in page
    assert WHY in page
    assert '<option value="1" selected>' in page
    incident.refresh_from_db()
    assert incident.severity == Severity.CRITICAL
    again = late | {"seen": answer.context["severity"]["form"]["seen"].value()}
    assert client.post(case_url(incident, "gravite"), again).status_code == 302
    assert client.post(case_url(incident, "gravite"), again).status_code == 302, "a double click"
    assert incident.severity_choices.count() == 2


def test_a_choice_conflicts_with_facts_that_got_worse_meanwhile(client, responder, incident):
    version = get_form_version(client, incident)
    Incident.objects.filter(pk=incident.pk).update(severity=Severity.CRITICAL)
    late = client.post(case_url(incident, "gravite"), {"severity": "1", "motive": WHY, "seen": version})
    assert late.status_code == 409


def test_an_unknown_level_shows_one_error(client, responder, incident):
    page = read_markup(client.post(case_url(incident, "gravite"), {"severity": "9", "motive": WHY}))
    assert page.count('role="alert"') == 1
    assert WHY in page


def test_no_reason_can_be_added_to_an_erased_case(client, incident):
    lead = a_lead()
    client.force_login(lead)
    erase_personal_data(reference=incident.reference, actor=lead)
    answer = client.post(case_url(incident, "gravite"), {"severity": "1", "motive": WHY}, follow=True)
    assert "ont été effacés" in read_markup(answer)
    assert not SeverityChoice.objects.exists()


def test_the_page_says_when_the_day_raises_the_severity(client, responder, time_machine):
    pay = Interruption(service=PublicService.PAYROLL, extent=InterruptionExtent.STOPPED)
    time_machine.move_to("2026-11-10T09:00:00Z")
    incident = declare(type=IncidentType.DDOS, service_stopped=Answer.YES, interruptions=(pay,))
    assert incident.severity == Severity.MODERATE
    time_machine.move_to("2026-11-16T09:00:00Z")
    client.force_login(responder)
    page = read_markup(client.get(case_url(incident)))
    assert (
        "<b>Enregistrée : modérée.</b> La fin du mois approche depuis, et la paie est touchée. Les faits donnent "
        "aujourd’hui <b>élevée</b>. Si vous êtes d’accord, utilisez « Changer la gravité » ci-dessous : rien ne la "
        "relève sans vous."
    ) in page
    assert "Gardée" not in page


def test_the_page_speaks_of_no_date_if_other_facts_outweigh_the_stored_severity(client, responder):
    incident = declare(type=IncidentType.RANSOMWARE)
    Incident.objects.filter(pk=incident.pk).update(severity=Severity.LOW)
    client.force_login(responder)
    page = read_markup(client.get(case_url(incident)))
    assert (
        "<b>Enregistrée : faible.</b> Ce qui est su du dossier pèse plus qu’à ce moment-là : voyez les points." in page
    )
    assert "fin du mois" not in page

"""The tasks that are still open when a case is closed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.models import Task
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.reopen import reopen_incident
from tests.cast import declare
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

pytestmark = pytest.mark.django_db


def test_the_summary_tells_done_tasks_from_tasks_set_aside(client, responder):
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=responder)
    over = {"incident": incident, "author": responder, "done_by": responder, "done_at": timezone.now()}
    for title, is_moot in (("Isoler", False), ("Prévenir", True), ("Appeler", True)):
        Task.objects.create(title=title, is_moot=is_moot, **over)
    page = read_text(client.get(case_url(incident)))
    assert "Plus rien à faire : 1 faite, 2 sans objet." in page
    assert "Tout est fait" not in page


def test_the_open_tasks_of_a_closed_case_have_no_deadline_until_it_is_reopened(client, responder):
    incident = declare()
    late = timezone.now() - timedelta(hours=1)
    Task.objects.create(incident=incident, title="Rappeler le maire", author=responder, due_at=late)
    Task.objects.create(incident=incident, title="Prévenir la préfecture", author=responder)
    acknowledge_incident(reference=incident.reference, actor=responder)
    before = read_text(client.get(case_url(incident)))
    assert "2 tâches ouvertes seront abandonnées." in before
    assert "En retard, avant" in before

    client.post(case_url(incident, "clore"), {"clore-raison": "not_an_incident"})
    page = client.get(case_url(incident))
    closed = read_text(page)
    assert "Rappeler le maire pas faite à la clôture" in closed
    assert "En retard, avant" not in closed
    assert "pas un incident, 2 tâches abandonnées" in closed
    assert "/taches/" not in page.content.decode(), "no button to do them"

    reopen_incident(reference=incident.reference, actor=responder, motive="Le chiffrement a repris.")
    reopened = read_text(client.get(case_url(incident)))
    assert "En retard, avant" in reopened
    assert "pas faite à la clôture" not in reopened

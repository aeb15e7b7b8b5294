"""The team page of a lead says how many cases of each person are late."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.models import Incident
from incidents.services.handling.triage import acknowledge_incident
from tests.cast import a_lead, a_responder, declare, signed_in
from tests.reading import read_text

pytestmark = pytest.mark.django_db
QUEUE = "/admin/incidents/incident/"


def hold_cases(responder, *, late, in_time):
    for number in range(late + in_time):
        case = acknowledge_incident(reference=declare().reference, actor=responder)
        due_at = timezone.now() + timedelta(hours=-1 if number < late else 1)
        Incident.objects.filter(pk=case.pk).update(due_at=due_at)


def test_the_team_page_says_how_many_cases_of_each_person_are_late(client, django_assert_max_num_queries):
    """The page costs the same for two people and for six, and the queue of the person agrees."""
    busy, slow, calm = a_responder(), a_responder(), a_responder()
    hold_cases(busy, late=1, in_time=2)
    hold_cases(slow, late=1, in_time=0)
    hold_cases(calm, late=0, in_time=1)
    for _each in range(3):
        a_responder()
    signed_in(client, a_lead())
    with django_assert_max_num_queries(12):
        page = read_text(client.get("/equipe/"))
    assert "3 dossiers ouverts, dont 1 en retard de" in page
    assert "1 dossier ouvert, en retard de" in page
    assert "1 dossier ouvert de" in page
    assert len(client.get(QUEUE, {"de": busy.uid, "etat": "retard"}).context["rows"]) == 1

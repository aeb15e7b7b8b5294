"""The pages of a lead say how many cases of each person are late, and that the centre is out of service."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.french import format_day
from csirts.models import Csirt
from incidents.models import Incident
from incidents.services.handling.acknowledge import acknowledge_incident
from tests.cast import a_lead, a_person, a_responder, breizh_cyber, declare, signed_in
from tests.reading import read_text

pytestmark = pytest.mark.django_db
QUEUE = "/admin/incidents/incident/"


def stop_centre(centre):
    """Take the centre out of service today, and return the sentence that its people read."""
    Csirt.objects.filter(pk=centre.pk).update(is_active=False)
    day = format_day(timezone.localdate())
    return f"{centre}, n’est plus en service depuis le {day} : les nouvelles déclarations ne vous arrivent pas."


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


@pytest.mark.parametrize("address", ["/equipe/", "/equipe/adresse/", QUEUE])
def test_the_pages_of_a_lead_say_since_when_the_centre_is_out_of_service(client, address):
    signed_in(client, a_lead())
    assert "en service" not in read_text(client.get(address))
    sentence = stop_centre(breizh_cyber())
    assert f"Votre centre, {sentence}" in read_text(client.get(address))


def test_the_queue_of_a_responder_says_that_the_centre_is_out_of_service(client):
    responder = a_responder()
    sentence = stop_centre(breizh_cyber())
    assert f"Votre centre, {sentence}" in read_text(signed_in(client, responder).get(QUEUE))


def test_a_centre_back_in_service_or_never_in_service_is_not_said_to_have_stopped(client):
    centre = breizh_cyber()
    stop_centre(centre)
    Csirt.objects.filter(pk=centre.pk).update(is_active=True)
    assert "en service" not in read_text(signed_in(client, a_lead()).get("/equipe/"))
    new = Csirt.objects.create(slug="neuf", name="Neuf Cyber", is_active=False)
    page = read_text(signed_in(client, a_person("lead", csirt=new)).get("/equipe/"))
    assert "Votre centre, Neuf Cyber, n’est pas en service : les nouvelles déclarations ne vous arrivent pas." in page


def test_the_address_page_does_not_say_that_declarations_reach_a_stopped_centre(client):
    signed_in(client, a_lead())
    assert "Les déclarations partent" in read_text(client.get("/equipe/adresse/"))
    stop_centre(breizh_cyber())
    page = read_text(client.get("/equipe/adresse/"))
    assert "Les déclarations partent" not in page
    assert "Aucune nouvelle déclaration n’y part : le centre n’est pas en service." in page

"""The page that the mail's link opens on a telephone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from csirts.models import Csirt
from incidents.enums import Status
from incidents.models import Incident, IncidentEvent
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.tasks import NewTask, add_task
from tests.cast import a_responder, an_agent, code_of
from tests.incidents.threads import add_messages

pytestmark = pytest.mark.django_db


def url(incident):
    return f"/triage/{incident.reference}/"


def test_a_responder_takes_the_case_on_a_telephone(client, incident):
    responder = a_responder()
    client.force_login(responder)

    before = client.get(url(incident)).content.decode()
    after = client.post(url(incident), follow=True).content.decode()

    assert "Prendre en charge</button>" in before
    assert 'href="tel:0299000000"' in before
    incident.refresh_from_db()
    assert (incident.status, incident.acknowledged_by) == (Status.ACKNOWLEDGED, responder)
    assert "Prendre en charge</button>" not in after
    assert f"par {responder}" in after
    assert 'href="tel:0299000000"' in after


def test_opening_the_page_does_not_take_the_case(client, incident):
    client.force_login(a_responder())
    client.get(url(incident))
    client.head(url(incident))
    assert Incident.objects.get().status == Status.DECLARED
    assert IncidentEvent.objects.count() == 1


def test_signing_in_redirects_to_the_telephone_page(client, incident):
    responder = a_responder()
    answer = client.get(url(incident))
    assert answer.headers["Location"] == f"/connexion/?next={url(incident)}"

    signed = client.post(
        answer.headers["Location"],
        {"login": responder.email, "password": "demonstration-tocsin", "next": url(incident)},
    )
    signed = client.post(signed.headers["Location"], {"code": code_of(responder)})
    assert signed.headers["Location"] == url(incident)


def test_a_post_without_a_session_does_not_take_the_case(client, incident):
    assert client.post(url(incident)).status_code == 302
    assert Incident.objects.get().status == Status.DECLARED


def test_the_case_of_another_centre_is_not_found(client, incident):
    client.force_login(a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    assert client.get(url(incident)).status_code == 404
    assert client.post(url(incident)).status_code == 404
    assert Incident.objects.get().status == Status.DECLARED


def test_an_agent_of_the_body_may_not_take_the_case(client, incident):
    client.force_login(an_agent(incident.collectivity))
    assert client.post(url(incident)).status_code == 403
    assert Incident.objects.get().status == Status.DECLARED


def test_a_case_that_a_colleague_took_is_not_taken_again(client, incident, time_machine):
    time_machine.move_to("2026-11-24 09:51+01:00", tick=False)
    first = a_responder()
    acknowledge_incident(reference=incident.reference, actor=first)
    client.force_login(a_responder())

    page = client.post(url(incident), follow=True).content.decode()

    assert f"{first} l’a pris à 9\u00a0h\u00a051." in page
    assert Incident.objects.get().acknowledged_by == first


def test_taking_a_case_twice_records_one_event(client, incident):
    client.force_login(a_responder())
    for _ in range(2):
        client.post(url(incident))
    assert IncidentEvent.objects.filter(kind="acknowledged").count() == 1


def test_the_steps_of_the_guide_are_offered_until_there_is_a_task(client, incident):
    responder = a_responder()
    client.force_login(responder)
    assert "Ajouter les étapes" not in client.get(url(incident)).content.decode()

    taken = client.post(url(incident), follow=True).content.decode()
    assert "Ajouter les étapes du guide" in taken

    add_task(reference=incident.reference, actor=responder, new_task=NewTask(title="Appeler", due_at=None))
    assert "Ajouter les étapes" not in client.get(url(incident)).content.decode()


@pytest.mark.parametrize("number", [2, 50])
def test_the_page_costs_at_most_twenty_queries_whatever_its_history(client, incident, number):
    responder = a_responder()
    acknowledge_incident(reference=incident.reference, actor=responder)
    add_messages(incident, number)
    for rank in range(number):
        add_task(reference=incident.reference, actor=responder, new_task=NewTask(title=f"Appeler {rank}", due_at=None))
        a_responder()
    client.force_login(responder)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(url(incident))

    assert page.status_code == 200
    assert len(queries) <= 20, [query["sql"][:90] for query in queries]

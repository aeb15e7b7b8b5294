"""The script of the queue asks whether its page has changed: at little cost, and for the reader's own cases only."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from time_machine import TimeMachineFixture

from accounts.models import User
from csirts.models import Csirt
from incidents.access import CaseVisitor
from incidents.enums import ClosingReason, IncidentType
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.verify import verify_incident
from tests.cast import a_lead, a_responder, declare
from tests.incidents.transferring import create_other_centre, propose_transfer

URL = "/admin/incidents/incident/"
STATE = f"{URL}etat/"
JSON = {"Accept": "application/json"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def responder_at_fixed_time(client: Client, time_machine: TimeMachineFixture) -> User:
    """Return a responder, as whom the client is signed in, and stop the clock."""
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    responder = a_responder()
    client.force_login(responder)
    return responder


def get_state(client, **parameters):
    return client.get(STATE, parameters).json()


def test_the_mark_of_the_queue_changes_with_a_new_case(client, responder_at_fixed_time, time_machine):
    first = declare()
    page = client.get(URL)
    before = get_state(client)
    assert before == {"mark": page.context["mark"], "cases": [first.reference]}
    assert f'data-mark="{before["mark"]}"' in page.content.decode()

    time_machine.shift(timedelta(seconds=1))
    newer = declare()

    after = get_state(client)
    assert after["cases"] == [first.reference, newer.reference]
    assert after["mark"] != before["mark"]
    assert get_state(client) == after
    assert client.get(URL).context["mark"] == after["mark"]


def test_any_act_on_a_listed_case_changes_the_mark(client, responder_at_fixed_time):
    case = declare()
    marks = [get_state(client)["mark"]]
    verify_incident(reference=case.reference, actor=responder_at_fixed_time)
    marks.append(get_state(client)["mark"])
    acknowledge_incident(reference=case.reference, actor=responder_at_fixed_time)
    marks.append(get_state(client)["mark"])
    client.get(f"{URL}{case.reference}/")  # opening it marks what is new as read
    marks.append(get_state(client)["mark"])
    assert len(set(marks)) == 4


def test_a_transfer_offer_or_a_message_on_a_closed_case_changes_the_mark(
    client, responder_at_fixed_time, time_machine
):
    """Neither is a row of the list, but both are announced beside it."""
    ended, far = declare(), create_other_centre()
    close_incident(reference=ended.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder_at_fixed_time)
    marks = [get_state(client)["mark"]]
    time_machine.shift(timedelta(minutes=1))
    visitor = CaseVisitor(access_uid=ended.accesses.get().uid)
    write_to_csirt(reference=ended.reference, visitor=visitor, letter=Letter(text="Cela recommence.", key="w"))
    marks.append(get_state(client)["mark"])
    offered = declare()
    Incident.objects.filter(pk=offered.pk).update(csirt=far)
    marks.append(get_state(client)["mark"])
    propose_transfer(offered, a_lead(far), taker="breizh-cyber")
    marks.append(get_state(client)["mark"])
    page = client.get(URL)
    assert len(set(marks)) == 3
    assert marks[1] == marks[2]
    assert (page.context["mark"], page.context["offers"]) == (marks[-1], 1)


def test_a_case_that_becomes_late_or_old_changes_the_mark(client, responder_at_fixed_time, time_machine):
    case = declare()
    Incident.objects.filter(pk=case.pk).update(due_at=timezone.now() + timedelta(seconds=30))
    before = get_state(client)["mark"]
    time_machine.shift(timedelta(seconds=40))
    late = get_state(client)["mark"]
    assert late != before
    time_machine.shift(timedelta(minutes=6))
    assert get_state(client)["mark"] != late


def test_the_mark_is_that_of_the_view_on_screen(client, responder_at_fixed_time):
    free, taken = declare(type=IncidentType.OUTAGE), declare()
    acknowledge_incident(reference=taken.reference, actor=responder_at_fixed_time)

    assert get_state(client, etat="miens")["cases"] == [taken.reference]
    assert get_state(client, type="panne")["cases"] == [free.reference]
    for view in ({"etat": "miens"}, {"type": "panne"}, {"etat": "tous"}):
        assert client.get(URL, view).context["mark"] == get_state(client, **view)["mark"], view


def test_the_state_lists_no_case_of_another_centre(client, responder_at_fixed_time):
    case = declare()
    before = get_state(client)
    Incident.objects.filter(pk=case.pk).update(csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))

    assert get_state(client)["cases"] == []
    assert get_state(client)["mark"] != before["mark"]


@pytest.mark.parametrize("number", [2, 60])
def test_the_state_costs_few_queries(client, responder_at_fixed_time, number):
    for _ in range(number):
        declare()
    get_state(client)
    with CaptureQueriesContext(connection) as queries:
        assert len(get_state(client)["cases"]) == min(number, 50)
    # The user, their centres, the open cases, the rows, and what is announced beside them.
    assert len(queries) <= 7, [query["sql"][:90] for query in queries]


def test_a_signed_out_user_is_sent_to_sign_in(client, responder_at_fixed_time):
    client.logout()
    answer = client.get(STATE)
    assert answer.status_code == 302
    assert "/connexion/" in answer["Location"] or "/login/" in answer["Location"]


def test_taking_a_case_from_the_queue_reports_the_outcome(client, responder_at_fixed_time):
    case = declare()

    answer = client.post(f"{URL}{case.reference}/prendre/", headers=JSON)

    assert answer.json() == {
        "messages": ["Vous avez pris ce dossier en charge. Le déclarant le voit."],
        "is_done": True,
    }
    case.refresh_from_db()
    assert case.acknowledged_by == responder_at_fixed_time
    assert "Vous avez pris" not in client.get(f"{URL}{case.reference}/").content.decode()


def test_a_case_that_somebody_else_took_says_who_and_when(client, responder_at_fixed_time):
    case, colleague = declare(), a_responder()
    acknowledge_incident(reference=case.reference, actor=colleague)

    answer = client.post(f"{URL}{case.reference}/prendre/", headers=JSON).json()

    assert answer["is_done"] is False
    assert [message.replace("\u00a0", " ") for message in answer["messages"]] == [f"{colleague} l’a pris à 9 h 00."]
    assert case.events.count() == 2

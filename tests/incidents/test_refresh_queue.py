"""What the script of the queue asks: whether its page has changed, at little cost, of one's own cases only."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from csirts.models import Csirt
from incidents.access import Guest
from incidents.enums import ClosingReason, IncidentType
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.triage import acknowledge_incident, close_incident, verify_incident
from tests.cast import a_lead, a_responder, declare
from tests.incidents.transferring import another_centre, propose_transfer

URL = "/admin/incidents/incident/"
STATE = f"{URL}etat/"
JSON = {"Accept": "application/json"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def responder(client, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00", tick=False)
    responder = a_responder()
    client.force_login(responder)
    return responder


def state(client, **asked):
    return client.get(STATE, asked).json()


def test_it_works(client, responder, time_machine):
    first = declare()
    page = client.get(URL)
    before = state(client)
    assert before == {"mark": page.context["mark"], "cases": [first.reference]}
    assert f'data-mark="{before["mark"]}"' in page.content.decode()

    time_machine.shift(timedelta(seconds=1))
    newer = declare()

    after = state(client)
    assert after["cases"] == [first.reference, newer.reference]
    assert after["mark"] != before["mark"]
    assert state(client) == after
    assert client.get(URL).context["mark"] == after["mark"]


def test_any_act_on_a_shown_case_changes_the_mark(client, responder):
    case = declare()
    marks = [state(client)["mark"]]
    verify_incident(reference=case.reference, actor=responder)
    marks.append(state(client)["mark"])
    acknowledge_incident(reference=case.reference, actor=responder)
    marks.append(state(client)["mark"])
    client.get(f"{URL}{case.reference}/")  # what is new to me is read
    marks.append(state(client)["mark"])
    assert len(set(marks)) == 4


def test_what_waits_beside_the_list_changes_the_mark(client, responder, time_machine):
    """A case that another centre offers, and a word on a closed one: neither stands on the first page."""
    ended, far = declare(), another_centre()
    close_incident(reference=ended.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    marks = [state(client)["mark"]]
    time_machine.shift(timedelta(minutes=1))
    guest = Guest(access_uid=ended.accesses.get().uid)
    write_to_csirt(reference=ended.reference, guest=guest, letter=Letter(text="Cela recommence.", key="w"))
    marks.append(state(client)["mark"])
    theirs = declare()
    Incident.objects.filter(pk=theirs.pk).update(csirt=far)
    marks.append(state(client)["mark"])
    propose_transfer(theirs, a_lead(far), taker="breizh-cyber")
    marks.append(state(client)["mark"])
    page = client.get(URL)
    assert len(set(marks)) == 3
    assert marks[1] == marks[2]
    assert (page.context["mark"], page.context["offers"]) == (marks[-1], 1)


def test_what_becomes_late_or_old_changes_the_mark(client, responder, time_machine):
    case = declare()
    Incident.objects.filter(pk=case.pk).update(due_at=timezone.now() + timedelta(seconds=30))
    before = state(client)["mark"]
    time_machine.shift(timedelta(seconds=40))
    late = state(client)["mark"]
    assert late != before
    time_machine.shift(timedelta(minutes=6))
    assert state(client)["mark"] != late


def test_it_answers_for_the_view_that_is_shown(client, responder):
    free, mine = declare(type=IncidentType.OUTAGE), declare()
    acknowledge_incident(reference=mine.reference, actor=responder)

    assert state(client, etat="miens")["cases"] == [mine.reference]
    assert state(client, type="panne")["cases"] == [free.reference]
    for view in ({"etat": "miens"}, {"type": "panne"}, {"etat": "tous"}):
        assert client.get(URL, view).context["mark"] == state(client, **view)["mark"], view


def test_another_centres_cases_are_not_there(client, responder):
    case = declare()
    before = state(client)
    Incident.objects.filter(pk=case.pk).update(csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))

    assert state(client)["cases"] == []
    assert state(client)["mark"] != before["mark"]


@pytest.mark.parametrize("number", [2, 60])
def test_it_costs_a_handful_of_queries(client, responder, number):
    for _ in range(number):
        declare()
    state(client)
    with CaptureQueriesContext(connection) as queries:
        assert len(state(client)["cases"]) == min(number, 50)
    # Who asks, their centres, what is open, the rows, and what waits beside them.
    assert len(queries) <= 7, [query["sql"][:90] for query in queries]


def test_whoever_is_signed_out_is_sent_to_sign_in(client, responder):
    client.logout()
    answer = client.get(STATE)
    assert answer.status_code == 302
    assert "/connexion/" in answer["Location"] or "/login/" in answer["Location"]


def test_taking_a_case_from_the_queue_says_what_came_of_it(client, responder):
    case = declare()

    answer = client.post(f"{URL}{case.reference}/prendre/", headers=JSON)

    assert answer.json() == {"said": ["Vous avez pris ce dossier en charge. Le déclarant le voit."], "is_done": True}
    case.refresh_from_db()
    assert case.acknowledged_by == responder
    assert "Vous avez pris" not in client.get(f"{URL}{case.reference}/").content.decode()


def test_a_case_that_somebody_else_took_says_who_and_when(client, responder):
    case, colleague = declare(), a_responder()
    acknowledge_incident(reference=case.reference, actor=colleague)

    told = client.post(f"{URL}{case.reference}/prendre/", headers=JSON).json()

    assert told["is_done"] is False
    assert [said.replace("\u00a0", " ") for said in told["said"]] == [f"{colleague} l’a pris à 9 h 00."]
    assert case.events.count() == 2

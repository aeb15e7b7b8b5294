"""Cases of one body that may be the same incident are proposed with reasons; a person decides."""

from datetime import date, timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Csirt
from incidents.enums import ClosingReason, IncidentType, Status
from incidents.facts.shapes import Caller
from incidents.models import Incident
from incidents.services.handling.close import close_incident
from incidents.triage.duplicates.likely import format_gap
from tests.cast import SECRET, an_agent, declare, plouexemple
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

pytestmark = pytest.mark.django_db
MAYOR = Caller(name="Alix Maire", role="maire", phone="02 99 00 00 01", email="maire@plouexemple.example")


def get_reasons(client, incident):
    likely = client.get(case_url(incident)).context["likely"]
    return {candidate.incident.reference: list(candidate.reasons) for candidate in likely}


def set_apart(earlier, later, **span):
    """Save that `earlier` was received this long before `later`, and return it."""
    Incident.objects.filter(pk=earlier.pk).update(received_at=later.received_at - timedelta(**span))
    return earlier


def test_a_likely_duplicate_is_proposed_with_its_reasons(client, responder):
    first, second = declare(supplier="Exemple SAS"), declare(caller=MAYOR, supplier="EXEMPLE SAS")
    set_apart(first, second, minutes=40)

    response = client.get(case_url(second))

    assert "même collectivité, même type, 40 min avant, même prestataire" in read_text(response)
    assert "Comparer, fusionner" in read_text(response)
    assert "40 min après" in read_text(client.get(case_url(first)))
    assert Incident.objects.filter(status=Status.DECLARED).count() == 2, "a person decides"


@pytest.mark.parametrize(
    ("first", "second", "span", "is_likely"),
    [
        ("rancon", "rancon", {"days": 6}, True),
        ("rancon", "rancon", {"days": 8}, False),
        ("rancon", "panne", {"hours": 20}, True),
        ("rancon", "panne", {"days": 3}, False),
        ("inconnu", "erreur", {"hours": 20}, True),
        ("rancon", "erreur", {"minutes": 50}, True),
        ("rancon", "erreur", {"hours": 2}, False),
        ("boite", "boite", {"days": 25}, False),
    ],
)
def test_cases_close_in_time_and_type_are_likely_duplicates(client, responder, first, second, span, is_likely):
    other = Caller(name="Sam", role="agent", phone="02 99 00 00 09", email="")
    newer = declare(type=IncidentType(second), caller=other)
    older = set_apart(declare(type=IncidentType(first)), newer, **span)
    assert bool(get_reasons(client, newer)) is is_likely
    assert bool(get_reasons(client, older)) is is_likely


def test_the_same_contact_is_a_reason_only_for_cases_of_one_type(client, responder):
    newer = declare(type=IncidentType.TRANSFER)
    set_apart(declare(type=IncidentType.RANSOMWARE), newer, hours=2)
    assert get_reasons(client, newer) == {}
    Incident.objects.update(type=IncidentType.RANSOMWARE)
    assert list(*get_reasons(client, newer).values())[-1] == "même personne à rappeler"


def test_the_likeliest_duplicate_comes_first(client, responder):
    newest = declare()
    near, same = set_apart(declare(type=IncidentType.OUTAGE), newest, hours=3), set_apart(declare(), newest, minutes=5)
    assert list(get_reasons(client, newest)) == [same.reference, near.reference]


def test_a_case_closed_more_than_a_month_ago_is_not_proposed(client, responder):
    incident = declare()
    other = set_apart(declare(), incident, minutes=5)
    close_incident(reference=other.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    assert list(get_reasons(client, incident)) == [other.reference]
    Incident.objects.filter(pk=other.pk).update(closed_at=timezone.now() - timedelta(days=31))
    assert get_reasons(client, incident) == {}


def test_withdrawn_cases_and_cases_of_other_bodies_are_not_proposed(client, responder):
    incident = declare()
    declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    other = declare()
    assert list(get_reasons(client, incident)) == [other.reference]
    other.status, other.closing_reason, other.closed_at, other.due_for = (
        "closed",
        "withdrawn",
        timezone.now(),
        "nothing",
    )
    other.save()
    assert get_reasons(client, incident) == {}


def test_a_case_of_another_centre_is_not_proposed(client, responder):
    own, foreign = declare(), declare()
    other_centre = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    Incident.objects.filter(pk=foreign.pk).update(csirt=other_centre)
    assert get_reasons(client, own) == {}
    agent_and_responder = an_agent()
    Membership.objects.create(
        user=agent_and_responder, role=Role.RESPONDER, csirt=own.csirt, since_on=date(2021, 1, 1)
    )
    TOTP.activate(agent_and_responder, SECRET)
    client.force_login(agent_and_responder)
    assert get_reasons(client, own) == {}


def test_proposals_cost_one_query_more_with_fifty_cases_and_stop_there(client, responder):
    incident, costs = declare(), []
    for number in (2, 60):
        for index in range(number):
            declare(key=f"{number}-{index}")
        client.get(case_url(incident))
        with CaptureQueriesContext(connection) as queries:
            response = client.get(case_url(incident))
        costs.append(len(queries))
    # From fifty other cases of the body on, one more query loads the duplicates and the main case.
    assert costs[1] == costs[0] + 1, costs
    assert len(response.context["likely"]) == 50
    assert len(response.context["others"]) == 10


def test_the_time_between_two_cases_is_shown_in_its_usual_unit():
    spans = timedelta(seconds=30), timedelta(minutes=59), timedelta(hours=47), timedelta(days=3)
    assert [format_gap(span).replace("\N{NO-BREAK SPACE}", " ") for span in spans] == [
        "0 min",
        "59 min",
        "47 h",
        "3 jours",
    ]


def test_a_duplicate_stays_proposed_weeks_later(client, responder):
    """The gap is counted between the two declarations, not from today."""
    incident = declare()
    set_apart(declare(), incident, minutes=40)
    with time_machine.travel(timezone.now() + timedelta(days=20)):
        client.force_login(responder)
        assert get_reasons(client, incident)

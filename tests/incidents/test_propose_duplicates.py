"""Cases of one body that may tell the same thing are proposed with the reasons; a person decides."""

from datetime import date, timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from incidents.enums import ClosingReason, IncidentType, Status
from incidents.facts.shapes import Caller
from incidents.models import Incident
from incidents.services.handling.triage import close_incident
from incidents.triage.case.duplicates import format_gap
from tests.cast import SECRET, an_agent, breizh_cyber, declare, plouexemple
from tests.incidents.devices import case
from tests.reading import text

pytestmark = pytest.mark.django_db
MAYOR = Caller(name="Alix Maire", role="maire", phone="02 99 00 00 01", email="maire@plouexemple.example")


def reasons(client, incident):
    return {one.incident.reference: list(one.reasons) for one in client.get(case(incident)).context["likely"]}


def apart(earlier, later, **span):
    """`earlier` was received so long before `later`."""
    Incident.objects.filter(pk=earlier.pk).update(received_at=later.received_at - timedelta(**span))
    return earlier


def test_it_works(client, responder):
    first, second = declare(supplier="Exemple SAS"), declare(caller=MAYOR, supplier="EXEMPLE SAS")
    apart(first, second, minutes=40)

    shown = client.get(case(second))

    assert "même collectivité, même type, 40 min avant, même prestataire" in text(shown)
    assert "Comparer, fusionner" in text(shown)
    assert "40 min après" in text(client.get(case(first)))
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
def test_near_in_time_and_alike(client, responder, first, second, span, is_likely):
    other = Caller(name="Sam", role="agent", phone="02 99 00 00 09", email="")
    newer = declare(type=IncidentType(second), caller=other)
    older = apart(declare(type=IncidentType(first)), newer, **span)
    assert bool(reasons(client, newer)) is is_likely
    assert bool(reasons(client, older)) is is_likely


def test_the_same_person_called_twice(client, responder):
    newer = declare(type=IncidentType.TRANSFER)
    apart(declare(type=IncidentType.RANSOMWARE), newer, hours=2)
    assert reasons(client, newer) == {}
    Incident.objects.update(type=IncidentType.RANSOMWARE)
    assert list(*reasons(client, newer).values())[-1] == "même personne à rappeler"


def test_the_likeliest_first(client, responder):
    newest = declare()
    near, same = apart(declare(type=IncidentType.OUTAGE), newest, hours=3), apart(declare(), newest, minutes=5)
    assert list(reasons(client, newest)) == [same.reference, near.reference]


def test_one_closed_lately_is_proposed_and_not_one_of_last_season(client, responder):
    incident = declare()
    other = apart(declare(), incident, minutes=5)
    close_incident(reference=other.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    assert list(reasons(client, incident)) == [other.reference]
    Incident.objects.filter(pk=other.pk).update(closed_at=timezone.now() - timedelta(days=31))
    assert reasons(client, incident) == {}


def test_what_is_withdrawn_of_another_body_or_of_another_centre_is_not(client, responder):
    incident = declare()
    declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    other = declare()
    assert list(reasons(client, incident)) == [other.reference]
    other.status, other.closing_reason, other.closed_at, other.due_for = (
        "closed",
        "withdrawn",
        timezone.now(),
        "nothing",
    )
    other.save()
    assert reasons(client, incident) == {}


def test_a_case_of_another_centre_is_not_there_even_for_an_agent_of_the_body(client, responder):
    mine, theirs = declare(), declare()
    elsewhere = breizh_cyber()
    elsewhere.pk, elsewhere.slug = None, "ailleurs"
    elsewhere.save()
    Incident.objects.filter(pk=theirs.pk).update(csirt=elsewhere)
    assert reasons(client, mine) == {}
    both = an_agent()
    Membership.objects.create(user=both, role=Role.RESPONDER, csirt=mine.csirt, since_on=date(2021, 1, 1))
    TOTP.activate(both, SECRET)
    client.force_login(both)
    assert reasons(client, mine) == {}


def test_it_costs_the_same_with_fifty_others_and_looks_no_further(client, responder):
    incident, costs = declare(), []
    for number in (2, 60):
        for each in range(number):
            declare(key=f"{number}-{each}")
        client.get(case(incident))
        with CaptureQueriesContext(connection) as queries:
            shown = client.get(case(incident))
        costs.append(len(queries))
    # From fifty others on, its doubles and its main case are asked for by a query of their own.
    assert costs[1] == costs[0] + 1, costs
    assert len(shown.context["likely"]) == 50
    assert len(shown.context["others"]) == 10


def test_a_span_is_said_in_the_unit_that_people_use():
    spans = timedelta(seconds=30), timedelta(minutes=59), timedelta(hours=47), timedelta(days=3)
    assert [format_gap(span).replace("\N{NO-BREAK SPACE}", " ") for span in spans] == [
        "0 min",
        "59 min",
        "47 h",
        "3 jours",
    ]


def test_travelling_does_not_matter(client, responder):
    """The span is between the two declarations, not since today."""
    incident = declare()
    apart(declare(), incident, minutes=40)
    with time_machine.travel(timezone.now() + timedelta(days=20)):
        client.force_login(responder)
        assert reasons(client, incident)

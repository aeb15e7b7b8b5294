"""The closing of a case may contradict its qualification: pages warn before, and then say which judgement counts."""

import pytest

from accounts.models import User
from incidents.enums import ClosingReason, Nature
from incidents.models import Incident
from incidents.services.handling.close import close_incident
from tests import harmless
from tests.cast import declare
from tests.incidents.desk import acknowledge_as
from tests.incidents.triage_pages import case_url

pytestmark = pytest.mark.django_db
WARNING = "Clos « pas un incident », il n’est plus compté dans les chiffres."


@pytest.fixture
def qualified_case(responder: User) -> Incident:
    case = acknowledge_as(responder, declare())
    Incident.objects.filter(pk=case.pk).update(nature=Nature.INCIDENT)
    return case


def read_words(client, address, place):
    node = harmless.check_response(client.get(address)).css_first(place)
    return " ".join(node.text().split())


@pytest.mark.parametrize(("page", "place"), [("", "#clore"), ("cloture", "form.judge")])
def test_closing_a_qualified_incident_warns_before(client, qualified_case, page, place):
    assert WARNING in read_words(client, case_url(qualified_case, page) if page else case_url(qualified_case), place)
    Incident.objects.update(nature=Nature.REPORT)
    assert WARNING not in read_words(
        client, case_url(qualified_case, page) if page else case_url(qualified_case), place
    )


def test_a_case_closed_against_its_nature_says_which_judgement_counts(client, responder, qualified_case):
    close_incident(reference=qualified_case.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    for place in (".case__marks a[href='#qualification']", "#qualification > summary", "#qualification dl"):
        assert "qualifié incident, mais clos « pas un incident » : pas compté" in read_words(
            client, case_url(qualified_case), place
        )


def test_a_resolved_incident_keeps_its_nature_alone(client, responder, qualified_case):
    close_incident(reference=qualified_case.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    assert read_words(client, case_url(qualified_case), ".case__marks a[href='#qualification']") == "incident"

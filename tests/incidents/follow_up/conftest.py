import pytest
import time_machine
from django.test import Client

from incidents.models import Incident
from tests.cast import breizh_cyber, declare
from tests.incidents.completing import CIVIL, MAIL
from tests.incidents.completing_pages import NOW, open_by_link


@pytest.fixture
def opened_case(db: None, client: Client) -> Incident:
    """Return a case with two stopped services, which the client has opened by its link."""
    breizh_cyber()
    with time_machine.travel(NOW, tick=False):
        incident = declare(service_stopped="yes", interruptions=(CIVIL, MAIL))
    open_by_link(client, incident)
    return incident

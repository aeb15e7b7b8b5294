"""The responder and the case of the tests of closing."""

import pytest
from django.test import Client
from time_machine import TimeMachineFixture

from accounts.models import User
from incidents.models import Incident
from tests.cast import a_responder
from tests.incidents.closing import NOW, declare_unfinished


@pytest.fixture
def closing_responder(client: Client, time_machine: TimeMachineFixture) -> User:
    """Return a responder, as whom the client is signed in when the case is closed, and stop the clock."""
    time_machine.move_to(NOW, tick=False)
    responder = a_responder()
    client.force_login(responder)
    return responder


@pytest.fixture
def unfinished_case(closing_responder: User) -> Incident:
    """Return a case with a stopped service, a leak without conclusion and an open task."""
    return declare_unfinished(closing_responder)

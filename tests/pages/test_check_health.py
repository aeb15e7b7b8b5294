"""/sante/, for supervisors."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from time_machine import TimeMachineFixture

from accounts.dispatch import send_due_mails
from accounts.enums import LinkPurpose
from accounts.services.links import send_link
from incidents.models import Incident, IncidentEvent, PendingEvent
from notifications import dispatch
from notifications.models import Delivery
from notifications.tasks import report_clock_turn
from tests.cast import an_agent, breizh_cyber, declare

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock_turn(empty_cache: None) -> None:
    report_clock_turn()


def test_a_healthy_site_says_that_it_is_ready(client):
    response = client.get("/sante/")

    assert response.status_code == 200
    assert response.json() == {
        "alive": True,
        "ready": True,
        "database": True,
        "broker": True,
        "clock": True,
        "mails": True,
        "events": True,
        "purge": True,
    }
    assert "no-store" in response["Cache-Control"]


def test_a_stopped_broker_is_reported(client, settings):
    settings.CELERY_BROKER_URL = "redis://:un-secret@127.0.0.1:1/0"

    response = client.get("/sante/")

    assert response.status_code == 503
    health = response.json()
    assert (health["ready"], health["database"], health["broker"]) == (False, True, False)
    assert "un-secret" not in response.content.decode()


def test_a_stopped_database_is_reported(client, monkeypatch):
    """The connection's settings are changed, so that the next connection fails."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")

    response = client.get("/sante/")

    assert response.status_code == 503
    health = response.json()
    assert (health["ready"], health["database"], health["broker"]) == (False, False, True)
    assert (health["mails"], health["events"]) == (False, False)


def test_the_liveness_page_makes_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/sante/vivant/").json() == {"alive": True}


def read_health(client):
    """Return the names of what fails, with the status."""
    response = client.get("/sante/")
    return response.status_code, {name for name, is_right in response.json().items() if not is_right}


def test_a_stopped_clock_is_reported(client, time_machine):
    now = timezone.now()
    time_machine.move_to(now + timedelta(minutes=4))
    assert read_health(client) == (200, set())
    time_machine.move_to(now + timedelta(minutes=6))
    assert read_health(client) == (503, {"ready", "clock"})


def test_a_clock_that_never_ran_is_reported(client):
    cache.clear()
    assert read_health(client) == (503, {"ready", "clock"})


def test_time_that_was_set_back_is_reported_until_the_next_turn(client, time_machine):
    time_machine.move_to(timezone.now() - timedelta(hours=2))
    assert read_health(client) == (503, {"ready", "clock"})
    report_clock_turn()
    assert read_health(client) == (200, set())


@pytest.fixture
def announced_case(time_machine: TimeMachineFixture) -> Incident:
    """Return a case whose mails are due. The clock stands still."""
    time_machine.move_to(timezone.now(), tick=False)
    breizh_cyber()
    incident = declare()
    dispatch.announce_all_events()
    return incident


def let_minutes_pass(time_machine, minutes):
    time_machine.shift(timedelta(minutes=minutes))
    report_clock_turn()


def test_mails_that_no_worker_sends_are_reported(client, announced_case, time_machine):
    let_minutes_pass(time_machine, 4)
    assert read_health(client) == (200, set())
    let_minutes_pass(time_machine, 2)
    assert read_health(client) == (503, {"ready", "mails"})


def test_a_mail_server_of_ours_that_fails_is_reported(client, announced_case, time_machine, post):
    post.stop()
    let_minutes_pass(time_machine, 6)
    dispatch.send_due_deliveries()
    assert read_health(client) == (503, {"ready", "mails"})
    post.start()
    let_minutes_pass(time_machine, 1)
    assert dispatch.send_due_deliveries() == 2
    assert read_health(client) == (200, set())


def test_a_mail_about_an_account_that_does_not_leave_is_reported(client, time_machine, post, monkeypatch):
    time_machine.move_to(timezone.now(), tick=False)
    report_clock_turn()
    send_link(LinkPurpose.PASSWORD, user=an_agent(), made_by=None)
    monkeypatch.setattr("accounts.dispatch.derive_link_token", lambda _link: "")  # its key was removed too early
    let_minutes_pass(time_machine, 6)
    send_due_mails()
    assert read_health(client) == (503, {"ready", "mails"})

    monkeypatch.undo()
    post.stop()
    let_minutes_pass(time_machine, 2)
    send_due_mails()
    assert read_health(client) == (503, {"ready", "mails"})

    post.start()
    let_minutes_pass(time_machine, 4)
    assert send_due_mails() == 1
    assert read_health(client) == (200, set())


def test_a_mailbox_that_accepts_no_mail_yet_is_no_failure_of_ours(client, announced_case, time_machine, post):
    """Both mails to the centre wait for hours."""
    declare()
    dispatch.announce_all_events()
    post.answers = {"garde@breizh.example": "450 4.2.0 try later"}
    for minutes in [0, 2, 4, 8, 16]:
        let_minutes_pass(time_machine, minutes)
        dispatch.send_due_deliveries()
        assert read_health(client) == (200, set())
    assert {delivery.recipient for delivery in Delivery.objects.filter(status="due")} == {"csirt"}


def test_events_that_were_not_announced_are_reported(client, announced_case, time_machine, post):
    dispatch.send_due_deliveries()
    PendingEvent.objects.create(consumer="notifications", event=IncidentEvent.objects.latest("pk"))
    let_minutes_pass(time_machine, 6)
    assert read_health(client) == (503, {"ready", "events"})

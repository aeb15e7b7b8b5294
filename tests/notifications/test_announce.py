from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.enums import EventKind
from incidents.facts.shapes import Caller
from incidents.models import IncidentEvent, PendingEvent
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.verify import verify_incident
from notifications import dispatch, queries, tasks
from notifications.models import Announcement, Delivery
from notifications.recipients import RECIPIENTS
from tests.cast import a_responder, breizh_cyber, declare

pytestmark = pytest.mark.django_db


def count_pending():
    return PendingEvent.objects.filter(consumer="notifications").count()


def list_deliveries():
    return list(Delivery.objects.order_by("id").values_list("recipient", "channel", "status"))


def test_a_declaration_is_due_to_the_centre_and_to_the_declarant():
    breizh_cyber()
    incident = declare()

    assert dispatch.announce_all_events() == 1

    assert Announcement.objects.get().event.incident == incident
    assert list_deliveries() == [("csirt", "email", "due"), ("declarant", "email", "due")]
    assert count_pending() == 0


def test_each_event_is_mailed_once_to_each_recipient():
    breizh_cyber()
    declare()
    dispatch.announce_all_events()

    assert dispatch.announce_all_events() == 0

    assert Delivery.objects.count() == 2
    first = Delivery.objects.first()
    with pytest.raises(IntegrityError, match="delivery_once_a_recipient"), transaction.atomic():
        Delivery.objects.create(
            announcement=first.announcement,
            recipient="csirt",
            csirt=first.csirt,
            channel="email",
            status="due",
            due_at=timezone.now(),
        )


def test_an_event_queued_again_by_hand_causes_no_second_mail():
    breizh_cyber()
    incident = declare()
    dispatch.announce_all_events()
    PendingEvent.objects.create(event=incident.events.get(), consumer="notifications")

    dispatch.announce_all_events()

    assert Delivery.objects.count() == 2
    assert count_pending() == 0


def test_a_recipient_without_an_address_has_a_delivery_without_channel():
    breizh_cyber(notification_email="")
    declare(caller=Caller(phone="02 99 00 00 00"))

    dispatch.announce_all_events()

    assert list_deliveries() == [("csirt", "none", "no_channel"), ("declarant", "none", "no_channel")]


def test_every_kind_of_event_has_its_line_in_the_table():
    assert set(RECIPIENTS) == set(EventKind.values)


def test_the_declarant_is_mailed_when_the_case_is_taken_and_nobody_when_it_is_verified():
    responder = a_responder(breizh_cyber())
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=responder)
    verify_incident(reference=incident.reference, actor=responder)

    dispatch.announce_all_events()

    notified = Delivery.objects.order_by("id").values_list("announcement__event__kind", "recipient")
    assert list(notified) == [("declared", "csirt"), ("declared", "declarant"), ("acknowledged", "declarant")]
    assert Announcement.objects.filter(event__kind="verified", deliveries=None).count() == 1


def test_ten_times_the_events_cost_the_same_queries(django_assert_num_queries):
    breizh_cyber()
    for count in (2, 20):
        for _ in range(count):
            declare()
        with django_assert_num_queries(8):  # with its savepoint
            dispatch.announce_all_events()


def test_a_long_queue_is_emptied_in_one_go(monkeypatch):
    monkeypatch.setattr(dispatch, "ANNOUNCED_AT_ONCE", 2)
    breizh_cyber()
    for _ in range(5):
        declare()

    assert dispatch.announce_all_events() == 5
    assert count_pending() == 0


def test_the_task_announces_events_even_while_the_broker_is_down(monkeypatch):
    breizh_cyber()
    declare()
    nudged = []
    monkeypatch.setattr(tasks.deliver_due, "apply_async", lambda **options: nudged.append(options))

    tasks.announce_events()
    tasks.announce_events()

    assert nudged == [{"retry": False}]
    assert Announcement.objects.count() == 1


class TestReconcile:
    def test_an_announced_event_is_not_reported(self, caplog):
        breizh_cyber()
        declare()
        dispatch.announce_all_events()

        assert queries.report_unannounced_events() == 0

    def test_an_event_that_waits_for_long_is_reported(self, clock, caplog):
        breizh_cyber()
        declare()
        assert queries.report_unannounced_events() == 0

        clock.shift(timedelta(minutes=6))
        tasks.reconcile()

        assert queries.report_unannounced_events() == 1
        assert "events without their announcement" in caplog.text

    def test_an_event_whose_waiting_row_was_lost_is_found(self, clock):
        breizh_cyber()
        incident = declare()
        PendingEvent.objects.all().delete()
        clock.shift(timedelta(minutes=6))

        assert queries.list_unannounced_events() == {incident.events.get().pk}

    def test_events_of_simulated_cases_are_not_reported(self, clock):
        breizh_cyber()
        declare(origin="simulation")
        PendingEvent.objects.all().delete()
        clock.shift(timedelta(minutes=6))

        assert IncidentEvent.objects.count() == 1
        assert queries.list_unannounced_events() == set()

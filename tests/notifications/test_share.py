"""Two workers at once, each on its own connection."""

import threading

from django.db import connection

from incidents.models import PendingEvent
from incidents.services.handling.acknowledge import acknowledge_incident
from notifications import dispatch
from notifications.models import Announcement, Delivery
from tests.cast import a_responder, breizh_cyber, declare


def run_at_once(work, count=2):
    def work_and_close():
        try:
            work()
        finally:
            connection.close()

    workers = [threading.Thread(target=work_and_close) for _ in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def test_two_workers_send_each_mail_once(transactional_db, post):
    breizh_cyber()
    for _ in range(40):
        declare()
    dispatch.announce_all_events()
    post.delay = 0.002

    run_at_once(dispatch.send_due_deliveries)

    ids = [message["Message-ID"] for message in post.received]
    assert len(ids) == len(set(ids)) == 80
    assert not Delivery.objects.exclude(status="sent").exists()


def test_two_workers_share_the_messages_of_one_act(transactional_db, post):
    """One message of an act can be claimed at a time: a worker that finds it taken goes on with the next."""
    breizh_cyber()
    responder, cases = a_responder(), [declare() for _ in range(20)]
    dispatch.announce_all_events()
    Delivery.objects.all().delete()
    for case in cases:
        acknowledge_incident(reference=case.reference, actor=responder)
    dispatch.announce_all_events()
    post.delay, counts = 0.02, []

    run_at_once(lambda: counts.append(dispatch.send_due_deliveries()))

    assert sum(counts) == 20
    assert min(counts) >= 5


def test_two_workers_share_the_events(transactional_db):
    breizh_cyber()
    for _ in range(120):
        declare()

    run_at_once(dispatch.announce_all_events)

    assert Announcement.objects.count() == 120
    assert Delivery.objects.count() == 240
    assert not PendingEvent.objects.filter(consumer="notifications").exists()

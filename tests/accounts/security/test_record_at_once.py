"""Recording outside a transaction, and two workers that record the same end: real commits, threads."""

from datetime import timedelta

import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role, SecurityEventKind
from accounts.models import User
from accounts.security.record import record_security_event
from accounts.services.break_glass import record_ended_accesses
from tests.accounts.at_once import act_during_change
from tests.accounts.security.events import list_events
from tests.cast import a_person
from tests.factories.accounts import make_break_glass


def test_outside_a_transaction_recording_is_one_statement(transactional_db):
    with CaptureQueriesContext(connection) as queries:
        record_security_event(SecurityEventKind.KEYS_ROTATED)
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]


def test_two_workers_record_the_end_of_an_access_once(transactional_db):
    access = make_break_glass(a_person(Role.NATIONAL))
    User.objects.filter(pk=access.user_id).update(break_glass_until=access.ends_at)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        act_during_change(record_ended_accesses, record_ended_accesses)
        record_ended_accesses()
    assert list_events() == [("break_glass_ended", "done", "")]
    assert User.objects.get(pk=access.user_id).break_glass_until is None

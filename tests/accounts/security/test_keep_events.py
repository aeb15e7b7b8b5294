"""Security events cannot be changed, and are deleted once they are old, and no sooner."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.enums import Role, SecurityEventKind
from accounts.models import SecurityEvent
from accounts.security.pseudonyms import decrypt_account_ids, list_pseudonyms, load_accounts
from accounts.security.record import record_security_event
from core.secrets import DERIVED, KeyUse
from retention.choices import choose_duration
from retention.enums import DataKind
from retention.models import Destruction
from tests.cast import a_person, a_responder, an_agent
from tests.retention.purging import run_night
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db


def make_event(days=0, **fields):
    """Create an event of so many days ago."""
    values = {"kind": "sign_in", "outcome": "done", "at": timezone.now() - timedelta(days=days)} | fields
    return SecurityEvent.objects.create(**values)


@pytest.mark.parametrize(
    ("change", "days"),
    [
        (lambda: SecurityEvent.objects.update(detail="autre"), 0),
        (lambda: SecurityEvent.objects.update(detail="autre"), 400),
        (lambda: SecurityEvent.objects.all().delete(), 0),
        (lambda: SecurityEvent.objects.all().delete(), 170),
        (lambda: run("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE accounts_securityevent"), 400),
    ],
    ids=["update", "update of an old row", "delete", "delete of six months ago", "truncate"],
)
def test_postgresql_refuses_to_change_an_event_and_to_delete_a_recent_one(change, days):
    event = make_event(days=days)
    with act_as_superuser(), pytest.raises(DatabaseError, match="pgtrigger: "), transaction.atomic():
        change()
    assert SecurityEvent.objects.get().detail == event.detail


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"person": "a@mairie.fr"}, "security_event_names_nobody"),
        ({"actor": "0123456789a"}, "security_event_names_nobody"),
        ({"source": "198.51.100.7"}, "security_event_names_nobody"),
        ({"detail": "quelqu-un@mairie.example"}, "security_event_detail_is_code"),
        ({"detail": "des mots"}, "security_event_detail_is_code"),
        ({"detail": "é"}, "security_event_detail_is_code"),
        ({"kind": "autre"}, "security_event_kind_known"),
        ({"outcome": "autre"}, "security_event_outcome_known"),
        ({"number": 0}, "security_event_happened"),
    ],
)
def test_postgresql_refuses_an_event_that_names_somebody_or_repeats_words(fields, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make_event(**fields)


def test_events_older_than_a_year_are_purged():
    for days in (500, 400, 367, 364, 1):
        make_event(days=days)
    run_night(after=timedelta(0))
    assert SecurityEvent.objects.count() == 2
    certificate = Destruction.objects.get()
    assert (certificate.kind, certificate.count) == (DataKind.SECURITY_EVENTS, 3)


def test_the_administration_keeps_events_for_another_time():
    six_months = {"kind": DataKind.SECURITY_EVENTS, "months": 6, "reason": "Usage de la CNIL"}
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        choose_duration(**six_months, actor=a_person(Role.ADMINISTRATOR))
    for days in (187, 180):
        make_event(days=days)
    run_night(after=timedelta(0))
    assert SecurityEvent.objects.filter(kind="sign_in").count() == 1


# Keys


def test_an_event_names_its_accounts_by_the_key_alone(settings):
    """After a rotation, events of the former key are found as long as it is listed, and name nobody afterwards."""
    responder, agent = a_responder(), an_agent()
    record_security_event(SecurityEventKind.FACTOR_RESET, person=responder, actor=agent)
    event = SecurityEvent.objects.get()
    assert load_accounts([event.sealed_accounts]) == {responder.pk: responder, agent.pk: agent}
    assert decrypt_account_ids(event.sealed_accounts) == [responder.pk, agent.pk]

    former = settings.KEYS_BY_USE
    settings.KEYS_BY_USE = former | {KeyUse.EVENT: [b"k" * 32, DERIVED]}
    assert load_accounts([event.sealed_accounts]) == {responder.pk: responder, agent.pk: agent}
    assert event.person in list_pseudonyms(responder)
    record_security_event(SecurityEventKind.SIGN_OUT, person=responder)
    assert SecurityEvent.objects.latest("id").person == list_pseudonyms(responder)[0] != event.person

    settings.KEYS_BY_USE = former | {KeyUse.EVENT: [b"k" * 32]}
    assert load_accounts([event.sealed_accounts]) == {}
    assert event.person not in list_pseudonyms(responder)

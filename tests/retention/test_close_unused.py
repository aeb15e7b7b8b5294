"""An account that nobody uses is announced, then closed."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, Role
from accounts.models import ApiToken, PendingMail, StoredSession, User
from core.french import format_day
from csirts.models import Csirt
from retention.tasks import purge_by_night, warn_by_night
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber
from tests.factories.accounts import make_api_token
from tests.reading import read_text
from tests.retention.purging import run_night

THREE_YEARS, A_MONTH = timedelta(days=3 * 365 + 2), timedelta(days=31)


@pytest.fixture
def unused(db: None) -> User:
    """Return the account of an agent who never came back."""
    return an_agent()


def list_warned() -> list[str]:
    return sorted(PendingMail.objects.filter(kind=MailKind.UNUSED_ACCOUNT).values_list("to", flat=True))


def test_an_unused_account_is_warned_then_closed(unused, post):
    address = unused.email
    run_night(after=THREE_YEARS - timedelta(days=25))
    assert list_warned() == [address]
    run_night(after=THREE_YEARS)
    assert User.objects.get(pk=unused.pk).is_active, "the warning is younger than thirty days"
    run_night(after=THREE_YEARS + A_MONTH)
    closed = User.objects.get(pk=unused.pk)
    assert (closed.is_active, closed.email) == (False, address)
    assert closed.closed_at
    run_night(after=THREE_YEARS + A_MONTH)
    assert list_warned() == [address]


def test_the_mail_says_when_the_account_closes_and_how_to_keep_it(unused, post):
    run_night(after=THREE_YEARS - timedelta(days=25))
    with time_machine.travel(timezone.now() + THREE_YEARS - timedelta(days=25)):
        send_due_mails()
        closes_on = format_day(timezone.localdate() + timedelta(days=30))
    [mail] = post.list_mails_to(unused.email)
    assert f"Il sera fermé après le {closes_on}" in mail.get_content()
    assert "/connexion/" in mail.get_content()


def test_a_sign_in_keeps_the_account(unused):
    run_night(after=THREE_YEARS - timedelta(days=25))
    User.objects.filter(pk=unused.pk).update(last_login=timezone.now() + THREE_YEARS - timedelta(days=10))
    run_night(after=THREE_YEARS + 2 * A_MONTH)
    assert User.objects.get(pk=unused.pk).is_active


def test_a_reopened_account_is_warned_again_before_it_is_closed(unused):
    run_night(after=THREE_YEARS - timedelta(days=25))
    run_night(after=THREE_YEARS + A_MONTH)
    User.objects.filter(pk=unused.pk).update(is_active=True)
    run_night(after=THREE_YEARS + A_MONTH)
    assert (len(list_warned()), User.objects.get(pk=unused.pk).is_active) == (2, True)


def test_a_warning_of_long_ago_is_sent_again(unused):
    run_night(after=THREE_YEARS - timedelta(days=25))
    run_night(after=THREE_YEARS + timedelta(days=100))
    assert (len(list_warned()), User.objects.get(pk=unused.pk).is_active) == (2, True)


def test_a_program_that_uses_a_token_keeps_the_account(unused):
    make_api_token(unused)
    ApiToken.objects.update(last_used_at=timezone.now() + THREE_YEARS)
    run_night(after=THREE_YEARS + A_MONTH)
    assert list_warned() == []


def test_an_open_session_keeps_the_account(unused):
    Client().force_login(unused)
    StoredSession.objects.update(expire_date=timezone.now() + 2 * THREE_YEARS)
    run_night(after=THREE_YEARS + A_MONTH)
    assert list_warned() == []


def test_the_other_leads_hear_that_an_unused_lead_is_closed(db):
    centre = breizh_cyber()
    unused, other = a_lead(centre), a_lead(centre)
    User.objects.filter(pk=other.pk).update(last_login=timezone.now() + THREE_YEARS)
    run_night(after=THREE_YEARS - timedelta(days=25))
    run_night(after=THREE_YEARS + A_MONTH)
    recipients = PendingMail.objects.filter(kind=MailKind.LEAD_REMOVED, by=None).values_list("to", flat=True)
    assert sorted(recipients) == sorted([unused.email, other.email])


def test_the_last_administrator_and_the_last_lead_are_neither_warned_nor_closed(db):
    """Nor is anybody of several whom nobody in use could replace: the first night would close them together."""
    two_leads = [a_lead(breizh_cyber()), a_lead(breizh_cyber())]
    irreplaceable = [a_person(Role.ADMINISTRATOR), a_person(Role.ADMINISTRATOR), *two_leads]
    responder = a_responder()
    run_night(after=THREE_YEARS - timedelta(days=25))
    run_night(after=THREE_YEARS + A_MONTH)
    assert list_warned() == [responder.email]
    assert set(User.objects.filter(is_active=True)) == {*irreplaceable}


def test_an_administrator_whom_another_one_replaces_is_closed(db):
    unused, other = a_person(Role.ADMINISTRATOR), a_person(Role.ADMINISTRATOR)
    User.objects.filter(pk=other.pk).update(last_login=timezone.now() + THREE_YEARS)
    run_night(after=THREE_YEARS - timedelta(days=25))
    run_night(after=THREE_YEARS + A_MONTH)
    assert list(User.objects.filter(is_active=True)) == [other]
    assert User.objects.get(pk=unused.pk).closed_at


def test_a_lead_of_another_centre_replaces_nobody(db):
    unused, elsewhere = a_lead(breizh_cyber()), a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    User.objects.filter(pk=elsewhere.pk).update(last_login=timezone.now() + THREE_YEARS)
    run_night(after=THREE_YEARS - timedelta(days=25))
    run_night(after=THREE_YEARS + A_MONTH)
    assert User.objects.get(pk=unused.pk).is_active


def test_the_history_of_the_account_says_that_the_purge_closed_it(unused, client):
    run_night(after=THREE_YEARS - timedelta(days=25))
    run_night(after=THREE_YEARS + A_MONTH)
    client.force_login(a_person(Role.ADMINISTRATOR))
    page = read_text(client.get(f"/admin/accounts/user/{unused.pk}/history/"))
    assert "Compte fermé par la plateforme : personne ne s’en servait" in page


def test_a_night_warns_some_and_the_next_nights_the_others(db, monkeypatch):
    """The purge itself, which runs again and again in a night, warns nobody."""
    monkeypatch.setattr("accounts.services.unused.MAX_WARNINGS_AT_ONCE", 2)
    people = [an_agent() for _number in range(3)]
    with time_machine.travel(timezone.now() + THREE_YEARS):
        purge_by_night()
        assert list_warned() == []
        warn_by_night()
        assert list_warned() == sorted(person.email for person in people[:2])
        warn_by_night()
        assert len(list_warned()) == 3


def test_an_account_that_is_opened_again_keeps_its_name(db):
    agent = an_agent()
    User.objects.filter(pk=agent.pk).update(is_active=False)
    User.objects.filter(pk=agent.pk).update(is_active=True)
    assert User.objects.get(pk=agent.pk).closed_at is None
    run_night(after=timedelta(days=366))
    assert User.objects.get(pk=agent.pk).email == agent.email


def test_the_database_writes_when_an_account_is_closed_however_it_is(db):
    agent = an_agent()
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert User.objects.get(pk=agent.pk).closed_at

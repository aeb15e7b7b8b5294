"""Limits of tokens, there and back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection
from django.utils import timezone

from accounts.enums import Role, TokenScope
from accounts.models import ApiToken, Membership, User
from tests.cast import a_responder, breizh_cyber
from tests.factories.accounts import make_api_token

pytestmark = pytest.mark.proof
DAY = timedelta(days=1)


def make_tokens(person):
    """Create a token with all scopes, one that has expired, and one that only reads."""
    for name in ("free", "expired", "reads"):
        make_api_token(person, name=name)
    ApiToken.objects.filter(user=person, name="expired").update(expires_at=timezone.now() - DAY)
    ApiToken.objects.filter(user=person, name="reads").update(scopes=[TokenScope.READ])


def list_live_names():
    """Return the names of the tokens that are not revoked, whatever the columns of this migration."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM accounts_apitoken WHERE revoked_at IS NULL ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


def test_code_that_knows_no_limits_revives_no_token_and_its_tokens_get_limits(take_back_to):
    """A token from before gets all scopes and ninety days. That of a closed account does not work, and reopening the
    account revokes it.
    """
    make_tokens(a_responder())
    closed = a_responder()
    former_lead = a_responder()
    make_api_token(former_lead, name="of a former lead")
    ApiToken.objects.filter(user=former_lead).update(created_at=timezone.now() - 9 * DAY)
    today = timezone.localdate()
    Membership.objects.create(
        user=former_lead, role=Role.LEAD, csirt=breizh_cyber(), since_on=today - 90 * DAY, ended_on=today
    )
    take_back_to("accounts", "0007")
    assert list_live_names() == ["free"]
    close_account_with_token(closed)
    take_back_to("accounts", "0008")  # there again
    User.objects.filter(pk=closed.pk).update(is_active=True)
    assert list_live_names() == ["free"]
    token = ApiToken.objects.get(name="free")
    assert token.scopes == list(TokenScope.values)
    assert abs(token.expires_at - timezone.now() - 90 * DAY) < DAY


def close_account_with_token(person):
    """Close the account of a person who has a token, as in a database without limits."""
    User.objects.filter(pk=person.pk).update(is_active=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_apitoken (user_id, name, token_hash, created_at) VALUES (%s, 'closed', 'x', now())",
            [person.pk],
        )


def test_undoing_the_limits_waits_for_the_programs_that_use_a_token(take_back_to):
    """Neither ends the other: PostgreSQL would break a circle of two that wait."""
    make_tokens(a_responder())
    started, finished = Event(), Event()

    def use_tokens():
        try:
            with connection.cursor() as cursor:
                while not finished.is_set():
                    cursor.execute("UPDATE accounts_apitoken SET last_used_at = now() WHERE name = 'reads'")
                    started.set()
        finally:
            started.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        using = pool.submit(use_tokens)
        started.wait()
        try:
            take_back_to("accounts", "0007")
        finally:
            finished.set()
        using.result()
    assert list_live_names() == ["free"]

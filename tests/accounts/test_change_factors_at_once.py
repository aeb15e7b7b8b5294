"""Second factors that are added or removed at the instant at which somebody else resets or removes them."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from accounts.models import PendingMail, User
from accounts.services.factors import reset_factor
from accounts.services.recovery_codes import make_recovery_codes
from tests.accounts.at_once import act_during_change
from tests.cast import a_lead, a_responder, open_session_with_records

APPLICATION, CODES = "/compte/application/", "/compte/codes-de-secours/nouveaux/"
REMOVE_APPLICATION = "/compte/application/retirer/"


@pytest.fixture
def factor_owner(transactional_db: str) -> User:
    return a_responder()


def add_key(person):
    return Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "Clé"})


def sign_in_by_key(client, person):
    return open_session_with_records(client, person, {"method": "mfa", "type": "webauthn", "passwordless": True})


def test_an_application_that_is_enrolled_during_a_reset_does_not_survive_it(client, factor_owner):
    """Whoever holds the session that the reset is to end would otherwise keep a factor of their own."""
    lead = a_lead()
    Authenticator.objects.filter(user=factor_owner).delete()
    add_key(factor_owner)
    sign_in_by_key(client, factor_owner)
    secret = client.get(APPLICATION).context["form"].secret
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    answer = act_during_change(
        lambda: reset_factor(uid=factor_owner.uid, actor=lead), lambda: client.post(APPLICATION, {"code": code})
    )
    assert answer.headers["Location"] == "/connexion/"
    assert not Authenticator.objects.filter(user=factor_owner).exists()
    assert [mail.kind for mail in PendingMail.objects.filter(to=factor_owner.email)] == ["factor_reset"]


def test_codes_that_are_renewed_during_a_reset_do_not_survive_it(client, factor_owner):
    lead = a_lead()
    make_recovery_codes(factor_owner)
    client.force_login(factor_owner)
    answer = act_during_change(lambda: reset_factor(uid=factor_owner.uid, actor=lead), lambda: client.post(CODES))
    assert answer.headers["Location"] == "/connexion/"
    assert not Authenticator.objects.filter(user=factor_owner).exists()
    assert [mail.kind for mail in PendingMail.objects.filter(to=factor_owner.email)] == ["factor_reset"]


@pytest.mark.parametrize("last", ["application", "key"])
def test_two_removals_at_once_leave_a_factor(client, factor_owner, last):
    """Each of the two sees the other factor until the first removal is committed."""
    key = add_key(factor_owner)
    client.force_login(factor_owner)
    removals = {"application": REMOVE_APPLICATION, "key": f"/compte/cles/{key.pk}/retirer/"}
    second = removals.pop(last)
    [first] = removals.values()
    other = sign_in_by_key(Client(), factor_owner)
    answer = act_during_change(lambda: other.post(first), lambda: client.post(second))
    assert answer.status_code == 422
    assert Authenticator.objects.filter(user=factor_owner).count() == 1

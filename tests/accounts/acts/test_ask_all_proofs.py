"""Changing what signs in asks for the password and the second factor: one of them is not enough."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.cast import PASSWORD, a_lead, an_agent, code_of, open_session_with_records, signed_in
from tests.reading import read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
BY_PASSWORD, BY_CODE = "/compte/confirmer/", "/compte/confirmer/code/"
RENEW, CHANGE = "/compte/codes-de-secours/nouveaux/", "/compte/mot-de-passe/"
THEN_RENEW, THEN_CHANGE = (f"?{urlencode({'next': page})}" for page in (RENEW, CHANGE))
NEW_PASSWORD = "une phrase assez longue"
WORDS = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


@pytest.fixture
def lead() -> User:
    return a_lead()


@pytest.fixture
def client(lead: User) -> Client:
    """Return a browser whose lead signed in an hour ago."""
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        return signed_in(Client(), lead)


def test_the_password_and_then_the_code_open_the_page(client, lead):
    proof_page = client.get(RENEW).headers["Location"]
    assert proof_page == BY_PASSWORD + THEN_RENEW
    proof_page = client.post(proof_page, {"password": PASSWORD}, follow=True).redirect_chain[-1][0]
    assert proof_page == BY_CODE + THEN_RENEW
    assert client.post(proof_page, {"code": code_of(lead)}).headers["Location"] == RENEW
    assert client.get(RENEW).status_code == 200


def test_the_code_and_then_the_password_open_the_page(client, lead):
    client.post(BY_CODE, {"code": code_of(lead)})
    page = client.get(RENEW, follow=True)
    assert page.redirect_chain == [(BY_PASSWORD + THEN_RENEW, 302)]
    assert "il reste à donner votre mot de passe" in read_text(page)
    assert "Avec un code" not in read_text(page), "which was given"
    assert client.post(BY_PASSWORD, {"password": PASSWORD, "next": RENEW}).headers["Location"] == RENEW
    assert client.get(RENEW).status_code == 200


def test_the_same_proof_given_twice_is_one(client):
    for _time in range(2):
        client.post(BY_PASSWORD, {"password": PASSWORD})
        assert client.get(RENEW).headers["Location"].startswith(BY_CODE)


def test_a_proof_of_six_minutes_ago_does_not_count(client, lead):
    with time_machine.travel(timezone.now() - timedelta(minutes=6)):
        client.post(BY_CODE, {"code": code_of(lead)})
    client.post(BY_PASSWORD, {"password": PASSWORD})
    assert client.get(RENEW).headers["Location"].startswith(BY_CODE)


def test_a_form_is_kept_through_both_proofs_and_sent_once(client, lead):
    key = Authenticator.objects.create(user=lead, type=Authenticator.Type.WEBAUTHN, data={"name": "Clé"})
    removal = f"/compte/cles/{key.pk}/retirer/"
    client.post(removal)
    client.post(BY_PASSWORD, {"password": PASSWORD, "next": removal})
    assert Authenticator.objects.filter(pk=key.pk).exists()
    stored_form = client.session[STATE_SESSION_KEY]["request"]
    assert PASSWORD not in stored_form
    assert removal in stored_form
    client.post(BY_CODE, {"code": code_of(lead), "next": removal})
    assert not Authenticator.objects.filter(pk=key.pk).exists()
    assert STATE_SESSION_KEY not in client.session


def test_an_account_without_factor_gives_its_password_alone():
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        client = open_session_with_records(Client(), an_agent(), {"method": "password"})
    page = "/compte/application/"
    client.post(client.get(page).headers["Location"], {"password": PASSWORD})
    assert client.get(page).status_code == 200


def test_who_has_just_signed_in_is_asked_nothing(lead):
    assert signed_in(Client(), lead).get(RENEW).status_code == 200


def test_a_sign_in_with_a_passkey_alone_proves_both(lead):
    """The device checks who uses it. A passkey that only confirms is a second factor."""
    passkey = {"method": "mfa", "type": "webauthn"}
    assert open_session_with_records(Client(), lead, passkey | {"passwordless": True}).get(RENEW).status_code == 200
    assert open_session_with_records(Client(), lead, passkey).get(RENEW).status_code == 302


# The password


def test_a_new_password_asks_for_the_second_factor_first(client, lead):
    assert client.get(CHANGE).headers["Location"] == BY_CODE + THEN_CHANGE
    client.post(CHANGE, WORDS)
    lead.refresh_from_db()
    assert lead.check_password(PASSWORD)
    assert STATE_SESSION_KEY not in client.session, "which would hold passwords"
    client.post(BY_CODE, {"code": code_of(lead), "next": CHANGE})
    assert client.get(CHANGE).status_code == 200
    client.post(CHANGE, WORDS)
    lead.refresh_from_db()
    assert lead.check_password(NEW_PASSWORD)


def test_a_new_password_of_an_account_without_factor_asks_for_the_present_one_alone():
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        client = open_session_with_records(Client(), an_agent(), {"method": "password"})
    assert client.post(CHANGE, WORDS | {"oldpassword": "faux"}).status_code == 422
    assert client.post(CHANGE, WORDS).status_code == 302


def test_who_has_only_a_passkey_is_led_to_its_page(lead):
    Authenticator.objects.all().delete()
    Authenticator.objects.create(user=lead, type=Authenticator.Type.WEBAUTHN, data={"name": "Clé"})
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        client = signed_in(Client(), lead)
    assert client.get(CHANGE).headers["Location"] == "/compte/confirmer/cle/" + THEN_CHANGE

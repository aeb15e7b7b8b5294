"""Tokens of the API, made and revoked on the page of one's account."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, Role
from accounts.models import ApiToken, PendingMail, User
from accounts.services.tokens import MAX_LIVE_TOKENS
from accounts.tokens import find_live_token
from tests.cast import PASSWORD, a_person, a_responder, an_agent, breizh_cyber, sign_in_by_password

pytestmark = pytest.mark.django_db
LIST, NEW = "/compte/jetons/", "/compte/jetons/nouveau/"


@pytest.fixture
def signed_in_responder(client: Client) -> User:
    responder = a_responder()
    client.force_login(responder)
    return responder


def get_form_key(client):
    return client.get(NEW).context["form"].initial["key"]


def make_token(client, key="", **answers):
    fields = {"name": "SIEM de nuit", "key": key or get_form_key(client), "scopes": ["read"], "days": 90}
    return client.post(NEW, fields | answers)


def find_token(answer):
    match = re.search(r"tocsin_[\w-]+", answer.content.decode())
    return match.group() if match else ""


def get_api_status(token):
    return Client().get("/api/v1/incidents/", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_is_shown_once_and_opens_the_api_until_revoked(client, signed_in_responder):
    """Only its hash is stored, and a mail warns the owner."""
    token = find_token(make_token(client))
    assert find_live_token(token).user == signed_in_responder
    assert token not in str(list(ApiToken.objects.values()))
    assert [mail.kind for mail in PendingMail.objects.all()] == [MailKind.TOKEN_MADE]
    assert send_due_mails() == 1
    page = client.get(LIST).content.decode()
    assert "SIEM de nuit" in page
    assert "tocsin_" not in page

    assert get_api_status(token) == 200
    row = ApiToken.objects.get()
    revoke = f"{LIST}{row.uid}/revoquer/"
    assert client.get(revoke).status_code == 200
    assert get_api_status(token) == 200
    for _click in range(2):
        assert client.post(revoke).status_code == 302
    assert get_api_status(token) == 401
    assert "révoqué le" in client.get(LIST).content.decode()
    assert ApiToken.objects.count() == 1


def test_only_a_token_that_still_opens_the_api_is_offered_to_be_revoked(client, signed_in_responder):
    make_token(client)
    link = f'<a href="{LIST}{ApiToken.objects.get().uid}/revoquer/">Révoquer SIEM de nuit</a>'
    assert link in client.get(LIST).content.decode()
    ApiToken.objects.update(revoked_at=timezone.now())
    assert link not in client.get(LIST).content.decode()


def test_a_double_click_makes_one_token_and_shows_it(client, signed_in_responder):
    key = get_form_key(client)
    first, second = (find_token(make_token(client, key=key)) for _click in range(2))
    assert first == second != ""
    assert ApiToken.objects.count() == PendingMail.objects.count() == 1


def test_a_form_sent_again_minutes_later_shows_no_token(client, signed_in_responder):
    key = get_form_key(client)
    make_token(client, key=key)
    ApiToken.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    again = make_token(client, key=key)
    assert again.headers["Location"] == LIST
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("changed", [{"scopes": ["read", "triage"]}, {"days": 30}, {"name": "SIEM de jour"}])
def test_a_form_sent_again_with_other_answers_makes_another_token(client, signed_in_responder, changed):
    """Whoever goes back and changes an answer gets the token that was asked for, not the one from before."""
    key = get_form_key(client)
    first, second = find_token(make_token(client, key=key)), find_token(make_token(client, key=key, **changed))
    assert first != second != ""
    assert [find_live_token(token).scopes for token in (first, second)] == [["read"], changed.get("scopes", ["read"])]


def test_two_people_with_one_form_key_get_two_tokens(client, signed_in_responder):
    key = get_form_key(client)
    own_token = find_token(make_token(client, key=key))
    other = Client()
    other.force_login(an_agent())
    other_token = find_token(make_token(other, key=key))
    assert own_token != other_token != ""


def test_the_password_is_asked_again_an_hour_after_signing_in(client, signed_in_responder):
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        redirect = client.get(NEW)
        assert redirect.headers["Location"].startswith("/compte/confirmer/?next=")
        assert make_token(client, key="x" * 32).status_code == 302
        assert not ApiToken.objects.exists()
        client.post(redirect.headers["Location"], {"password": PASSWORD})
        assert find_token(make_token(client))


def test_a_responder_without_second_factor_makes_no_token(client):
    sign_in_by_password(client, a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False))
    assert client.post(NEW, {"name": "x", "key": "y"}).headers["Location"] == "/compte/"
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("role", [Role.NATIONAL, Role.ADMINISTRATOR])
def test_a_role_that_reads_no_case_has_no_token(client, role):
    client.force_login(a_person(role))
    assert "Jetons d’API" not in client.get("/compte/").content.decode()
    assert client.get(LIST).status_code == client.get(NEW).status_code == 404
    assert client.post(NEW, {"name": "x", "key": "y"}).status_code == 404
    assert not ApiToken.objects.exists()


def test_nobody_revokes_the_token_of_somebody_else(client, signed_in_responder):
    token = find_token(make_token(client))
    client.force_login(an_agent())
    revoke = f"{LIST}{ApiToken.objects.get().uid}/revoquer/"
    assert client.get(revoke).status_code == client.post(revoke).status_code == 404
    assert find_live_token(token).user == signed_in_responder


def test_a_wrong_name_or_one_token_too_many_is_refused(client, signed_in_responder):
    for name in ("", "x" * 81, "\u200b"):
        assert make_token(client, name=name).status_code == 422
    for number in range(MAX_LIVE_TOKENS):
        make_token(client, name=f"programme {number}")
    full = make_token(client, name="un de trop")
    assert full.status_code == 422
    assert "Révoquez-en un" in full.content.decode()
    assert "un de trop" in full.content.decode()
    assert ApiToken.objects.count() == MAX_LIVE_TOKENS


def test_the_last_use_of_a_token_is_recorded_every_ten_minutes_at_most(
    client, signed_in_responder, django_assert_num_queries
):
    token = find_token(make_token(client))
    assert "Jamais utilisé" in client.get(LIST).content.decode()
    find_live_token(token)
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    find_live_token(token)
    assert ApiToken.objects.get().last_used_at == first
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        find_live_token(token)
    assert ApiToken.objects.get().last_used_at > first
    assert "Dernier usage" in client.get(LIST).content.decode()


def test_a_hostile_name_is_escaped(client, signed_in_responder):
    make_token(client, name="<script>alert(1)</script>\u202e")
    page = client.get(LIST).content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_a_bounded_number_of_queries(client, signed_in_responder, django_assert_max_num_queries):
    for number in (2, 50):
        while ApiToken.objects.count() < number:
            ApiToken.objects.create(user=signed_in_responder, name="x", token_hash=f"{ApiToken.objects.count():064}")
        with django_assert_max_num_queries(10):
            client.get(LIST)

"""Tokens of the API, made and revoked on the page of one's account."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, Role
from accounts.models import ApiToken, PendingMail
from accounts.services.tokens import MAX_LIVE_TOKENS
from accounts.tokens import find_token_user
from tests.cast import PASSWORD, a_person, a_responder, an_agent, breizh_cyber, half_signed_in

pytestmark = pytest.mark.django_db
LIST, NEW = "/compte/jetons/", "/compte/jetons/nouveau/"


@pytest.fixture
def responder(client):
    responder = a_responder()
    client.force_login(responder)
    return responder


def key_on(client):
    return client.get(NEW).context["form"].initial["key"]


def make(client, name="SIEM de nuit", key=""):
    return client.post(NEW, {"name": name, "key": key or key_on(client)})


def token_in(answer):
    found = re.search(r"tocsin_[\w-]+", answer.content.decode())
    return found.group() if found else ""


def ask(token):
    return Client().get("/api/v1/incidents/", headers={"Authorization": f"Bearer {token}"}).status_code


def test_it_works(client, responder):
    """Shown once, kept as a hash, told by mail; it opens the API until it is revoked."""
    token = token_in(make(client))
    assert find_token_user(token) == responder
    assert token not in str(list(ApiToken.objects.values()))
    assert [mail.kind for mail in PendingMail.objects.all()] == [MailKind.TOKEN_MADE]
    assert send_due_mails() == 1
    page = client.get(LIST).content.decode()
    assert "SIEM de nuit" in page
    assert "tocsin_" not in page

    assert ask(token) == 200
    row = ApiToken.objects.get()
    revoke = f"{LIST}{row.uid}/revoquer/"
    assert client.get(revoke).status_code == 200
    assert ask(token) == 200
    for _click in range(2):
        assert client.post(revoke).status_code == 302
    assert ask(token) == 401
    assert "révoqué le" in client.get(LIST).content.decode()
    assert ApiToken.objects.count() == 1


def test_a_double_click_makes_one_token_and_shows_it(client, responder):
    key = key_on(client)
    first, second = (token_in(make(client, key=key)) for _click in range(2))
    assert first == second != ""
    assert ApiToken.objects.count() == PendingMail.objects.count() == 1


def test_the_page_found_again_later_shows_nothing(client, responder):
    key = key_on(client)
    make(client, key=key)
    ApiToken.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    again = make(client, key=key)
    assert again.headers["Location"] == LIST
    assert ApiToken.objects.count() == 1


def test_the_key_of_a_form_makes_no_token_of_somebody_else(client, responder):
    key = key_on(client)
    mine = token_in(make(client, key=key))
    other = Client()
    other.force_login(an_agent())
    theirs = token_in(make(other, key=key))
    assert mine != theirs != ""


def test_long_after_signing_in_one_is_asked_again(client, responder):
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        asked = client.get(NEW)
        assert asked.headers["Location"].startswith("/compte/confirmer/?next=")
        assert make(client, key="x" * 32).status_code == 302
        assert not ApiToken.objects.exists()
        client.post(asked.headers["Location"], {"password": PASSWORD})
        assert token_in(make(client))


def test_a_password_alone_makes_none_for_who_must_have_more(client):
    half_signed_in(client, a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False))
    assert client.post(NEW, {"name": "x", "key": "y"}).headers["Location"] == "/compte/"
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("role", [Role.NATIONAL, Role.ADMINISTRATOR])
def test_who_reads_no_case_has_none(client, role):
    client.force_login(a_person(role))
    assert "Jetons d’API" not in client.get("/compte/").content.decode()
    assert client.get(LIST).status_code == client.get(NEW).status_code == 404
    assert client.post(NEW, {"name": "x", "key": "y"}).status_code == 404
    assert not ApiToken.objects.exists()


def test_nobody_revokes_the_token_of_another(client, responder):
    token = token_in(make(client))
    client.force_login(an_agent())
    revoke = f"{LIST}{ApiToken.objects.get().uid}/revoquer/"
    assert client.get(revoke).status_code == client.post(revoke).status_code == 404
    assert find_token_user(token) == responder


def test_what_is_wrong_is_said_and_makes_nothing(client, responder):
    for name in ("", "x" * 81):
        assert make(client, name=name).status_code == 422
    for number in range(MAX_LIVE_TOKENS):
        make(client, name=f"programme {number}")
    full = make(client, name="un de trop")
    assert full.status_code == 422
    assert "Révoquez-en un" in full.content.decode()
    assert "un de trop" in full.content.decode()
    assert ApiToken.objects.count() == MAX_LIVE_TOKENS


def test_its_last_use_is_noted_now_and_then(client, responder, django_assert_num_queries):
    token = token_in(make(client))
    assert "Jamais utilisé" in client.get(LIST).content.decode()
    find_token_user(token)
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    find_token_user(token)
    assert ApiToken.objects.get().last_used_at == first
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        find_token_user(token)
    assert ApiToken.objects.get().last_used_at > first
    assert "Dernier usage" in client.get(LIST).content.decode()


def test_a_hostile_name_is_only_a_name(client, responder):
    make(client, name="<script>alert(1)</script>\u202e")
    page = client.get(LIST).content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_a_bounded_number_of_queries(client, responder, django_assert_max_num_queries):
    for number in (2, 50):
        while ApiToken.objects.count() < number:
            ApiToken.objects.create(user=responder, name="x", token_hash=f"{ApiToken.objects.count():064}")
        with django_assert_max_num_queries(10):
            client.get(LIST)

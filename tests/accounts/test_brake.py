"""Guessing passwords is slowed for one account; the others of the same town hall notice nothing."""

import pytest
from django.core.cache import cache, caches
from django.db import IntegrityError, transaction
from django.test import Client, override_settings
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from accounts.enums import Role
from accounts.models import User
from config import steady_cache
from core.request_counter import count_request
from tests.cast import PASSWORD, a_person, a_responder, an_agent, code_of, plouexemple

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


def refuse_connection():
    raise RedisConnectionError


def sign_in(user, password=PASSWORD, *, address="192.0.2.1"):
    return Client().post("/connexion/", {"login": user.email, "password": password}, REMOTE_ADDR=address)


def guess(user, times, **kwargs):
    for _ in range(times):
        assert sign_in(user, "faux", **kwargs).status_code == 422


def is_refused(answer):
    return answer.status_code == 422 and "Trop d’essais pour ce compte" in answer.content.decode()


def test_five_wrong_passwords_block_one_account_only():
    victim, colleague = an_agent(), an_agent()
    guess(victim, 5)
    assert is_refused(sign_in(victim))
    assert sign_in(colleague).status_code == 302


def test_the_victim_signs_in_from_another_address():
    victim = an_agent()
    guess(victim, 5)
    assert sign_in(victim, address="192.0.2.99").status_code == 302


def test_the_ipv6_addresses_of_one_subscriber_count_as_one():
    victim = an_agent()
    for number in range(1, 6):
        guess(victim, 1, address=f"2001:db8:1:20{number}::1")
    assert is_refused(sign_in(victim, address="2001:db8:1:2ff::99"))
    assert sign_in(victim, address="2001:db8:1:300::1").status_code == 302


def test_capitals_in_the_address_do_not_get_round_the_brake():
    victim = an_agent()
    guess(victim, 5)
    victim.email = victim.email.upper()
    assert is_refused(sign_in(victim))


@pytest.mark.parametrize(("part", "lookalike"), [("s", "ſ"), ("k", "\N{KELVIN SIGN}"), ("demo", "ｄemo")])
def test_other_forms_of_the_address_do_not_get_round_the_brake(part, lookalike):
    """An account was found under « ſ » too, because PostgreSQL gives it the capital of « s »."""
    victim = a_person(Role.AGENT, email="skies@demo.example", collectivity=plouexemple())
    guess(victim, 5)
    victim.email = victim.email.replace(part, lookalike, 1)
    assert is_refused(sign_in(victim))


@pytest.mark.parametrize("lookalike", ["ı", "İ"])
def test_a_turkish_i_finds_no_account(lookalike):
    victim = a_person(Role.AGENT, email="ikies@demo.example", collectivity=plouexemple())
    guess(victim, 5)
    victim.email = victim.email.replace("i", lookalike, 1)
    refusal = sign_in(victim)
    assert refusal.status_code == 422
    assert not is_refused(refusal)


def test_an_account_is_stored_under_one_form_of_its_address():
    account = User.objects.create_user("Hre\N{LATIN SMALL LETTER LONG S}p@Demo.Example", display_name="")
    assert account.email == "hresp@demo.example"
    with pytest.raises(IntegrityError, match="user_email_normalised"), transaction.atomic():
        User.objects.filter(pk=account.pk).update(email="Hresp@demo.example")


def test_many_addresses_do_not_get_round_the_brake_for_long():
    victim = an_agent()
    for number in range(6):
        guess(victim, 5, address=f"192.0.2.{number}")
    assert is_refused(sign_in(victim, address="192.0.2.200"))


def test_a_right_password_does_not_count_as_a_failed_try():
    agent = an_agent()
    for _ in range(8):
        assert sign_in(agent).status_code == 302


def test_an_unknown_address_is_slowed_too():
    """Otherwise a guesser would learn which accounts exist."""
    nobody = User(email="inconnu@demo.example")
    guess(nobody, 5)
    assert is_refused(sign_in(nobody))


def test_the_brake_works_while_valkey_is_down(dead_valkey):
    victim, colleague = an_agent(), an_agent()
    assert sign_in(colleague).status_code == 302
    guess(victim, 5)
    assert is_refused(sign_in(victim))
    assert sign_in(colleague).status_code == 302


def test_a_code_opens_once_while_valkey_is_down(dead_valkey):
    responder = a_responder()
    code = code_of(responder)
    for expected in (302, 422):
        client = Client()
        client.post("/connexion/", {"login": responder.email, "password": PASSWORD})
        assert client.post("/connexion/code/", {"code": code}).status_code == expected


def test_only_the_brakes_keys_are_stored_while_valkey_is_down(dead_valkey):
    with pytest.raises(Exception, match="refused"):
        caches["default"].add("declare:someone", 0)


def test_valkey_is_tried_again_after_a_while(dead_valkey):
    caches["default"].add("allauth:rl:x", 1)
    assert steady_cache._silent_until > 0
    with override_settings():
        assert caches["default"].get("allauth:rl:x") == 1


def test_a_request_is_counted_in_one_round_trip_within_a_period_that_ends(rf, monkeypatch):
    valkey = cache._cache.get_client(write=True)
    packets, send = [], AbstractConnection.send_packed_command
    monkeypatch.setattr(
        AbstractConnection,
        "send_packed_command",
        lambda self, command, **options: packets.append(command) or send(self, command, **options),
    )
    assert [count_request(rf.get("/"), "essai", within_seconds=60) for _turn in range(3)] == [1, 2, 3]
    assert len(packets) == 3
    (key,) = valkey.keys("*essai*")
    assert 0 < valkey.ttl(key) <= 60


def test_requests_are_not_counted_for_a_while_once_valkey_was_silent(rf, dead_valkey, monkeypatch):
    """Otherwise each page would wait for it, and write a line of the log."""
    tries = []
    monkeypatch.setattr(AbstractConnection, "connect", lambda *args, **options: tries.append(1) or refuse_connection())
    with capture_logs() as lines:
        assert [count_request(rf.get("/"), "essai", within_seconds=60) for _turn in range(3)] == [0, 0, 0]
    assert (len(tries), len(lines)) == (1, 1)


def test_wrong_confirmations_of_a_signed_in_person_are_limited_for_longer_than_a_minute(client, time_machine):
    """They count with the sign-ins of the account, so that a thief of a session guesses no faster than a stranger."""
    time_machine.move_to("2026-11-30T10:00:00+00:00", tick=False)
    responder = a_responder()
    client.force_login(responder)
    for minute in range(6):
        time_machine.move_to(f"2026-11-30T10:{minute:02}:00+00:00", tick=False)
        for _try in range(5):
            answer = client.post("/compte/confirmer/", {"password": "faux"}, REMOTE_ADDR=f"192.0.2.{minute}")
            assert "Ce mot de passe n’est pas le bon" in answer.content.decode()
    time_machine.move_to("2026-11-30T10:14:00+00:00", tick=False)
    assert is_refused(client.post("/compte/confirmer/", {"password": PASSWORD}, REMOTE_ADDR="192.0.2.99"))
    assert is_refused(sign_in(responder, address="192.0.2.98"))

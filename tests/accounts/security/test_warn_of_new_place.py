"""A person whose password alone opens the account hears when it was opened from a new network address."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.enums import MailKind
from accounts.models import PendingMail, User
from core.secrets import DERIVED, KeyUse
from tests.cast import PASSWORD, a_responder, an_agent, code_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
OFFICE, ELSEWHERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def agent() -> User:
    """Return an agent who signed in at the office a month ago, for the first time."""
    agent = an_agent()
    with time_machine.travel(timezone.now() - timedelta(days=30)):
        sign_in(agent, OFFICE)
    return agent


def sign_in(user: User, address: str, password: str = PASSWORD) -> Client:
    client = Client(headers={"X-Forwarded-For": address})
    client.post("/connexion/", {"login": user.email, "password": password})
    return client


def count_mails() -> int:
    return PendingMail.objects.filter(kind=MailKind.NEW_PLACE).count()


def test_a_sign_in_from_a_new_address_is_mailed_once(agent):
    sign_in(agent, ELSEWHERE)
    mail = PendingMail.objects.get()
    assert (mail.kind, mail.to) == (MailKind.NEW_PLACE, agent.email)
    sign_in(agent, ELSEWHERE)
    assert count_mails() == 1


def test_the_first_sign_in_and_those_from_the_same_place_are_not_mailed(agent):
    sign_in(agent, OFFICE)
    assert count_mails() == 0


def test_an_account_without_recorded_sign_in_gets_no_mail():
    """Such as each account right after the update, or once its events are too old."""
    agent = an_agent()
    User.objects.filter(pk=agent.pk).update(last_login=timezone.now() - timedelta(days=400))
    sign_in(agent, ELSEWHERE)
    assert count_mails() == 0


@pytest.mark.parametrize("listed", [[b"k" * 32, DERIVED], [b"k" * 32]], ids=["former listed", "former removed"])
def test_a_new_key_makes_no_known_place_new(agent, settings, listed):
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.EVENT: listed}
    sign_in(agent, OFFICE)
    assert count_mails() == 0


def test_a_wrong_password_is_not_mailed_and_makes_no_place_known(agent):
    sign_in(agent, ELSEWHERE, "faux")
    assert count_mails() == 0
    sign_in(agent, ELSEWHERE)
    assert count_mails() == 1


def test_the_place_of_another_account_is_new(agent):
    other = an_agent()
    sign_in(other, ELSEWHERE)
    sign_in(agent, ELSEWHERE)
    assert PendingMail.objects.get().to == agent.email


def test_whoever_shows_a_second_factor_gets_no_mail():
    responder = a_responder()
    for address in (OFFICE, ELSEWHERE):
        client = sign_in(responder, address)
        assert client.post("/connexion/code/", {"code": code_of(responder)}).status_code == 302
    assert count_mails() == 0

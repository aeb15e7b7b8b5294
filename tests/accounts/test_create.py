"""The two commands that make the first administrator and a program's key."""

import getpass

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command

from accounts.enums import Role
from accounts.models import ApiToken, User
from accounts.tokens import find_token_user, issue_token
from tests.cast import SECRET, a_person, a_responder, breizh_cyber

pytestmark = pytest.mark.django_db
EMAIL = "alix@mairie.example"


@pytest.fixture
def typed(monkeypatch):
    def type_password(password):
        monkeypatch.setattr(getpass, "getpass", lambda prompt: password)

    type_password("une-phrase-bien-longue")
    return type_password


def test_it_works(typed):
    call_command("create_administrator", EMAIL, name="Alix Fictif")

    user = User.objects.get(email=EMAIL)
    assert user.check_password("une-phrase-bien-longue")
    assert user.has_role(Role.ADMINISTRATOR)
    assert user.is_staff
    assert not user.is_superuser
    assert user.get_full_name() == user.get_short_name() == str(user) == "Alix Fictif"


def test_weak_password_makes_nobody(typed):
    typed("12345678")
    with pytest.raises(CommandError):
        call_command("create_administrator", EMAIL)

    assert not User.objects.exists()


def test_same_address_twice(typed):
    call_command("create_administrator", EMAIL)
    with pytest.raises(CommandError):
        call_command("create_administrator", EMAIL.upper())

    assert User.objects.count() == 1


def test_token_is_said_once_and_opens(capsys):
    responder = a_responder(breizh_cyber())
    call_command("create_api_token", responder.email, name="SIEM")

    token = capsys.readouterr().out.strip()
    assert find_token_user(token) == responder
    assert str(ApiToken.objects.get()) == f"{responder} : SIEM"


def test_no_token_for_nobody():
    with pytest.raises(CommandError):
        call_command("create_api_token", EMAIL)

    assert not ApiToken.objects.exists()


def test_a_token_is_no_way_round_the_second_factor():
    responder = a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False)
    token = issue_token(responder, name="essai")
    assert find_token_user(token) is None
    TOTP.activate(responder, SECRET)
    assert find_token_user(token) == responder

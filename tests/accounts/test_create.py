"""The two commands that make the first administrator and a program's key."""

import getpass
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command

from accounts.enums import MailKind, Role, TokenScope
from accounts.management.commands import create_api_token
from accounts.models import ApiToken, PendingMail, User
from accounts.services.tokens import MAX_LIVE_TOKENS, make_token
from accounts.tokens import find_live_token
from tests.cast import SECRET, a_person, a_responder, an_agent, breizh_cyber
from tests.factories.accounts import make_api_token

pytestmark = pytest.mark.django_db
EMAIL = "alix@mairie.example"


@pytest.fixture
def type_password(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def answer_prompts_with(password: str) -> None:
        monkeypatch.setattr(getpass, "getpass", lambda prompt: password)

    answer_prompts_with("une-phrase-bien-longue")
    return answer_prompts_with


@pytest.mark.parametrize("address", ["alix", "a@evil.example，b＠exemple.example"])
def test_command_refuses_what_is_no_address(type_password, address):
    with pytest.raises(CommandError, match="adresse"):
        call_command("create_administrator", address)


def test_command_creates_an_administrator(type_password):
    call_command("create_administrator", EMAIL, name="Alix Fictif")

    user = User.objects.get(email=EMAIL)
    assert user.check_password("une-phrase-bien-longue")
    assert user.has_role(Role.ADMINISTRATOR)
    assert user.is_staff
    assert not user.is_superuser
    assert user.get_full_name() == user.get_short_name() == str(user) == "Alix Fictif"


def test_command_refuses_a_weak_password(type_password):
    type_password("12345678")
    with pytest.raises(CommandError):
        call_command("create_administrator", EMAIL)

    assert not User.objects.exists()


def test_command_refuses_an_address_in_use(type_password):
    call_command("create_administrator", EMAIL)
    with pytest.raises(CommandError):
        call_command("create_administrator", EMAIL.upper())

    assert User.objects.count() == 1


def test_command_prints_a_token_that_opens_the_api(capsys):
    responder = a_responder(breizh_cyber())
    call_command("create_api_token", responder.email, name="SIEM")

    token = capsys.readouterr().out.strip()
    assert find_live_token(token).user == responder
    assert str(ApiToken.objects.get()) == f"{responder} : SIEM"


def test_command_makes_a_token_as_the_page_does():
    """Its owner receives a mail, and the command refuses the eleventh token and a person to whom the API gives
    nothing.
    """
    responder, administrator = a_responder(breizh_cyber()), a_person(Role.ADMINISTRATOR)
    call_command("create_api_token", responder.email)
    assert PendingMail.objects.get().kind == MailKind.TOKEN_MADE
    for _number in range(MAX_LIVE_TOKENS - 1):
        make_api_token(responder)
    with pytest.raises(CommandError, match="a déjà 10 jetons"):
        call_command("create_api_token", responder.email)
    with pytest.raises(CommandError, match="l’API ne lui donnerait rien"):
        call_command("create_api_token", administrator.email)
    assert ApiToken.objects.count() == MAX_LIVE_TOKENS


def test_the_token_of_the_command_reads_unless_told_otherwise():
    responder = a_responder(breizh_cyber())
    call_command("create_api_token", responder.email)
    call_command("create_api_token", responder.email, "--scopes", "read", "triage", "--days", "365")
    first, second = ApiToken.objects.order_by("pk")
    assert (first.scopes, second.scopes) == ([TokenScope.READ], [TokenScope.READ, TokenScope.TRIAGE])
    lives = [round((token.expires_at - token.created_at) / timedelta(days=1)) for token in (first, second)]
    assert lives == [90, 365]


def test_command_refuses_a_scope_that_the_person_cannot_use():
    agent, quoted = an_agent(), "«\N{NO-BREAK SPACE}triage\N{NO-BREAK SPACE}»"
    with pytest.raises(CommandError, match=f"ne peut pas utiliser la portée {quoted}"):
        call_command("create_api_token", agent.email, "--scopes", "read", "triage")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("create_api_token", agent.email, "--days", "4000")
    assert not ApiToken.objects.exists()


def test_command_says_that_the_account_has_just_changed(monkeypatch):
    responder = a_responder(breizh_cyber())

    def make_token_after_a_change(**fields):
        User.objects.filter(pk=responder.pk).update(session_stamp=uuid4())
        return make_token(**fields)

    monkeypatch.setattr(create_api_token, "make_token", make_token_after_a_change)
    with pytest.raises(CommandError, match="Ce compte vient de changer"):
        call_command("create_api_token", responder.email)
    assert not ApiToken.objects.exists()


def test_command_refuses_a_token_for_an_unknown_address():
    with pytest.raises(CommandError):
        call_command("create_api_token", EMAIL)

    assert not ApiToken.objects.exists()


def test_a_token_does_not_bypass_the_second_factor():
    responder = a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False)
    token = make_api_token(responder)
    assert find_live_token(token) is None
    TOTP.activate(responder, SECRET)
    assert find_live_token(token).user == responder

"""The second factor at sign-in: codes that open once, and no brute force."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.services.recovery_codes import make_recovery_codes
from tests.cast import PASSWORD, a_responder, code_of
from tests.responses import Response

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
CODE = "/connexion/code/"


@pytest.fixture
def responder_before_code(client: Client) -> User:
    """Return a responder whose password has just been accepted."""
    responder = a_responder()
    post_password(client, responder)
    return responder


def post_password(client: Client, user: User) -> Response:
    return client.post("/connexion/", {"login": user.email, "password": PASSWORD})


def test_a_code_signs_the_responder_in(client, responder_before_code):
    assert client.post(CODE, {"code": code_of(responder_before_code)}).headers["Location"] == "/admin/"


def test_a_code_may_have_a_space_as_applications_show_it(client, responder_before_code):
    code = code_of(responder_before_code)
    assert client.post(CODE, {"code": f"{code[:3]} {code[3:]}"}).status_code == 302


def test_a_code_that_was_used_is_refused(client, responder_before_code):
    code = code_of(responder_before_code)
    client.post(CODE, {"code": code})
    client.post("/deconnexion/")
    post_password(client, responder_before_code)
    again = client.post(CODE, {"code": code})
    assert again.status_code == 422
    assert "il a déjà servi" in again.content.decode()
    assert not client.session.get("_auth_user_id")


def test_a_used_code_stays_refused_when_allauth_has_forgotten_it(client, responder_before_code):
    """allauth remembers a code for one period; with a tolerant clock it would open for three."""
    code = code_of(responder_before_code)
    client.post(CODE, {"code": code})
    cache.delete(f"allauth.mfa.totp.used?user={responder_before_code.pk}&code={code}")
    client.post("/deconnexion/")
    post_password(client, responder_before_code)
    assert client.post(CODE, {"code": code}).status_code == 422


@pytest.mark.parametrize("code", ["", "000000", "abc", "é" * 6, "1" * 5000, "٣" * 6])
def test_a_wrong_code_is_refused(client, responder_before_code, code):
    answer = client.post(CODE, {"code": code})
    assert answer.status_code == 422
    assert "Un point à corriger" in answer.content.decode()
    assert not client.session.get("_auth_user_id")


def test_a_recovery_code_opens_once(client, responder_before_code):
    codes = make_recovery_codes(responder_before_code)
    assert client.post(CODE, {"code": codes[3]}).status_code == 302
    client.post("/deconnexion/")
    post_password(client, responder_before_code)
    assert client.post(CODE, {"code": codes[3]}).status_code == 422
    assert client.post(CODE, {"code": f"{codes[4][:4]} {codes[4][4:]}"}).status_code == 302, "with a space, as printed"
    assert len(Authenticator.objects.get(type="recovery_codes").data["hashes"]) == 8


def test_guessing_codes_is_slowed(client, responder_before_code):
    for _ in range(5):
        client.post(CODE, {"code": "000000"})
    answer = client.post(CODE, {"code": code_of(responder_before_code)})
    assert answer.status_code == 422
    assert "Trop d’essais pour ce compte" in answer.content.decode()


def test_a_person_may_give_up_at_the_code(client, responder_before_code):
    client.post("/deconnexion/")
    assert client.get(CODE).headers["Location"] == "/connexion/"
    assert client.get("/connexion/").status_code == 200


NONSENSE = ["", "{}", "null", "[]", '{"id": 1}', '{"response": []}', "x", "1" * 5_000, "[" * 100_000]


@pytest.mark.parametrize("credential", NONSENSE)
def test_a_malformed_security_key_answer_is_refused(client, responder_before_code, credential):
    assert client.post(CODE, {"credential": credential}).status_code == 422
    assert client.post("/connexion/cle/", {"credential": credential}).headers["Location"] in ("/connexion/", CODE)
    assert not client.session.get("_auth_user_id")
    client.force_login(responder_before_code)
    assert client.post("/compte/cles/", {"credential": credential}).status_code == 422

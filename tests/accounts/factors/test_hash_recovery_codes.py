"""Recovery codes are stored as slow hashes, of which nobody reads the codes."""

from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.utils import decrypt
from django.apps import apps
from django.test import Client
from nacl import pwhash

from accounts.models import User
from accounts.services import recovery_codes
from accounts.services.recovery_codes import make_recovery_codes
from core.secrets import KeyUse, encrypt_text
from tests.cast import PASSWORD, a_responder, code_of
from tests.responses import Response

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
MIGRATION = import_module("accounts.migrations.0019_hashed_recovery_codes")


@pytest.fixture
def code_owner() -> User:
    return a_responder()


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the list that gets each hash with which a code is compared."""
    compared: list[bytes] = []

    def verify(slow_hash: bytes, code: bytes) -> bool:
        compared.append(slow_hash)
        return pwhash.verify(slow_hash, code)

    monkeypatch.setattr(recovery_codes, "verify", verify)
    return compared


def enter(user: User, code: str) -> Response:
    """Sign in with the password and this code, in a browser of its own."""
    client = Client()
    client.post("/connexion/", {"login": user.email, "password": PASSWORD})
    return client.post("/connexion/code/", {"code": code})


def read_data() -> dict[str, list[str]]:
    return Authenticator.objects.get(type="recovery_codes").data


def test_what_is_stored_of_a_code_is_an_encrypted_slow_hash(code_owner):
    codes = make_recovery_codes(code_owner)
    assert len({code[0] for code in codes}) == len(codes) == 10
    assert {len(code) for code in codes} == {12}
    assert not any(code[1:] in str(read_data()) for code in codes)
    assert "argon2" not in str(read_data())
    for sealed in read_data()["hashes"]:
        assert "$argon2id$v=19$m=19456,t=2,p=1$" in decrypt(sealed)
        assert not any(code[1:] in decrypt(sealed) for code in codes)


def test_checking_a_code_costs_one_hash(code_owner, hashes):
    code = make_recovery_codes(code_owner)[7]
    assert enter(code_owner, f"{code[:-1]}{(int(code[-1]) + 1) % 10}").status_code == 422
    assert len(hashes) == 1
    assert enter(code_owner, code).status_code == 302
    assert len(hashes) == 2
    assert enter(code_owner, code).status_code == 422
    assert len(hashes) == 2, "the code that starts so was used"


@pytest.mark.parametrize("code", ["000000", "1" * 5000, "abcdefgh", "٣" * 12])
def test_what_is_no_recovery_code_costs_no_hash(code_owner, hashes, code):
    make_recovery_codes(code_owner)
    assert enter(code_owner, code).status_code == 422
    assert enter(code_owner, code_of(code_owner)).status_code == 302
    assert hashes == []


def test_a_code_that_opened_forgets_the_wrong_ones(code_owner):
    """Five wrong ones in five minutes would make the account wait."""
    codes = make_recovery_codes(code_owner)
    for code in codes[:3]:
        assert enter(code_owner, code[:-1]).status_code == 422
        assert enter(code_owner, code[::-1]).status_code == 422
        assert enter(code_owner, code).status_code == 302


def test_nobody_uses_the_code_of_another_account(code_owner):
    code = make_recovery_codes(a_responder())[0]
    assert enter(code_owner, code).status_code == 422


def test_a_hash_whose_key_was_removed_opens_nothing_and_hides_no_other(code_owner):
    codes = make_recovery_codes(code_owner)
    row = Authenticator.objects.get(type="recovery_codes")
    row.data["hashes"][0] = encrypt_text(KeyUse.FACTOR, "another purpose", "0$argon2id$")
    row.save()
    assert enter(code_owner, codes[0]).status_code == 422
    assert enter(code_owner, codes[1]).status_code == 302


# Codes from before


def test_codes_from_before_open_once_after_the_update(code_owner, hashes):
    codes = RecoveryCodes.activate(code_owner)
    used, *others = codes.get_unused_codes()
    codes.validate_code(used)
    MIGRATION.hash_codes(apps, None)
    assert read_data().keys() == {"hashes", "migrated_codes"}
    assert enter(code_owner, used).status_code == 422
    assert len(hashes) == 9
    assert enter(code_owner, others[4]).status_code == 302
    assert enter(code_owner, others[4]).status_code == 422
    assert len(read_data()["hashes"]) == 8


def test_a_second_run_of_the_migration_changes_nothing(code_owner):
    make_recovery_codes(code_owner)
    before = read_data()
    MIGRATION.hash_codes(apps, None)
    assert read_data() == before


def test_codes_whose_key_was_removed_stay_and_are_renewed(code_owner, client):
    codes = RecoveryCodes.activate(code_owner).instance
    codes.data["seed"] = codes.data["seed"][::-1]
    codes.save()
    MIGRATION.hash_codes(apps, None)
    client.force_login(code_owner)
    assert "Il n’en reste aucun." in client.get("/compte/").content.decode()
    assert client.post("/compte/codes-de-secours/nouveaux/").status_code == 200
    assert len(read_data()["hashes"]) == 10

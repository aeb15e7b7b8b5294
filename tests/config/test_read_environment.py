import importlib
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from django.core.exceptions import ImproperlyConfigured

import config.settings
from config.env import (
    DEVELOPMENT_EVIDENCE_KEY,
    DEVELOPMENT_SECRET,
    Env,
    insert_password,
    make_evidence_storage,
    parse_database_url,
    parse_mail_url,
)
from tests.config.environments import PRODUCTION

ROOT = Path(__file__).resolve().parents[2]
SETTINGS_MODULES = ("config.settings.base", "config.settings.prod")
BUCKET = {"EVIDENCE_S3_BUCKET": "pieces", "EVIDENCE_S3_ACCESS_KEY": "name", "EVIDENCE_S3_SECRET_KEY": "hidden"}


def test_a_variable_is_read_as_its_type():
    env = Env({"NAME": " a, b ", "SIZE": "4", "ON": "yes"})
    assert env.read_items("NAME") == ["a", "b"]
    assert env.read_number("SIZE", 1) == 4
    assert env.read_number("SIZE", 1, least=4) == 4
    assert env.read_rising_numbers(SIZE=2, ABSENT=4, OTHER=7) == [4, 4, 7]
    assert env.read_flag("ON") is True
    assert env.read_minutes("SIZE", 30) == timedelta(minutes=4)
    assert env.read_text("ABSENT", "default") == "default"


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (Env.read_text, ""),
        (lambda env, name: env.read_number(name, 1), "four"),
        (lambda env, name: env.read_number(name, 1, least=1), "0"),
        (lambda env, name: env.read_rising_numbers(**{name: 2, "NEXT": 3}), "4"),
        (lambda env, name: env.read_rising_numbers(**{name: 2}), "0"),
        (lambda env, name: env.read_flag(name), "perhaps"),
        (lambda env, name: env.read_minutes(name, 30), "0"),
        (lambda env, name: env.read_minutes(name, 30), "20161"),
    ],
    ids=["missing", "number", "least", "rising", "least of rising", "flag", "no minute", "too many minutes"],
)
def test_the_error_of_a_wrong_variable_gives_its_name(read, value):
    with pytest.raises(ImproperlyConfigured, match="NAME"):
        read(Env({"NAME": value}), "NAME")


def test_a_secret_may_stand_in_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    assert Env({"NAME_FILE": str(secret)}).read_text("NAME") == "from a file"
    assert Env({"NAME_FILE": str(secret), "NAME": "given"}).read_text("NAME", "default") == "given"
    assert Env({"NAME_FILE": ""}).read_text("NAME", "default") == "default"


@pytest.mark.parametrize("content", [None, b"\xff"], ids=["absent", "no text"])
def test_the_error_of_an_unreadable_secret_gives_the_variable_but_not_the_path(tmp_path, content):
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match="NAME_FILE") as refusal:
        Env({"NAME_FILE": str(secret)}).read_text("NAME", "default")
    assert str(secret) not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("postgresql://tocsin@db:5432/tocsin", "postgresql://tocsin:p%40%2Fw@db:5432/tocsin"),
        ("redis://redis:6379/0", "redis://:p%40%2Fw@redis:6379/0"),
        ("postgresql://tocsin:old@db/tocsin?a=b@c", "postgresql://tocsin:p%40%2Fw@db/tocsin?a=b@c"),
    ],
    ids=["user", "nobody", "replaced"],
)
def test_a_password_is_put_into_an_address(url, whole):
    assert insert_password(url, "p@/w") == whole
    assert insert_password(url, "") == url


def test_a_database_address_is_parsed():
    settings = parse_database_url("postgresql://us%40er:p%2Fw@host:5433/name?sslmode=require")
    assert [settings[key] for key in ["NAME", "USER", "PASSWORD", "HOST", "PORT"]] == [
        *["name", "us@er", "p/w", "host", "5433"]
    ]
    assert settings["OPTIONS"] == {"options": "-c jit=off", "sslmode": "require"}


@pytest.mark.parametrize("url", ["mysql://root:hidden@host/name", "postgresql://u:hidden@host:port/name"])
def test_a_bad_address_is_refused_without_its_password(url):
    with pytest.raises(ImproperlyConfigured) as refusal:
        parse_database_url(url)
    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtps://mail.example", 465, True, False),
        ("smtp+starttls://mail.example:2525", 2525, False, True),
        ("smtp+plain://mail.example", 25, False, False),
    ],
    ids=["smtp", "smtps", "smtp+starttls", "smtp+plain"],
)
def test_a_mail_server_address_gives_port_and_encryption(url, port, ssl, tls):
    settings = parse_mail_url(url)
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_SSL"], settings["EMAIL_USE_TLS"]) == (port, ssl, tls)
    assert settings["EMAIL_MAY_BE_PLAIN"] == url.startswith("smtp+plain")


def start_production(**changes):
    """Return what a process of production prints, which is the name of its cookie."""
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings.prod"} | PRODUCTION | changes
    return subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; print(settings.SESSION_COOKIE_NAME)"],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def load_production(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Return a function that reads the settings of production from the variables of an installation and `changes`.

    It reads them in this process: to start one for each wrong value takes a second and a half.
    """

    def load(**changes: str) -> ModuleType:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in (PRODUCTION | changes).items():
            monkeypatch.setenv(name, value)
        for name in SETTINGS_MODULES:
            sys.modules.pop(name, None)
        return importlib.import_module(SETTINGS_MODULES[-1])

    loaded = {name: sys.modules.get(name) for name in SETTINGS_MODULES}
    yield load
    for name, module in loaded.items():
        package, short_name = vars(config.settings), name.rpartition(".")[2]
        sys.modules.pop(name, None)
        package.pop(short_name, None)
        if module:
            sys.modules[name] = package[short_name] = module


def test_production_starts_with_its_secrets():
    started = start_production()
    assert started.stdout == "__Host-session\n", started.stderr


def test_production_knows_an_owner_only_if_it_is_given_one(load_production, tmp_path):
    (tmp_path / "owner").write_text("p@ss\n")
    owner = {"DATABASE_OWNER_URL": "postgresql://owner@db/tocsin", "DATABASE_OWNER_PASSWORD_FILE": f"{tmp_path}/owner"}
    keys = ["USER", "PASSWORD", "NAME"]
    assert [load_production(**owner).DATABASE_OWNER[key] for key in keys] == ["owner", "p@ss", "tocsin"]
    assert load_production().DATABASE_OWNER is None


def test_production_starts_with_former_keys_that_are_weak(load_production):
    weak = b64encode(b"a" * 32).decode()
    former = {"SECRET_KEY_FALLBACKS": "ab" * 20, "EVIDENCE_KEY": f"{PRODUCTION['EVIDENCE_KEY']},{weak}"}
    assert [bytes(range(32)), b"a" * 32] == load_production(**former).EVIDENCE_KEYS


def test_production_starts_with_its_secrets_in_files(load_production, tmp_path):
    secrets = {"DATABASE_PASSWORD": "p@ss", "REDIS_PASSWORD": "word"} | PRODUCTION
    for name, value in secrets.items():
        (tmp_path / name).write_text(f"{value}\n")
    files = {f"{name}_FILE": str(tmp_path / name) for name in secrets}
    loaded = load_production(**files, **dict.fromkeys(PRODUCTION, ""))
    assert PRODUCTION["SECRET_KEY"] == loaded.SECRET_KEY
    assert loaded.DATABASES["default"]["PASSWORD"] == "p@ss"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "") for name in PRODUCTION),
        *[("SECRET_KEY", DEVELOPMENT_SECRET), ("SECRET_KEY", "short")],
        *[("EVIDENCE_KEY", DEVELOPMENT_EVIDENCE_KEY), ("EVIDENCE_KEY", "c2hvcnQ="), ("EVIDENCE_KEY", "é")],
        *[("ALLOWED_HOSTS", ","), ("ALLOWED_HOSTS", "tocsin.example,*"), ("ALLOWED_HOSTS", ".tocsin.example")],
        *[("TOKEN_KEY", PRODUCTION["EVIDENCE_KEY"])],
        *[("DATABASE_URL", "postgresql://tocsin@db/tocsin"), ("REDIS_URL", "redis://redis/0")],
        *[("DATABASE_OWNER_URL", "postgresql://owner@db/tocsin"), ("DATABASE_OWNER_URL", "mysql://owner:hidden@db/t")],
        *[("REDIS_URL", "memory://:secret@redis"), ("EMAIL_URL", "file:///srv/mails"), ("EVIDENCE_DIR", "/tmp/x")],  # noqa: S108
    ],
    ids=[
        *[*PRODUCTION, "development key", "short key", "development evidence key", "short evidence key", "no base64"],
        *["no host", "any host", "no first host", "key of two uses", "no password"],
        *[
            "no password of Valkey",
            "no password of the owner",
            "no PostgreSQL of the owner",
            "no Redis",
            "mails in a folder",
            "evidence that is lost",
        ],
    ],
)
def test_production_refuses_to_start_with_a_missing_or_weak_value(load_production, name, value):
    with pytest.raises(ImproperlyConfigured, match=f"^{name}"):
        load_production(**{name: value})


def test_a_process_of_production_ends_at_a_missing_value():
    refused = start_production(SECRET_KEY="")
    assert refused.returncode == 1
    assert "ImproperlyConfigured: SECRET_KEY" in refused.stderr


def test_evidence_has_a_key_that_can_be_replaced():
    old, new = bytes(range(32)), bytes(32)
    assert Env({"NAME": f"{b64encode(new).decode()}, {b64encode(old).decode()}"}).read_keys("NAME") == [new, old]
    with pytest.raises(ImproperlyConfigured) as refusal:
        Env({"NAME": "aGlkZGVu"}).read_keys("NAME")
    assert "aGlkZGVu" not in str(refusal.value)


def test_evidence_is_kept_in_a_folder_or_a_bucket():
    assert make_evidence_storage(Env({}), ROOT)["OPTIONS"] == {"location": str(ROOT)}
    bucket = make_evidence_storage(Env(BUCKET | {"EVIDENCE_S3_ENDPOINT": "https://s3.example"}))
    assert bucket["BACKEND"] == "storages.backends.s3.S3Storage"
    assert bucket["OPTIONS"]["endpoint_url"] == "https://s3.example"
    assert bucket["OPTIONS"]["default_acl"] is None


@pytest.mark.parametrize("name", ["EVIDENCE_S3_ACCESS_KEY", "EVIDENCE_S3_SECRET_KEY"])
def test_a_bucket_needs_both_its_secrets(name):
    with pytest.raises(ImproperlyConfigured, match=name):
        make_evidence_storage(Env(BUCKET | {name: ""}))

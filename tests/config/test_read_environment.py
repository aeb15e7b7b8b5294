import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import DEVELOPMENT_SECRET, Env, database, mail

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SECRET_KEY": "kX9" * 20,
    "ALLOWED_HOSTS": "tocsin.example",
    "DATABASE_URL": "postgresql://tocsin:secret@db/tocsin",
    "REDIS_URL": "redis://:secret@redis/0",
    "EMAIL_URL": "smtp+starttls://user:secret@mail.example:587",
}


def test_it_works():
    env = Env({"NAME": " a, b ", "SIZE": "4", "ON": "yes"})
    assert env.items("NAME") == ["a", "b"]
    assert env.number("SIZE", 1) == 4
    assert env.flag("ON") is True
    assert env.text("ABSENT", "default") == "default"


@pytest.mark.parametrize(
    ("read", "value"),
    [(Env.text, ""), (lambda env, name: env.number(name, 1), "four"), (lambda env, name: env.flag(name), "perhaps")],
    ids=["missing", "number", "flag"],
)
def test_what_is_wrong_is_named(read, value):
    with pytest.raises(ImproperlyConfigured, match="NAME"):
        read(Env({"NAME": value}), "NAME")


def test_a_database_address_is_taken_apart():
    settings = database("postgresql://us%40er:p%2Fw@host:5433/name?sslmode=require")
    assert [settings[key] for key in ["NAME", "USER", "PASSWORD", "HOST", "PORT"]] == [
        *["name", "us@er", "p/w", "host", "5433"]
    ]
    assert settings["OPTIONS"] == {"options": "-c jit=off", "sslmode": "require"}


@pytest.mark.parametrize("url", ["mysql://root:hidden@host/name", "postgresql://u:hidden@host:port/name"])
def test_a_bad_address_is_refused_without_its_password(url):
    with pytest.raises(ImproperlyConfigured) as refusal:
        database(url)
    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtps://mail.example", 465, True, False),
        ("smtp+starttls://mail.example:2525", 2525, False, True),
    ],
    ids=["smtp", "smtps", "smtp+starttls"],
)
def test_a_mail_address_says_port_and_encryption(url, port, ssl, tls):
    settings = mail(url)
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_SSL"], settings["EMAIL_USE_TLS"]) == (port, ssl, tls)


def production(**changes):
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings.prod"} | PRODUCTION | changes
    return subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; print(settings.SESSION_COOKIE_NAME)"],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_its_secrets():
    started = production()
    assert started.stdout == "__Host-session\n", started.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "") for name in PRODUCTION),
        *[("SECRET_KEY", DEVELOPMENT_SECRET), ("SECRET_KEY", "short")],
        *[("ALLOWED_HOSTS", ","), ("ALLOWED_HOSTS", "tocsin.example,*"), ("ALLOWED_HOSTS", ".tocsin.example")],
    ],
    ids=[*PRODUCTION, "development key", "short key", "no host", "any host", "no first host"],
)
def test_production_refuses_to_start_without_one(name, value):
    refused = production(**{name: value})
    assert refused.returncode == 1
    assert f"ImproperlyConfigured: {name}" in refused.stderr

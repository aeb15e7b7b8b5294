"""Keys that anybody can guess, and keys of two uses, are refused in production. What works and is weak is named."""

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from config.checks import (
    check_former_keys,
    check_keys_are_apart,
    check_mail_is_encrypted,
    check_retired_variables,
    check_servers_are_encrypted,
)
from config.env import (
    DEVELOPMENT_EVIDENCE_KEY,
    DEVELOPMENT_SECRET,
    TEMPORARY_FOLDERS,
    Env,
    check_password,
    check_production_keys,
    make_lasting_evidence_storage,
    parse_database_url,
)
from core.secrets import DERIVED, KeyUse
from tests.backend import ROOT
from tests.config.environments import PRODUCTION

KEY, OTHER = bytes(range(32)), bytes(range(100, 132))
SECRET = "kX9pQ2rL7vT4bN8mJ5sD1wZ6yH3cF0gAeU"


def encode(*keys):
    return ",".join(b64encode(key).decode() for key in keys)


def test_keys_that_differ_are_accepted():
    check_production_keys(
        {"SECRET_KEY": [SECRET], "EVIDENCE_KEY": [KEY], "TOKEN_KEY": [OTHER, DERIVED], "FACTOR_KEY": [DERIVED]}
    )


@pytest.mark.parametrize(
    "keys",
    [
        {"TOKEN_KEY": [b"a" * 32]},
        {"TOKEN_KEY": [bytes(range(16)) * 2]},
        {"TOKEN_KEY": [b"abcdefg" * 4 + b"gaga"]},
        {"TOKEN_KEY": [DEVELOPMENT_SECRET]},
        {"TOKEN_KEY": ["only-to-collect-the-static-files-of-the-image"]},
        {"TOKEN_KEY": ["b25seSB0byBjb2xsZWN0IHRoZSBzdGF0aWMgZmlsZXM="]},
        {"TOKEN_KEY": [DEVELOPMENT_EVIDENCE_KEY]},
        {"EVIDENCE_KEY": [KEY], "TOKEN_KEY": [KEY, OTHER]},
        {"SECRET_KEY": [encode(KEY)], "TOKEN_KEY": [KEY]},
        {"SECRET_KEY": [SECRET], "TOKEN_KEY": [SECRET]},
    ],
    ids=[
        *[
            "one byte",
            "repeated piece",
            "few bytes",
            "development",
            "of an image",
            "of evidence of an image",
            "development of evidence",
            "of evidence",
        ],
        *["of SECRET_KEY in base64", "of SECRET_KEY"],
    ],
)
def test_a_key_that_is_weak_or_given_twice_is_refused_by_the_name_of_its_variable(keys):
    with pytest.raises(ImproperlyConfigured, match=r"^TOKEN_KEY .* Put a new key in front, and this one behind it\.$"):
        check_production_keys(keys)


def test_a_weak_key_of_the_server_goes_to_its_fallbacks():
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY .* this one in SECRET_KEY_FALLBACKS\.$"):
        check_production_keys({"SECRET_KEY": ["ab" * 20]})


@pytest.mark.parametrize(
    "keys",
    [
        {"TOKEN_KEY": [KEY, b"a" * 32]},
        {"TOKEN_KEY": [KEY, DERIVED, b"a" * 32]},
        {"TOKEN_KEY": [KEY, KEY]},
        {"EVIDENCE_KEY": [KEY], "TOKEN_KEY": [OTHER, KEY]},
        {"EVIDENCE_KEY": [OTHER, KEY], "TOKEN_KEY": [KEY]},
        {"SECRET_KEY": [SECRET], "TOKEN_KEY": [KEY, SECRET]},
    ],
    ids=["weak", "weak after derived", "twice", "of evidence", "former of evidence", "of SECRET_KEY"],
)
def test_a_former_key_that_is_weak_or_given_twice_may_be_replaced(keys):
    """An installation with such a key would otherwise neither start nor leave it."""
    check_production_keys(keys)


def test_the_keys_of_a_use_may_end_with_those_of_the_server():
    assert Env({}).read_use_keys("NAME") == [DERIVED]
    assert Env({"NAME": encode(KEY)}).read_use_keys("NAME") == [KEY]
    assert Env({"NAME": f"{encode(KEY, OTHER)}, derived"}).read_use_keys("NAME") == [KEY, OTHER, DERIVED]


def test_a_new_key_may_stand_behind_those_of_the_server_until_all_processes_have_it():
    assert Env({"NAME": f"derived, {encode(KEY)}"}).read_use_keys("NAME") == [DERIVED, KEY]


@pytest.mark.parametrize("value", ["short", "derived,derived", "derived,short", ",", encode(KEY[:31])])
def test_the_keys_of_a_use_are_whole(value):
    with pytest.raises(ImproperlyConfigured, match="NAME"):
        Env({"NAME": value}).read_use_keys("NAME")


def test_former_secrets_are_one_a_line():
    assert Env({"NAME": f"{SECRET}\n\n  {SECRET},x \n"}).read_former_secrets("NAME") == [SECRET, f"{SECRET},x"]
    assert Env({}).read_former_secrets("NAME") == []
    with pytest.raises(ImproperlyConfigured, match="NAME"):
        Env({"NAME": f"{SECRET}\nshort"}).read_former_secrets("NAME")


@pytest.mark.parametrize(
    "url",
    [
        *["postgresql://tocsin@db/tocsin", "postgresql://db/tocsin", "postgresql://tocsin:@db/tocsin"],
        *["rediss://redis/0", "redis://redis/0?password=secret", "postgresql://db/tocsin?sslmode=require&password="],
    ],
    ids=["user alone", "nobody", "empty", "rediss", "Celery does not read it", "empty in the query"],
)
def test_a_server_of_a_network_needs_a_password(url):
    with pytest.raises(ImproperlyConfigured, match="NAME_URL must hold a password, or NAME_PASSWORD"):
        check_password(url, "NAME_URL")


@pytest.mark.parametrize(
    "url",
    [
        *["postgresql://tocsin:secret@db/tocsin", "redis://:secret@db", "postgresql:///tocsin"],
        *[f"postgresql://tocsin@db/tocsin?{way}=x" for way in ("password", "passfile", "sslcert")],
    ],
)
def test_a_password_a_certificate_or_a_socket_is_enough(url):
    check_password(url, "NAME_URL")


@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp/evidence", "/dev/shm/x", "evidence"])  # noqa: S108
def test_evidence_goes_to_a_folder_that_lasts(folder):
    with pytest.raises(ImproperlyConfigured, match="EVIDENCE_DIR"):
        make_lasting_evidence_storage(Env({"EVIDENCE_DIR": folder}))


def test_the_refused_folders_do_not_change_with_the_environment(tmp_path):
    """A worker with a TMPDIR of its own would refuse the folder of evidence that the site accepts."""
    command = [sys.executable, "-c", "from config.env import TEMPORARY_FOLDERS as refused; print(refused)"]
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    refused = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert refused.stdout == f"{TEMPORARY_FOLDERS}\n"
    assert str(tmp_path) not in refused.stdout


def test_evidence_may_go_to_a_folder_of_the_system_or_to_a_bucket():
    assert make_lasting_evidence_storage(Env({"EVIDENCE_DIR": "/srv/evidence"}))["OPTIONS"]["location"]
    bucket = {"EVIDENCE_S3_BUCKET": "pieces", "EVIDENCE_S3_ACCESS_KEY": "name", "EVIDENCE_S3_SECRET_KEY": "hidden"}
    assert "S3" in make_lasting_evidence_storage(Env(bucket))["BACKEND"]


# What `manage.py check --deploy` names


def test_the_deploy_check_names_the_uses_that_share_the_key_of_the_server(db, settings):
    [warning] = check_keys_are_apart()
    assert all(use in warning.msg for use in KeyUse)
    assert "openssl rand -base64 32" in warning.hint
    assert warning in run_checks(tags=["security"], include_deployment_checks=True)
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {"TOKEN_KEY": [os.urandom(32)], "FACTOR_KEY": [KEY, DERIVED]}
    shared, accepting = check_keys_are_apart()
    assert "TOKEN_KEY" not in shared.msg + accepting.msg
    assert ("FACTOR_KEY" in shared.msg, "FACTOR_KEY" in accepting.msg) == (False, True)
    settings.KEYS_BY_USE = {use: [os.urandom(32)] for use in KeyUse}
    assert check_keys_are_apart() == []


def test_the_deploy_check_names_former_keys_that_are_weak_or_given_twice(settings):
    assert check_former_keys() == []
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS, settings.EVIDENCE_KEYS = SECRET, [], [KEY]
    settings.KEYS_BY_USE = {
        **{use: [DERIVED] for use in KeyUse},
        "TOKEN_KEY": [OTHER, b"a" * 32, DERIVED],
        "FACTOR_KEY": [os.urandom(32), KEY],
    }
    [warning] = check_former_keys()
    assert warning.msg.endswith(": FACTOR_KEY, TOKEN_KEY.")
    settings.SECRET_KEY_FALLBACKS, settings.KEYS_BY_USE = [SECRET], {use: [DERIVED] for use in KeyUse}
    [warning] = check_former_keys()
    assert warning.msg.endswith(": SECRET_KEY_FALLBACKS.")
    settings.SECRET_KEY_FALLBACKS = ["another secret of the server, which is former"]
    assert check_former_keys() == []


def test_the_deploy_check_of_an_installation_runs_them():
    distant = PRODUCTION | {"EMAIL_URL": "smtp://smtp.exemple.fr", "SECRET_KEY_FALLBACKS": PRODUCTION["SECRET_KEY"]}
    distant["DATABASE_URL"] = "postgresql://tocsin:secret@base.invalid/tocsin"  # nobody answers there
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings.prod"} | distant
    command = [sys.executable, "manage.py", "check", "--deploy", "--tag", "security"]
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert all(f"(tocsin.{code})" in checked.stderr for code in ("W001", "W003", "W004", "E001", "E005"))


@pytest.mark.parametrize(
    ("host", "is_refused"),
    [
        *[("smtp.exemple.fr", True), ("8.8.8.8", True), ("localhost", False), ("mail", False), ("10.1.2.3", False)],
        *[("relais.intra.local", False), ("::1", False)],
    ],
)
def test_the_deploy_check_refuses_mails_without_encryption_beyond_the_local_network(settings, host, is_refused):
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL, settings.EMAIL_HOST = False, False, host
    assert [error.id for error in check_mail_is_encrypted()] == (["tocsin.E001"] if is_refused else [])
    for allowing in ("EMAIL_USE_TLS", "EMAIL_USE_SSL", "EMAIL_MAY_BE_PLAIN"):
        setattr(settings, allowing, True)
        assert check_mail_is_encrypted() == []
        setattr(settings, allowing, False)


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("postgresql://u:p@base.exemple.fr/t", True),
        ("postgresql://u:p@base.exemple.fr/t?sslmode=require", True),
        ("postgresql://u:p@base.exemple.fr/t?sslmode=verify-full", False),
        ("postgresql://u:p@8.8.8.8/t", True),
        ("postgresql://u:p@db/t", False),
        ("postgresql://u:p@10.1.2.3/t", False),
        ("postgresql:///t?host=/var/run/pg.d", False),
        ("postgresql:///t?host=base.exemple.fr", True),
        ("redis://:p@file.exemple.fr/0", True),
        ("rediss://:p@file.exemple.fr/0", False),
        ("rediss://:p@file.exemple.fr/0?ssl_cert_reqs=CERT_NONE", True),
        ("redis://:p@redis/0", False),
    ],
)
def test_the_deploy_check_refuses_distant_servers_whose_certificate_is_not_checked(monkeypatch, url, is_refused):
    is_broker = url.startswith("redis")
    name_servers(monkeypatch, **{"broker" if is_broker else "database": url})
    code = "tocsin.E006" if is_broker else "tocsin.E005"
    assert [error.id for error in check_servers_are_encrypted()] == ([code] if is_refused else [])


def name_servers(monkeypatch, *, broker="redis://redis", database="postgresql://db/t", owner=None, bucket=None):
    """Give the checks settings with these servers, since a test may not replace the database of Django."""
    servers = {"CELERY_BROKER_URL": broker, "DATABASES": {"default": parse_database_url(database)}}
    servers["DATABASE_OWNER"] = owner and parse_database_url(owner)
    storages = {"evidence": {"OPTIONS": {"endpoint_url": bucket}}}
    monkeypatch.setattr("config.checks.settings", SimpleNamespace(**servers, STORAGES=storages))


def test_the_deploy_check_refuses_the_connection_of_the_owner_likewise(monkeypatch):
    name_servers(monkeypatch, owner="postgresql://o:p@base.exemple.fr/t")
    [error] = check_servers_are_encrypted()
    assert (error.id, error.msg.split()[0]) == ("tocsin.E005", "DATABASE_OWNER_URL")
    name_servers(monkeypatch, owner="postgresql://o:p@base.exemple.fr/t?sslmode=verify-full")
    assert check_servers_are_encrypted() == []


def test_the_deploy_check_refuses_a_distant_bucket_without_encryption(monkeypatch):
    for bucket, codes in (("http://s3.exemple.fr", ["tocsin.E007"]), ("https://s3.exemple.fr", []), (None, [])):
        name_servers(monkeypatch, bucket=bucket)
        assert [error.id for error in check_servers_are_encrypted()] == codes


@pytest.mark.parametrize("name", ["SECRET_KEY_FALLBACKS", *KeyUse])
def test_each_optional_key_is_in_the_compose_file_and_in_the_documents(name):
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for service in ("migrate", "manage", "web", "urgent", "worker"):
        environment = services[service]["environment"]
        if name not in environment["WITHHELD_SECRETS"].split(","):
            assert environment[f"{name}_FILE"] == f"${{{name}_FILE:-}}"
    variables = [line for line in Path(ROOT / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert any(f"`{name}`" in line.split(" | ")[0] for line in variables)


def test_a_variable_that_nothing_reads_any_more_is_refused(monkeypatch):
    assert check_retired_variables() == []
    monkeypatch.setenv("SECURITY_EVENT_DAYS", "365")
    [error] = check_retired_variables()
    assert error.id == "tocsin.E010"

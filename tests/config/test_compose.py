"""docker-compose.yml: what an installation is made of, and what it may not do."""

import re
from urllib.error import HTTPError

import pytest
import yaml

from tests.backend import ROOT
from tests.config.environments import PRODUCTION

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES, SECRETS = COMPOSE["services"], COMPOSE["secrets"]
OWN_SERVICES = ["migrate", "web", "urgent", "worker", "beat"]


def test_compose_runs_the_two_servers_and_our_services():
    assert set(SERVICES) == {"db", "redis", *OWN_SERVICES}
    assert all("restart" in service and "image" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", ["db", "redis"])
def test_a_server_with_data_has_a_volume_and_a_health_check(name):
    [volume] = SERVICES[name]["volumes"]
    assert volume.startswith(f"{name}:/")
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OWN_SERVICES)
def test_our_services_have_the_production_variables_and_no_privilege(name):
    service = SERVICES[name]
    assert set(PRODUCTION) <= {name.removesuffix("_FILE") for name in service["environment"]}
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert set(service["depends_on"]) == ({"db", "redis"} if name == "migrate" else {"migrate"})


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
            if any(word in variable for word in ["SECRET_KEY", "PASSWORD", "EMAIL_URL", "EVIDENCE_KEY", "AUTH"]):
                assert variable.endswith("_FILE"), variable
            if "://" in str(value):
                assert ":" not in str(value).partition("://")[2].partition("@")[0].partition(":6379")[0], variable


def test_each_service_is_given_the_secrets_that_it_reads_and_no_other():
    assert all(secret == {"file": f"./secrets/{name}"} for name, secret in SECRETS.items())
    for service in SERVICES.values():
        read = set(re.findall(r"/run/secrets/(\w+)", repr(service)))
        assert read == set(service.get("secrets", [])) <= set(SECRETS)
    assert set(SERVICES["web"]["secrets"]) == set(SECRETS)

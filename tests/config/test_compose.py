"""docker-compose.yml: what an installation is made of, and what it may not do."""

import pytest
import yaml

from tests.config.test_read_environment import PRODUCTION
from tests.ground import ROOT

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = ["migrate", "web", "urgent", "worker", "beat"]


def test_it_works():
    assert set(SERVICES) == {"db", "redis", *OURS}
    assert all("restart" in service and "image" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", ["db", "redis"])
def test_what_holds_data_keeps_it_and_says_when_it_is_ready(name):
    [volume] = SERVICES[name]["volumes"]
    assert volume.startswith(f"{name}:/")
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_ours_have_what_production_asks_for_and_may_do_little(name):
    service = SERVICES[name]
    assert set(PRODUCTION) <= set(service["environment"])
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert set(service["depends_on"]) == ({"db", "redis"} if name == "migrate" else {"migrate"})


def test_only_the_site_is_published_and_only_to_a_proxy_of_this_machine():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_no_secret_is_written_in_it():
    """Each is given by the environment; without it nothing starts, but where it may be empty."""
    for service in SERVICES.values():
        for variable, value in service["environment"].items():
            if any(word in variable for word in ["SECRET", "PASSWORD", "_URL", "_AUTH", "_KEY"]):
                assert ":?" in str(value) or (variable.startswith("EVIDENCE_S3_") and ":-}" in value), variable

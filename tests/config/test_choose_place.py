"""Where `make run` listens, which servers it uses, and as which user its own servers run."""

import socket
from pathlib import Path

import pytest

from config.devserver import confinement
from config.devserver.run import StartRefused, Supervisor, choose_port


@pytest.mark.parametrize("port", ["80", "http", "70000", "-1"])
def test_a_text_that_is_no_port_is_refused(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(StartRefused, match=f"PORT={port} n’est pas un port"):
        choose_port()


def test_a_port_in_use_is_refused(monkeypatch):
    with socket.create_server(("localhost", 0)) as other_site:
        port = other_site.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        with pytest.raises(StartRefused, match=f"Le port {port} est déjà pris"):
            choose_port()
    assert choose_port() == port


@pytest.mark.parametrize("missing", ["", "DATABASE_URL", "REDIS_URL"])
def test_servers_are_started_unless_the_environment_names_both(monkeypatch, missing):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/tocsin")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    if missing:
        monkeypatch.delenv(missing)
    servers = Supervisor(8000).servers
    assert (servers is None) == (not missing)


def test_a_user_with_a_name_runs_the_servers(monkeypatch, tmp_path):
    monkeypatch.setattr(confinement.os, "getuid", confinement.find_unprivileged_uid)
    assert confinement.choose_confinement(tmp_path / "home").prefix == ()


def test_a_user_without_a_name_runs_the_servers_in_a_namespace(monkeypatch, tmp_path):
    """PostgreSQL refuses a user that the system does not know."""
    monkeypatch.setattr(confinement.os, "getuid", lambda: 54321)
    assert Path(confinement.choose_confinement(tmp_path / "home").prefix[0]).name == "unshare"

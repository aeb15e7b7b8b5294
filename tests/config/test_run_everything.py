"""`make run`, for real, in a copy of the tree, several times on the same data."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from config.devserver.embedded import Servers, find_free_port
from config.devserver.processes import is_living, stop_group, wait_for_end
from tests.backend import ROOT, replace_name
from tests.faults.deployment import wait_until

SECONDS = 240  # how long a start may take is no promise of these tests, and other tests share the machine
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".local", ".*_cache", "__pycache__", "tests", ".coverage*")
NEWS = ["Liste officielle des collectivités", "Annuaire des CSIRT", "Incidents inventés et comptés"]


class Copy:
    """A copy of this tree in another folder, which runs at a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a copy with spaces é"
        self.port = find_free_port()
        self.output_file = folder / "output"
        shutil.copytree(ROOT, self.root, ignore=NOT_COPIED)
        (self.root / ".venv").symlink_to(sys.prefix)

    def start(self, **environment):
        variables = {"PATH": os.environ["PATH"], "PORT": str(self.port), "DEMO_CASES": "200"} | environment
        with self.output_file.open("w") as output:
            return psutil.Popen(
                [".venv/bin/python", "-m", "config.devserver.run"],
                cwd=self.root,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @contextmanager
    def running(self, **environment):
        """Start the copy and yield its supervisor once the site is ready. The copy is stopped at the end, even after
        an error.
        """
        supervisor = self.start(**environment)
        try:
            self.wait_until_ready(supervisor)
            yield supervisor
        finally:
            if supervisor.poll() is None:
                supervisor.send_signal(signal.SIGINT)
                supervisor.wait(timeout=SECONDS)

    def wait_until_ready(self, supervisor):
        deadline = time.monotonic() + SECONDS
        while "Arrêter : Ctrl-C" not in self.read_output():
            assert supervisor.poll() is None, self.read_output()
            assert time.monotonic() < deadline, self.read_output()
            time.sleep(0.1)

    def read_output(self):
        return self.output_file.read_text()

    def get(self, path):
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()

    def is_healthy(self):
        """Tell whether nothing must be repaired. The clock takes its first turn after five seconds."""
        try:
            return self.get("/sante/")[0] == 200
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return False

    def list_connected_roles(self):
        """Return the roles of PostgreSQL as which the site, the workers and the clock are connected."""
        with psycopg.connect(Servers(self.root / ".local").postgres.make_url()) as superuser:
            return superuser.execute(
                "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'tocsin' AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            ).fetchall()

    def list_news(self):
        return [step for step in NEWS if step in self.read_output()]


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    copy = Copy(tmp_path)
    yield copy
    run_file = copy.root / ".local" / "run.json"
    for group in json.loads(run_file.read_text()) if run_file.exists() else []:
        stop_group(group, copy.root)
    Servers(copy.root / ".local").remove()


@pytest.mark.proof
@pytest.mark.longest
def test_the_site_starts_stops_and_survives_a_kill(copy):
    with copy.running() as supervisor:
        assert copy.list_news() == NEWS
        assert f"http://localhost:{copy.port}\n" in copy.read_output()
        assert "responder@demo.example" in copy.read_output()
        home = copy.get("/")
        assert home[0] == 200
        wait_until(copy.is_healthy)
        assert copy.list_connected_roles() == [("tocsin_app",)]
        assert "cas et chiffres inventés" in home[1].replace("\xa0", " ")
        kill_server(Servers(copy.root / ".local").valkey)
        wait_until(Servers(copy.root / ".local").valkey.is_ready)
        everyone = list_processes(copy, supervisor)

    assert supervisor.returncode == 0
    assert not wait_for_end(everyone, 1), copy.read_output()
    assert not (copy.root / ".local" / "run.json").exists()

    processes = kill_while_running(copy)
    with copy.running() as supervisor:
        assert copy.list_news() == []
        wait_until(copy.is_healthy)
        # The running servers are reused; all else was stopped.
        assert {process.name() for process in processes if is_living(process)} == {"postgres", "valkey-server"}
        processes += list_processes(copy, supervisor)

    assert not wait_for_end(processes, 1), copy.read_output()


def kill_while_running(copy):
    """Start the copy again and kill its supervisor alone with SIGKILL. Return the processes that the supervisor had
    started.
    """
    with copy.running() as supervisor:
        assert copy.list_news() == []
        assert copy.get("/")[0] == 200
        second = copy.start()
        assert second.wait(timeout=SECONDS) == 1
        assert "Tocsin tourne déjà depuis ce dossier" in copy.read_output()
        processes = list_processes(copy, supervisor)
        supervisor.kill()
        supervisor.wait(timeout=SECONDS)
    assert len(wait_for_end(processes, 0)) > 5
    return processes


def kill_server(server):
    process = psutil.Process(server.find_pid())
    process.kill()
    assert not wait_for_end([process], SECONDS)


def list_processes(copy, supervisor):
    """Return the processes of the copy but its supervisor: web, workers and beat, and the two servers."""
    children = supervisor.children(recursive=True)
    assert len(children) >= 4
    servers = Servers(copy.root / ".local")
    return children + [psutil.Process(server.find_pid()) for server in (servers.postgres, servers.valkey)]


@pytest.mark.proof
def test_ctrl_c_while_the_database_cluster_is_created_leaves_nothing(copy):
    supervisor = copy.start()
    wait_until(lambda: "initdb" in [process.name() for process in supervisor.children(recursive=True)])
    processes = supervisor.children(recursive=True)
    next(process for process in processes if process.name() == "initdb").suspend()  # so that it does not end by itself

    supervisor.send_signal(signal.SIGINT)

    assert supervisor.wait(timeout=SECONDS) == 0
    assert "Tout est arrêté" in copy.read_output()
    assert "Traceback" not in copy.read_output()
    assert not wait_for_end(processes, 5), copy.read_output()


@pytest.mark.proof
def test_servers_named_in_the_environment_are_used(copy, transactional_db, backend):
    owner = replace_name(backend.owner_url, transactional_db.rpartition("/")[2])
    with copy.running(DATABASE_URL=transactional_db, DATABASE_OWNER_URL=owner, REDIS_URL=backend.redis_url):
        assert "PostgreSQL" not in copy.read_output()
        wait_until(copy.is_healthy)

    assert not (copy.root / ".local" / "data").exists()


@pytest.mark.proof
def test_a_port_in_use_is_reported_before_anything_starts(copy):
    with socket.create_server(("127.0.0.1", copy.port)):
        refused = copy.start()

        assert refused.wait(timeout=SECONDS) == 1
        assert f"Le port {copy.port} est déjà pris" in copy.read_output()
        assert f"make run PORT={copy.port + 1}" in copy.read_output()
    assert not (copy.root / ".local" / "data").exists()


@pytest.mark.proof
def test_a_wrong_port_is_refused(copy):
    """The command ends with the sentence that `test_choose_place.py` checks for each kind of wrong port."""
    refused = copy.start(PORT="http")

    assert refused.wait(timeout=SECONDS) == 1
    assert "PORT=http n’est pas un port" in copy.read_output()

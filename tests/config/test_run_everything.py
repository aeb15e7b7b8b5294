"""`make run`, for real, in a copy of the tree: one life after another on the same data."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import psutil
import pytest

from config.devserver.embedded import Servers, find_free_port
from config.devserver.processes import is_living, stop_group, wait_for_end
from tests.ground import ROOT

SECONDS = 120
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".local", ".*_cache", "__pycache__", "tests", ".coverage*")
NEWS = ["Liste officielle des collectivités", "Annuaire des CSIRT", "Incidents inventés et comptés"]


class Copy:
    """The tree in a folder of its own, with the environment of this one, and a port."""

    def __init__(self, folder):
        self.root = folder / "a copy with spaces é"
        self.port = find_free_port()
        self.said = folder / "said"
        shutil.copytree(ROOT, self.root, ignore=NOT_COPIED)
        (self.root / ".venv").symlink_to(sys.prefix)

    def start(self, **environment):
        given = {"PATH": os.environ["PATH"], "PORT": str(self.port), "DEMO_CASES": "200"} | environment
        with self.said.open("w") as said:
            return psutil.Popen(
                [".venv/bin/python", "-m", "config.devserver.run"],
                cwd=self.root,
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @contextmanager
    def running(self, **environment):
        """From the ready block on. Whatever happens, nothing is left behind."""
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
        while "Arrêter : Ctrl-C" not in self.words():
            assert supervisor.poll() is None, self.words()
            assert time.monotonic() < deadline, self.words()
            time.sleep(0.1)

    def words(self):
        return self.said.read_text()

    def get(self, path):
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()

    def news(self):
        return [step for step in NEWS if step in self.words()]


@pytest.fixture
def copy(tmp_path):
    copy = Copy(tmp_path)
    yield copy
    written_down = copy.root / ".local" / "run.json"
    for group in json.loads(written_down.read_text()) if written_down.exists() else []:
        stop_group(group, copy.root)
    Servers(copy.root / ".local").remove()


@pytest.mark.proof
def test_it_works(copy):
    with copy.running() as supervisor:
        assert copy.news() == NEWS
        assert f"http://localhost:{copy.port}\n" in copy.words()
        assert "responder@demo.example" in copy.words()
        home, health = copy.get("/"), copy.get("/sante/")
        assert (home[0], health[0]) == (200, 200)
        assert "cas et chiffres inventés" in home[1].replace("\xa0", " ")
        everyone = started_by(supervisor)

    assert supervisor.returncode == 0
    assert not wait_for_end(everyone, 1), copy.words()
    assert not (copy.root / ".local" / "run.json").exists()

    left = killed_while_running(copy)
    with copy.running() as supervisor:
        assert copy.news() == []
        assert copy.get("/sante/")[0] == 200
        # The servers are taken as they run; all else was cleared away.
        assert {process.name() for process in left if is_living(process)} == {"postgres", "valkey-server"}
        left += started_by(supervisor)

    assert not wait_for_end(left, 1), copy.words()


def killed_while_running(copy):
    """The second life on the same data, ended by a kill -9 of the supervisor alone. Returns what that left."""
    with copy.running() as supervisor:
        assert copy.news() == []
        assert copy.get("/")[0] == 200
        second = copy.start()
        assert second.wait(timeout=SECONDS) == 1
        assert "Tocsin tourne déjà depuis ce dossier" in copy.words()
        left = started_by(supervisor)
        supervisor.kill()
        supervisor.wait(timeout=SECONDS)
    assert len(wait_for_end(left, 0)) > 5
    return left


def started_by(supervisor):
    """The web with its own, the worker, the beat; and the servers, unless they ran before it."""
    everyone = supervisor.children(recursive=True)
    assert len(everyone) >= 4
    return everyone


@pytest.mark.proof
def test_servers_that_are_given_are_used(copy, transactional_db, ground):
    with copy.running(DATABASE_URL=transactional_db, REDIS_URL=ground.redis_url):
        assert "PostgreSQL" not in copy.words()
        assert copy.get("/sante/")[0] == 200

    assert not (copy.root / ".local" / "data").exists()


@pytest.mark.proof
def test_a_port_taken_is_said_before_anything_starts(copy):
    with socket.create_server(("127.0.0.1", copy.port)):
        refused = copy.start()

        assert refused.wait(timeout=SECONDS) == 1
        assert f"Le port {copy.port} est déjà pris" in copy.words()
        assert f"make run PORT={copy.port + 1}" in copy.words()
    assert not (copy.root / ".local" / "data").exists()


@pytest.mark.parametrize("port", ["80", "http", "70000"])
@pytest.mark.proof
def test_what_is_no_port_is_refused(copy, port):
    refused = copy.start(PORT=port)

    assert refused.wait(timeout=SECONDS) == 1
    assert f"PORT={port} n’est pas un port" in copy.words()

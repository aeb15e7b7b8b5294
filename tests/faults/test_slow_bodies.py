"""Thirty clients send one byte at a time, or read nothing, at the server of production and through the proxy."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from select import select
from time import sleep

import pytest
from django.db import connections

from config.devserver.run import is_answering
from config.gate import GRACE_SECONDS
from incidents.enums import PaperKind, PaperState
from incidents.files import vault
from incidents.models import Incident, Paper
from tests.backend import ROOT
from tests.cast import breizh_cyber, declare, plouexemple
from tests.faults.deployment import Program, find_free_port, wait_until
from tests.faults.site import Site, make_holder_headers
from tests.faults.slow_clients import CLIENTS, run_slow_clients
from tests.faults.visitors import Visitor

CADDYFILE = ROOT / "deploy" / "Caddyfile"
LONG = 32 * 2**20


@pytest.fixture
def site(transactional_db: str, tmp_path: Path) -> Iterator[Site]:
    breizh_cyber()
    site = Site(transactional_db, tmp_path)
    site.start()
    yield site
    site.program.kill()
    connections.close_all()


def declare_through(port):
    """Declare on this port as a town hall does, with at most ten seconds for each page."""
    with closing(Patient(port)) as visitor:
        visitor.declare(str(plouexemple().uid), 1)


class Patient(Visitor):
    """A visitor who gives up after ten seconds instead of trying again."""

    def insist(self, method, path, body, headers):
        answer = self.ask(method, path, body, headers)
        assert answer.status in {200, 303}, answer
        self.keep_cookies(answer)
        return answer

    def close(self):
        self.hang_up()


def test_a_town_hall_declares_beside_slow_clients(site):
    with run_slow_clients(site.port):
        sleep(1)
        declare_through(site.port)
    assert Incident.objects.count() == 1


@pytest.mark.proof
@pytest.mark.parametrize("holds", [True, False])
def test_slow_files_leave_threads_to_declarations(site, holds):
    """Clients without a case are refused before a byte is read; the others have half of the threads."""
    incident = declare()
    headers = make_holder_headers(incident) if holds else {}
    with run_slow_clients(site.port, f"/suivi/{incident.reference}/pieces/", headers):
        sleep(1)
        declare_through(site.port)
    assert Incident.objects.count() == 2


@pytest.mark.proof
def test_slow_files_of_one_address_leave_places_to_another(site):
    slow, honest = declare(), declare()
    site.headers = make_holder_headers(honest) | {"X-Forwarded-For": "192.0.2.2"}
    with run_slow_clients(site.port, f"/suivi/{slow.reference}/pieces/", make_holder_headers(slow)) as crowd:
        sleep(1)
        answer = site.post(f"/suivi/{honest.reference}/pieces/", b"", "application/x-www-form-urlencoded", 0)
        answered, _, _ = select(crowd.lines, [], [], 0)
    assert answer.status < 500
    assert answered == [], "the honest one waited until the others were cut"


def store_long_paper(site):
    """Store a public paper of 32 MB, which is more than any buffer between server and client. Return its address."""
    body, name = plouexemple(), vault.make_object_name()
    stored = site.home / "evidence" / name
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(b"a" * LONG)
    Paper.objects.create(
        kind=PaperKind.WALL_CARDS, departement=body.departement, state=PaperState.MADE, storage_name=name, size=LONG
    )
    return f"/secours/departement/{body.departement.code}/pdf/"


@pytest.mark.proof
def test_clients_that_read_nothing_take_no_thread_and_little_memory(site):
    """The server holds about a megabyte of each answer, whatever its length."""
    path, before = store_long_paper(site), site.memory()
    with ExitStack() as lines:
        for _ in range(CLIENTS):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", site.port)))
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert line.recv(12) == b"HTTP/1.1 200"
        declare_through(site.port)
        assert site.memory() - before < CLIENTS * LONG / 8
    assert Incident.objects.count() == 1


@pytest.mark.proof
def test_slow_clients_are_cut(site):
    with run_slow_clients(site.port) as crowd:
        crowd.lines[0].settimeout(GRACE_SECONDS + 10)
        assert crowd.lines[0].recv(1000).startswith(b"HTTP/1.1 408")


def find_caddy() -> str:
    """Return the path of the proxy, which requirements-dev.txt installs. Without it, skip the test, or fail in CI."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    path = shutil.which("caddy", path=folders)
    if path is None:
        leave = pytest.fail if os.environ.get("CI") else pytest.skip
        leave("no caddy beside this Python: run make ready")
    return path


@pytest.fixture
def proxy(site: Site, tmp_path: Path) -> Iterator[int]:
    """Start the proxy of deploy/ in front of the site and yield its port."""
    port = find_free_port()
    environment = {
        "SITE": f"http://:{port}",
        "UPSTREAM": f"127.0.0.1:{site.port}",
        "GLOBAL": "admin off",
        "HOME": str(tmp_path),
    }
    command = [find_caddy(), "run", "--config", str(CADDYFILE)]
    program = Program("caddy", command, environment, tmp_path)
    program.start()
    try:
        wait_until(lambda: is_answering(port), what=program.read_log_end)
        yield port
    finally:
        program.kill()


@pytest.mark.proof
def test_the_proxy_keeps_slow_clients_from_the_site(site, proxy):
    """None of them reaches the site, whose own gate is not needed here."""
    with run_slow_clients(proxy):
        sleep(1)
        assert count_connections(site.port) <= 2
        declare_through(proxy)
    assert Incident.objects.count() == 1


def count_connections(port):
    """Return the number of connections that are open on this port."""
    local_port = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(1 for line in lines if line.split()[1].endswith(local_port) and line.split()[3] == "01")


def test_the_proxy_reads_short_requests_before_it_sends_them_on():
    assert CADDYFILE.read_text().count("request_buffers 2MiB") == 1


def test_the_proxy_sends_the_address_of_each_visitor(site, proxy):
    """A visitor who is counted by address must not choose it."""
    declare_through(proxy)
    text = CADDYFILE.read_text()
    assert text.count("header_up X-Forwarded-For {remote_host}") == text.count("reverse_proxy")

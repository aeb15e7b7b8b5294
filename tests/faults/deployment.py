"""A complete Tocsin, each part a real process that a test kills and starts again as a supervisor would."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil
import psycopg

from config.database.roles import APPLICATION
from config.devserver.embedded import Servers, find_free_port
from config.devserver.run import CLOCK, THREADS, make_granian_command, make_worker_command
from config.queues import HEAVY, URGENT
from tests.backend import CACHE, ROOT, TEMPLATE, describe_servers, fingerprint, save_to_cache
from tests.faults.mailbox import Mailbox

START_SECONDS = 60


def start_servers_with_lists(home: Path) -> Servers:
    """Start servers with the schema and the official lists in the database TEMPLATE."""
    servers = Servers(home)
    cached = CACHE / fingerprint()
    if cached.exists():
        servers.restore_snapshot(cached)
        servers.start()
        return servers
    servers.start()
    describe_servers(servers).make_template()
    save_to_cache(servers, cached)
    return servers


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def wait_until(
    condition: Callable[[], object], *, seconds: float = START_SECONDS, what: str | Callable[[], str] = ""
) -> None:
    """Return once the condition is true, or fail with `what`. A function is called for its text at the failure: a log
    is nearly empty when the wait begins.
    """
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, (what() if callable(what) else what) or "waited in vain"
        sleep(0.05)


class Program:
    """One of our processes and its children, in a group of their own."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], home: Path) -> None:
        self.name, self.command, self.environment = name, command, environment
        self.log = home / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, process_group=0
            )

    def read_log_end(self) -> str:
        return self.log.read_text()[-2000:]

    def kill(self) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def kill_child(self) -> None:
        """Wait until the process has a child, and kill the child that does the work, but not its parent."""
        parent = psutil.Process(self.process.pid)
        wait_until(parent.children, what=f"{self.name} starts no child")
        os.kill(parent.children()[-1].pid, signal.SIGKILL)


class Deployment:
    """The web server, both workers, beat and a mail server, on one database of `servers`."""

    def __init__(
        self,
        home: Path,
        servers: Servers,
        *,
        database: str = TEMPLATE,
        settings: str = "config.settings.dev",
        application: str = "config.asgi:application",
    ) -> None:
        self.home, self.servers, self.settings = home, servers, settings
        self.database_url = servers.record.make_database_url(APPLICATION, database)
        self.superuser_url = servers.postgres.make_url(database)  # of those who look on, not of the site
        self.mailbox = Mailbox(find_free_port())
        self.port = find_free_port()
        self.web = self.program("web", [*make_granian_command(self.port), application], DATABASE_POOL=str(THREADS))
        self.urgent = self.program("urgent", make_worker_command(URGENT))
        self.worker = self.program("worker", ["nice", "-n", "19", *make_worker_command(HEAVY)])
        self.beat = self.program("beat", [*CLOCK, "-l", "WARNING", "-s", str(home / "beat"), "--pidfile="])

    def program(self, name: str, command: list[str], **more: str) -> Program:
        return Program(name, command, self.environment | more, self.home)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": self.settings,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.servers.record.redis_url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mailbox.port}",
            "PORT": str(self.port),
        }

    def start(self) -> None:
        self.mailbox.open()
        for program in self.programs:
            program.start()
        self.wait_for_web()

    def wait_for_web(self) -> None:
        wait_until(self.web_answers, what=self.web.read_log_end)

    def web_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/sante/vivant/", timeout=5) as answer:
                return answer.status == 200
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return False
        except OSError:
            return False

    def stop(self) -> None:
        for program in reversed(self.programs):
            program.kill()
        self.mailbox.close()

    @property
    def programs(self) -> list[Program]:
        return [self.web, self.urgent, self.worker, self.beat]

    def manage(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with connect(self.superuser_url) as connection:
            return connection.execute(statement, values or None).fetchall()

    def change(self, statement: str) -> None:
        with connect(self.superuser_url) as connection:
            connection.execute(statement)

    def number(self, statement: str) -> int:
        return self.rows(statement)[0][0]


@contextmanager
def run_deployment(home: Path) -> Iterator[Deployment]:
    """Yield a deployment with servers of its own."""
    servers = start_servers_with_lists(home / "servers")
    deployment = Deployment(home, servers)
    # Without nice: with the lowest priority the worker would get no time beside other tests, as if its work were lost.
    deployment.worker.command = make_worker_command(HEAVY)
    try:
        yield deployment
    finally:
        deployment.stop()
        servers.remove()

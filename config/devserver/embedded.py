"""The embedded PostgreSQL and Valkey, which are real servers from two wheels, for trials, development and tests.

They listen on 127.0.0.1 at free ports, ask for random passwords, lose nothing that they have confirmed (fsync stays
on) and use one folder, which is `.local/` for a developer. Production gives DATABASE_URL and REDIS_URL instead.

  python -m config.devserver.embedded start | stop
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis
from psycopg import sql

from config.database.roles import APPLICATION, OWNER
from config.devserver.confinement import Confinement, choose_confinement
from config.devserver.processes import stop_process
from config.devserver.progress import report_step
from config.devserver.servers import NAME, NOWHERE, SERVERS, ServerRecord, is_port_free, open_for_owner

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60

POSTGRES_CONF = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
fsync = on
synchronous_commit = on
timezone = 'UTC'
jit = off
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
"""

FIND_DATABASE = "SELECT FROM pg_database WHERE datname = %s"

VALKEY_CONF = """
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir "{folder}"
appendonly yes
save ""
maxmemory-policy noeviction
"""


class NotStarted(Exception):
    """A server did not start. The message holds the end of its log."""


class NotStopped(Exception):
    """A server still runs after it was asked to stop."""


class Server:
    """An embedded server, PostgreSQL or Valkey. It has a port that stays the same between starts, and a log."""

    name: str
    title: str
    stop_signal: signal.Signals  # asks the server to finish its work, then to stop
    failures: tuple[type[Exception], ...]

    def __init__(self, home: Path, confinement: Confinement, record: ServerRecord) -> None:
        self.confinement = confinement
        self.record = record
        self.data = confinement.data / self.name
        self.log = home / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None  # None if another process started the server

    @property
    def port(self) -> int:
        return int(self.record.read()[self.name])

    @property
    def password(self) -> str:
        return str(self.record.read()["password"])

    def start(self) -> None:
        """Start the server and return once it answers. Do nothing if it already runs. Raises NotStarted if it
        does not answer within `PATIENCE_SECONDS` or cannot be prepared.
        """
        self.record.write()  # creates the password at the first start
        if self.is_ready():
            return
        self.prepare()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.try_launch(deadline):
            if time.monotonic() > deadline:
                raise NotStarted(f"{self.name}:\n{self.read_end_of_log()}")
            time.sleep(0.5)

    def try_launch(self, deadline: float) -> bool:
        """Launch the server once. Return True when it is ready, or False if it stops or is not ready at `deadline`.

        After a kill -9, the server can stop at once, because the children of the killed server need a moment to end.
        """
        if self.port == NOWHERE or not is_port_free(self.port):
            self.record.write(**{self.name: find_free_port()})
        self.write_private_file(self.make_configuration(), self.data / f"{NAME}.conf")
        with open(self.log, "ab", opener=open_for_owner) as log:
            self.process = self.launch(log)
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.is_ready():
                return True
            time.sleep(0.05)
        return False

    def is_ready(self) -> bool:
        """Tell whether the server accepts our password. Another server on the same port would refuse it."""
        if self.port == NOWHERE:
            return False
        try:
            self.connect()
        except self.failures:
            return False
        return True

    def stop(self) -> None:
        """Ask the server to stop, and wait until its process has ended."""
        if (pid := self.find_pid()) is not None:
            stop_process(pid, self.stop_signal)
        if self.process:
            self.process.wait()

    def write_private_file(self, text: str, path: Path) -> None:
        """Write a file that only the user of the servers can read."""
        with open(path, "w", opener=open_for_owner) as file:
            file.write(text)
        self.confinement.give_to_user(path)

    def read_end_of_log(self) -> str:
        """Return the last 20 lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def prepare(self) -> None:
        """Prepare the data folder, before the server is launched."""
        raise NotImplementedError

    def make_configuration(self) -> str:
        """Return the text of the configuration file."""
        raise NotImplementedError

    def launch(self, log: Any) -> "subprocess.Popen[bytes]":
        """Start the process of the server, which writes to `log`."""
        raise NotImplementedError

    def connect(self) -> None:
        """Connect with our password. PostgreSQL also creates its database if it does not exist. Raises one of
        `failures`.
        """
        raise NotImplementedError

    def find_pid(self) -> int | None:
        """Return the pid of the running server, or None."""
        raise NotImplementedError


class Postgres(Server):
    name = "postgres"
    title = "PostgreSQL"
    stop_signal = signal.SIGINT
    failures = (psycopg.OperationalError,)

    def start(self) -> None:
        """Start the server, then create its roles, or repair what code from before the roles did as the superuser."""
        super().start()
        self.create_roles()

    def prepare(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self.create_cluster()
        elif (pid := self.find_pid()) is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        else:
            stop_process(pid, self.stop_signal)

    def create_cluster(self) -> None:
        """Create the database cluster in a folder with another name, which is renamed at the end. A creation that was
        killed thus starts again.
        """
        new = self.data.with_name("postgres.new")
        for folder in [self.data, new]:
            shutil.rmtree(folder, ignore_errors=True)
        secret = self.confinement.data / "secret"
        self.write_private_file(self.password, secret)
        initdb = self.confinement.run(
            *[self.confinement.programs.postgres / "initdb", "-D", new, "--username", NAME, "--pwfile", secret],
            *["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"],
        )
        secret.unlink()
        if initdb.returncode:
            raise NotStarted(f"initdb:\n{initdb.stderr}")
        with (new / "postgresql.conf").open("a") as file:
            file.write(f"include = '{NAME}.conf'\n")
        new.rename(self.data)

    def make_configuration(self) -> str:
        return POSTGRES_CONF.format(port=self.port)

    def launch(self, log: Any) -> "subprocess.Popen[bytes]":
        return self.confinement.launch(self.confinement.programs.postgres / "postgres", "-D", self.data, log=log)

    def make_url(self, database: str = NAME) -> str:
        """Return the URL of a database for the superuser, who administers the server. No process of the site uses
        it.
        """
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self) -> None:
        with psycopg.connect(self.make_url("postgres"), autocommit=True, connect_timeout=5) as connection:
            if connection.execute(FIND_DATABASE, [NAME]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {NAME}")

    def create_roles(self) -> None:
        """Create the roles of an installation in one transaction, and give them the database and their passwords."""
        record = self.record.read()
        with psycopg.connect(self.make_url(), connect_timeout=5) as connection:
            connection.execute((ROOT / "deploy" / "create_roles.sql").read_bytes())
            for role in (OWNER, APPLICATION):
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(role), sql.Literal(record[f"{role}_password"])))

    def find_pid(self) -> int | None:
        """Return the pid of the server of this folder. Return None if the pid file remains from a kill -9 or a
        reboot.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            command = psutil.Process(pid).cmdline()
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return pid if str(self.data) in command else None


class Valkey(Server):
    name = "valkey"
    title = "Valkey"
    stop_signal = signal.SIGTERM
    failures = (redis.RedisError, OSError)

    def prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.confinement.give_to_user(self.data)

    def make_configuration(self) -> str:
        return VALKEY_CONF.format(port=self.port, password=self.password, folder=self.data)

    def launch(self, log: Any) -> "subprocess.Popen[bytes]":
        return self.confinement.launch(self.confinement.programs.valkey, self.data / f"{NAME}.conf", log=log)

    def make_url(self, database: int = 0) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def make_client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.make_url(), socket_timeout=5, socket_connect_timeout=2)

    def connect(self) -> None:
        with self.make_client() as client:
            client.ping()

    def find_pid(self) -> int | None:
        """Return the pid that the server itself reports, or None if the server does not answer."""
        try:
            with self.make_client() as client:
                return int(client.info("server")["process_id"])
        except self.failures:
            return None


class Servers:
    """The embedded PostgreSQL and Valkey of one folder. Nothing is written before the first start."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.record = ServerRecord(home)

    @cached_property
    def confinement(self) -> Confinement:
        return choose_confinement(self.home)

    @cached_property
    def postgres(self) -> Postgres:
        return Postgres(self.home, self.confinement, self.record)

    @cached_property
    def valkey(self) -> Valkey:
        return Valkey(self.home, self.confinement, self.record)

    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()

    def stop(self) -> None:
        if self.record.path.exists():
            self.valkey.stop()
            self.postgres.stop()

    def save_snapshot(self, folder: Path) -> None:
        """Copy the database of stopped servers to `folder`. `restore_snapshot` can start other servers from it."""
        new = folder.with_suffix(f".{os.getpid()}")
        new.mkdir(parents=True)
        copy_tree(self.record.path, new)
        copy_tree(self.postgres.data, new)
        try:
            new.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(new)

    def restore_snapshot(self, folder: Path) -> None:
        """Copy the database and the passwords of a snapshot to this folder. The servers choose new ports when they
        start.
        """
        self.record.write(**ServerRecord(folder).read() | {"postgres": NOWHERE, "valkey": NOWHERE})
        copy_tree(folder / "postgres", self.confinement.data)
        self.confinement.give_tree_to_user(self.postgres.data)

    def remove(self) -> None:
        """Stop the servers and delete their data and their folder."""
        self.stop()
        shutil.rmtree(self.confinement.data, ignore_errors=True)
        if (self.home / "place").exists():
            shutil.rmtree((self.home / "place").read_text(), ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)


def copy_tree(source: Path, folder: Path) -> None:
    """Copy the tree into `folder` with its owners and permissions, which `shutil` would lose."""
    subprocess.run(["cp", "-a", source, folder], check=True)


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_with_progress(servers: Servers) -> None:
    """Start the servers, with their progress on stderr, and print their URLs on stdout."""
    for server in [servers.postgres, servers.valkey]:
        with report_step(server.title):
            server.start()
    sys.stdout.write(f"{servers.record.database_url}\n{servers.record.redis_url}\n")


def stop_and_check(servers: Servers) -> None:
    """Stop the servers. Raises NotStopped if one of them still listens."""
    servers.stop()
    silent = servers.record.list_silent_servers()
    if remaining := [name for name in SERVERS if name not in silent]:
        raise NotStopped(f"Tourne encore\N{NO-BREAK SPACE}: {' et '.join(remaining)}.")


def main(action: str) -> None:
    """Start or stop the servers of .local/."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that an initdb that runs is stopped too
    try:
        {"start": start_with_progress, "stop": stop_and_check}[action](Servers(ROOT / ".local"))
    except (NotStarted, NotStopped) as failure:
        sys.exit(f"\n{failure}")
    except KeyboardInterrupt:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])

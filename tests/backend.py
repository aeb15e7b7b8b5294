"""The servers, the template database and its clones, which the tests use."""

import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString, Self, TextIO
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from config import env
from config.database.roles import APPLICATION, OWNER
from config.devserver.embedded import Servers

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".local" / "test"
CACHE = HOME / "cache"
TEMPLATE = "test_tocsin"
LISTS = ["import_collectivities", "import_csirts"]
# The folders whose code creates the schema and loads the lists, besides the migrations.
TEMPLATE_SOURCES = [
    "collectivities",
    "config/database",
    "config/devserver",
    "config/settings",
    "core",
    "csirts",
    "deploy",
]
# The role of the tests has the rights of the application. Unlike the application, it may become the superuser, for the
# tests that act as somebody whom triggers alone hold back (`act_as_superuser`).
TESTER = "tocsin_test"
CREATE_TESTER = """
    CREATE ROLE tocsin_test LOGIN PASSWORD {} IN ROLE tocsin_app;
    GRANT tocsin TO tocsin_test WITH INHERIT FALSE, SET TRUE
"""


@dataclass(frozen=True)
class Backend:
    """The servers. If DATABASE_URL and REDIS_URL name others, one role serves in the place of the three."""

    database_url: str  # as the application; of the database to connect to when making others
    owner_url: str
    superuser_url: str
    redis_url: str
    template: str

    @classmethod
    def from_environment(cls) -> Self:
        return cls(
            os.environ["DATABASE_URL"],
            os.environ["TOCSIN_TEST_OWNER_URL"],
            os.environ["TOCSIN_TEST_SUPERUSER_URL"],
            choose_broker_database(os.environ["REDIS_URL"]),
            os.environ["TOCSIN_TEST_TEMPLATE"],
        )

    @property
    def has_roles(self) -> bool:
        return self.owner_url != self.database_url

    def url(self, name: str) -> str:
        return replace_name(self.database_url, name)

    def make_superuser_url(self, name: str) -> str:
        return replace_name(self.superuser_url, name)

    def database_settings(self) -> dict[str, Any]:
        return env.parse_database_url(self.database_url)

    def owner_settings(self) -> dict[str, Any] | None:
        """Return DATABASE_OWNER, without the name of a database: each test has its own."""
        settings = env.parse_database_url(self.owner_url)
        return {key: value for key, value in settings.items() if key != "NAME"} if self.has_roles else None

    def execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def make_template(self) -> None:
        """Create the role of the tests and the template, with the schema and the official lists."""
        self.create_database(self.template, "template1")
        if self.has_roles:
            password = sql.Literal(urlsplit(self.database_url).password)
            with psycopg.connect(self.make_superuser_url(self.template), autocommit=True) as connection:
                connection.execute((ROOT / "deploy" / "create_roles.sql").read_bytes())
                connection.execute(sql.SQL(CREATE_TESTER).format(password))
        fill_database(self.url(self.template), replace_name(self.owner_url, self.template))

    def create_database(self, name: str, template: str) -> None:
        self.execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        if self.has_roles:
            self.execute("ALTER DATABASE {} OWNER TO {}", name, OWNER)

    @contextmanager
    def clone(self) -> Iterator[str]:
        name = f"{self.template}_{secrets.token_hex(4)}"
        self.create_database(name, self.template)
        try:
            yield name
        finally:
            self.execute("DROP DATABASE {} WITH (FORCE)", name)


class ReusableDatabase:
    """A clone for tests with real commits, restored to the state of the template after each test.

    It is faster than a clone for each test, which takes tenths of a second. Rows that a test wrote are deleted, and
    rows of the official lists that it changed or deleted are restored from a copy, with triggers off, because the
    append-only tables would refuse.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        # The connection stays open, because a new one would read the catalogue again after each test.
        connection = self.connection = self.connect()
        tables = [name for (name,) in connection.execute(TABLES)]
        self.counts = {name: count for name in tables if (count := self.count_rows(name))}
        self.others = [name for name in tables if name not in self.counts]
        connection.execute("CREATE SCHEMA pristine")
        for name in self.counts:
            connection.execute(compose("CREATE TABLE pristine.{0} AS TABLE public.{0}", name))
        self.columns = {name: self.list_names(COLUMNS, name) for name in self.counts}
        self.keys = {name: self.list_names(KEYS, name) for name in self.counts}
        self.schema, self.changed_by = self.describe_schema(), ""
        self.began = self.current_transaction()

    def connect(self) -> psycopg.Connection:
        connection = psycopg.connect(self.url, autocommit=True)
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")  # the rows need not survive a power cut
        return connection

    def close(self) -> None:
        self.connection.close()

    def restore_template(self, *, after: str) -> None:
        """Restore the rows of the template in each table. Sequences go on. `after` is the name of the test that used
        the database.

        Raise AssertionError if the test changed the tables themselves, their triggers or settings.
        """
        try:
            self.connection.execute(END_OTHER_CONNECTIONS)
        except psycopg.OperationalError:  # the test ended all connections, ours too
            self.connection = self.connect()
            self.connection.execute(END_OTHER_CONNECTIONS)
        if self.describe_schema() != self.schema:
            self.changed_by = self.changed_by or after
            raise AssertionError(f"{self.changed_by} changed tables, triggers or settings: it takes cloned_db")
        if changed := [name for name in self.counts if not self.is_untouched(name)]:
            for name in changed:
                self.restore_rows(name)
            self.began = self.current_transaction()
        if written := self.connection.execute(self.written).fetchall():
            names = [sql.Identifier(name) for (name,) in written]
            for name in names:
                self.connection.execute(sql.SQL("DELETE FROM {}").format(name))
            # The next rows are then stored in the same order as in a clone.
            self.connection.execute(sql.SQL("VACUUM {}").format(sql.SQL(", ").join(names)))

    @cached_property
    def written(self) -> sql.Composed:
        """Return the statement that lists the tables, empty in the template, that now contain rows."""
        rows = "SELECT {} WHERE EXISTS (SELECT FROM {})"
        selects = [sql.SQL(rows).format(sql.Literal(name), sql.Identifier(name)) for name in self.others]
        return sql.SQL(" UNION ALL ").join(selects)

    def is_untouched(self, name: str) -> bool:
        """Tell whether no row of this table was added, changed or deleted since the last restoration."""
        untouched = compose("SELECT count(*), count(*) FILTER (WHERE age(xmin) > age(%s::text::xid)) FROM {}", name)
        return self.connection.execute(untouched, [self.began]).fetchone() == (self.counts[name],) * 2

    def restore_rows(self, name: str) -> None:
        self.connection.execute(compose("DELETE FROM {} WHERE age(xmin) <= age(%s::text::xid)", name), [self.began])
        columns, keys = ([sql.Identifier(column) for column in names[name]] for names in (self.columns, self.keys))
        same = sql.SQL(" AND ").join(sql.SQL("now.{0} = kept.{0}").format(key) for key in keys)
        missing = sql.SQL(
            "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM pristine.{0} AS kept "
            "WHERE NOT EXISTS (SELECT FROM {0} AS now WHERE {2})"
        )
        self.connection.execute(missing.format(sql.Identifier(name), sql.SQL(", ").join(columns), same))

    def count_rows(self, name: str) -> int:
        return self.connection.execute(compose("SELECT count(*) FROM {}", name)).fetchone()[0]

    def list_names(self, statement: LiteralString, name: str) -> list[str]:
        return [column for (column,) in self.connection.execute(statement, [name])]

    def describe_schema(self) -> tuple[Any, ...] | None:
        return self.connection.execute(SCHEMA).fetchone()

    def current_transaction(self) -> str:
        return self.connection.execute("SELECT pg_current_xact_id()::text").fetchone()[0]


TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
KEYS = """
    SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indrelid = %s::regclass AND indisprimary
"""
# Expressions are read in their stored form, which is cheap.
SCHEMA = """
    SELECT (SELECT count(*) FROM pg_attribute), (SELECT count(*) FROM pg_index), (SELECT count(*) FROM pg_type),
        (SELECT md5(string_agg(concat(oid, conbin), ',' ORDER BY oid)) FROM pg_constraint),
        (SELECT md5(string_agg(concat(oid, adbin), ',' ORDER BY oid)) FROM pg_attrdef),
        (SELECT md5(string_agg(concat(oid, tgenabled), ',' ORDER BY oid)) FROM pg_trigger),
        (SELECT md5(string_agg(prosrc, ',' ORDER BY oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
        (SELECT count(*) FROM pg_db_role_setting), (SELECT count(*) FROM pg_largeobject_metadata)
"""
END_OTHER_CONNECTIONS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def replace_name(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def compose(statement: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def choose_broker_database(url: str) -> str:
    """Return the URL with another database of Valkey for each xdist worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlsplit(url)._replace(path=f"/{int(worker) % 16}").geturl()


class Session:
    """One run of pytest: servers in a folder of its own, which is locked until the process ends."""

    key = pytest.StashKey["Session"]()

    def __init__(self) -> None:
        self.servers: Servers | None = None
        self.backend: Backend | None = None

    def start(self) -> None:
        if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
            url = os.environ["DATABASE_URL"]
            self.use(Backend(url, url, url, os.environ["REDIS_URL"], f"{TEMPLATE}_{secrets.token_hex(4)}"))
            return
        HOME.mkdir(parents=True, exist_ok=True)
        remove_dead_sessions()
        home = HOME / secrets.token_hex(4)
        home.mkdir()
        self.lock = lock_home(home)
        self.servers = Servers(home)
        cached = CACHE / fingerprint()
        if cached.exists():
            self.servers.restore_snapshot(cached)
        self.servers.start()
        self.use(describe_servers(self.servers), is_built=cached.exists())
        if not cached.exists():
            save_to_cache(self.servers, cached)
        stop_waiting_for_disk(self.servers)

    def use(self, backend: Backend, *, is_built: bool = False) -> None:
        """Make the template, unless it is built, and name these servers to every process of the session."""
        self.backend = backend
        if not is_built:
            with compile_tests() if self.servers else nullcontext():
                backend.make_template()
        os.environ |= {
            "DATABASE_URL": backend.database_url,
            "TOCSIN_TEST_OWNER_URL": backend.owner_url,
            "TOCSIN_TEST_SUPERUSER_URL": backend.superuser_url,
            "REDIS_URL": backend.redis_url,
            "TOCSIN_TEST_TEMPLATE": backend.template,
        }

    def stop(self) -> None:
        if self.servers:
            self.servers.remove()
        elif self.backend:
            self.backend.execute("DROP DATABASE {} WITH (FORCE)", self.backend.template)


def describe_servers(servers: Servers) -> Backend:
    """Return the addresses of embedded servers that have started."""
    record = servers.record
    database_url = record.database_url.replace(APPLICATION, TESTER, 1)
    return Backend(database_url, record.owner_url, servers.postgres.make_url(), record.redis_url, TEMPLATE)


def fill_database(database_url: str, owner_url: str) -> None:
    """Create the schema, then load the official lists, with the usual commands."""
    environment = os.environ | {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    if owner_url != database_url:
        environment |= {"DATABASE_OWNER_URL": owner_url}
    for command in ["migrate", *filter(has_command, LISTS)]:
        process = subprocess.run(
            [sys.executable, "manage.py", command, "--verbosity=0", "--skip-checks"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode:
            raise pytest.UsageError(f"manage.py {command}:\n{process.stderr}")


@contextmanager
def compile_tests() -> Iterator[None]:
    """Collect the tests in another process meanwhile, which caches their compiled form.

    In a new clone of the repository, all workers would otherwise compile all of them at the same time.
    """
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    silent: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(collect, cwd=ROOT, **silent)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def has_command(command: str) -> bool:
    return any(ROOT.glob(f"*/management/commands/{command}.py"))


def list_files(folder: Path) -> list[Path]:
    """Return the files below `folder`. Fail if there is none, so that a renamed folder is noticed."""
    files = [path for path in folder.glob("**/*") if path.is_file() and "__pycache__" not in path.parts]
    assert files, f"{folder} holds no file"
    return files


def fingerprint() -> str:
    """Return a digest of the files from which the template is made."""
    template_files = [
        ROOT / "requirements.txt",
        Path(__file__),
        *ROOT.glob("*/migrations/*.py"),
        *(path for folder in TEMPLATE_SOURCES for path in list_files(ROOT / folder)),
    ]
    digest = hashlib.sha256(f"{os.getuid()}".encode())
    for path in sorted(template_files):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def save_to_cache(servers: Servers, cached: Path) -> None:
    """Stop the servers for a moment, to copy their files to the cache. Keep the three newest copies."""
    servers.stop()
    servers.save_snapshot(cached)
    servers.start()
    for older in sorted(CACHE.iterdir(), key=lambda folder: folder.stat().st_mtime)[:-3]:
        shutil.rmtree(older, ignore_errors=True)


def stop_waiting_for_disk(servers: Servers) -> None:
    """Let PostgreSQL write when it can: these databases need not survive a power cut, and each clone that is made or
    dropped would wait for the disk. The cached copy, from which the tests of faults start, stays durable.
    """
    with psycopg.connect(servers.postgres.make_url(), autocommit=True) as connection:
        for setting in (b"fsync", b"full_page_writes"):
            connection.execute(b"ALTER SYSTEM SET " + setting + b" = off")
        connection.execute("SELECT pg_reload_conf()")


def remove_dead_sessions() -> None:
    """Remove the folders of killed sessions, whose lock no process has."""
    for home in HOME.iterdir():
        if home != CACHE and (lock := lock_home(home)):
            Servers(home).remove()
            lock.close()


def lock_home(home: Path) -> TextIO | None:
    """Return the locked file, or None if a living session has the lock."""
    lock = (home / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock

"""What the tests stand on: servers, the template database, its clones."""

import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from config import env
from config.embedded import Servers

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".local" / "test"
CACHE = HOME / "cache"
LISTS = ["import_collectivities", "import_csirts"]


@dataclass(frozen=True)
class Ground:
    database_url: str  # of the database to connect to when making others
    redis_url: str
    template: str

    @classmethod
    def of_the_environment(cls):
        return cls(
            os.environ["DATABASE_URL"],
            own_broker_database(os.environ["REDIS_URL"]),
            os.environ["TOCSIN_TEST_TEMPLATE"],
        )

    def url(self, name):
        return urlsplit(self.database_url)._replace(path=f"/{name}").geturl()

    def database_settings(self):
        return env.database(self.database_url)

    def execute(self, statement, *names):
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    @contextmanager
    def clone(self):
        name = f"{self.template}_{secrets.token_hex(4)}"
        self.execute("CREATE DATABASE {} TEMPLATE {}", name, self.template)
        try:
            yield name
        finally:
            self.execute("DROP DATABASE {} WITH (FORCE)", name)


def own_broker_database(url):
    """One numbered database of Valkey for each xdist worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlsplit(url)._replace(path=f"/{int(worker) % 16}").geturl()


class Session:
    """One run of pytest: servers in a folder of its own, held by a lock that dies with the process."""

    key = pytest.StashKey["Session"]()

    def __init__(self):
        self.servers = None
        self.ground = None

    def start(self):
        if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
            self.build(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
            return
        HOME.mkdir(parents=True, exist_ok=True)
        sweep()
        home = HOME / secrets.token_hex(4)
        home.mkdir()
        self.lock = held(home)
        self.servers = Servers(home)
        cached = CACHE / fingerprint()
        if cached.exists():
            self.servers.restore(cached)
        self.servers.start()
        forgo_durability(self.servers.postgres.url())
        self.build(self.servers.postgres.url(), self.servers.valkey.url(), built=cached.exists())
        if not cached.exists():
            keep(self.servers, cached)

    def build(self, database_url, redis_url, *, built=False):
        name = "test_tocsin" if self.servers else f"test_tocsin_{secrets.token_hex(4)}"
        self.ground = Ground(database_url, redis_url, name)
        if not built:
            self.ground.execute("CREATE DATABASE {}", name)
            fill(self.ground.url(name))
        os.environ |= {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TOCSIN_TEST_TEMPLATE": name}

    def stop(self):
        if self.servers:
            self.servers.remove()
        elif self.ground:
            self.ground.execute("DROP DATABASE {} WITH (FORCE)", self.ground.template)


def forgo_durability(database_url):
    """Let PostgreSQL not wait for the disk. A kill of its processes still loses no commit; a power cut may."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


def fill(database_url):
    """The schema, then the official lists, by the commands that everybody uses."""
    environment = os.environ | {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    for command in ["migrate", *filter(exists, LISTS)]:
        made = subprocess.run(
            [sys.executable, "manage.py", command, "--verbosity=0", "--skip-checks"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise pytest.UsageError(f"manage.py {command}:\n{made.stderr}")


def exists(command):
    return any(ROOT.glob(f"*/management/commands/{command}.py"))


def fingerprint():
    """Changes with whatever the template is made of."""
    made_of = [
        ROOT / "requirements.txt",
        ROOT / "config" / "embedded.py",
        *ROOT.glob("*/migrations/*.py"),
        *ROOT.glob("collectivities/**/*"),
        *ROOT.glob("csirts/**/*"),
    ]
    digest = hashlib.sha256(f"{os.getuid()}".encode())
    for path in sorted(path for path in made_of if path.is_file() and path.suffix != ".pyc"):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def keep(servers, cached):
    """Stop them for a moment, to copy files at rest."""
    servers.stop()
    servers.snapshot(cached)
    servers.start()
    for older in sorted(CACHE.iterdir(), key=lambda folder: folder.stat().st_mtime)[:-3]:
        shutil.rmtree(older, ignore_errors=True)


def sweep():
    """What sessions that were killed left behind: a folder whose lock nobody holds."""
    for home in HOME.iterdir():
        if home != CACHE and (lock := held(home)):
            Servers(home).remove()
            lock.close()


def held(home):
    """The locked file, or None when a living session has it."""
    lock = (home / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock

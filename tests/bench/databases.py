"""The servers and the databases that the bench measures, in one temporary folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from config.devserver.embedded import Servers
from tests.backend import ROOT, TEMPLATE
from tests.bench.copies import copy_cases
from tests.bench.figures import Figure, log_progress, parse_figures
from tests.faults.deployment import connect, start_servers_with_lists

MONTHS = "24"
CAMPAIGN = 120
# The bytes of an incident with its rows and indexes, doubled for sorts and copies; and those of a raw copy without its
# texts, which no figure counts.
BYTES_AN_INCIDENT, BYTES_OF_ONE_BURIED = 12_000, 3_500
SPARE_BYTES = 3_000_000_000
# Gives most cases a supplier of their own, because the cases of one supplier would be a single row of the queue.
PART_SUPPLIERS = """
    UPDATE incidents_incident SET supplier_key = supplier_key || id WHERE supplier_key <> '' AND id % 8 > 0
"""
# Gives each case four indicators on a host of its own, and one on USUAL_DOMAIN.
ADD_OBSERVABLES = """
    INSERT INTO incidents_observable (uid, incident_id, kind, value, origin, actor_id, added_at)
    SELECT gen_random_uuid(), incident.id, made.kind, made.before || incident.id || made.after, 'hand',
        (SELECT min(id) FROM accounts_user), incident.received_at
    FROM incidents_incident incident CROSS JOIN (VALUES
        ('url', 'https://bench', '.example/x'), ('url', 'http://www.bench', '.example:8080/a/b'),
        ('email', 'x', '@messagerie.example'), ('domain', 'bench', '.example'), ('domain', 'www.bench', '.example')
    ) made(kind, before, after)
"""
USUAL_DOMAIN = "messagerie.example"


class BenchDatabases:
    def __init__(self, home: Path, servers: Servers) -> None:
        self.home, self.servers = home, servers
        self.filler = ThreadPoolExecutor(1)
        self.filling: dict[int, Future[str]] = {}
        self.invented: set[str] = set()

    def url(self, database: str) -> str:
        return self.servers.postgres.make_url(database)

    def create(self, database: str, *, template: str = "template0") -> None:
        with connect(self.url("postgres")) as connection:
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    def environment(self, database: str, **more: str) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "DATABASE_URL": self.url(database),
            "REDIS_URL": self.servers.record.redis_url,
            **more,
        }

    def manage(self, database: str, *arguments: str) -> str:
        return self.run("manage.py", *arguments, environment=self.environment(database))

    def run(self, *arguments: str, environment: dict[str, str]) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)}: stopped with {done.returncode}")
        return done.stdout

    def run_measurement(self, module: str, database: str, **more: str) -> list[Figure]:
        """Return the figures that `module` measures in a process of its own."""
        return parse_figures(self.run("-m", module, environment=self.environment(database, **more)))

    def get_filled(self, count: int) -> str:
        """Return the name of a database with `count` invented incidents, counted and published. It is created once."""
        return self.start_filling(count).result()

    def start_filling(self, count: int) -> Future[str]:
        """Create this database in the background, after the databases requested earlier."""
        if count not in self.filling:
            self.filling[count] = self.filler.submit(self.fill, count)
        return self.filling[count]

    def fill(self, count: int) -> str:
        name = self.get_invented(count)
        self.manage(name, "publish_releases")  # it first counts the pending events
        with connect(self.url(name)) as connection:
            connection.execute("VACUUM (ANALYZE, PARALLEL 0)")
            connection.execute("CHECKPOINT")
        log_progress(f"{count} incidents counted")
        return name

    def get_invented(self, count: int) -> str:
        """Return the name of a database with `count` invented incidents and the accounts of the demonstration. It is
        created once. Nothing in it is counted or published until `get_filled` is called.
        """
        name = f"bench_{count}"
        if name not in self.invented:
            self.invent(name, count)
            self.invented.add(name)
            log_progress(f"{count} incidents invented")
        return name

    def invent(self, name: str, count: int) -> None:
        self.create(name, template=TEMPLATE)
        self.manage(name, "simulate_incidents", f"--count={count}", f"--months={MONTHS}")
        # A crisis, so that the queue of the measured centre fills its page at every size.
        self.manage(name, "simulate_incidents", "--region=53", f"--campaign={CAMPAIGN}")
        with connect(self.url(name)) as connection:
            connection.execute(PART_SUPPLIERS)
        self.manage(name, "create_demonstration")
        with connect(self.url(name)) as connection:
            connection.execute(ADD_OBSERVABLES)

    def get_enlarged(self, count: int, under: int) -> str:
        """Return the name of a database with `count` incidents, and with uncounted copies of their rows up to `under`
        incidents.

        To invent and count these too would take hours, and their release would contain no more numbers: beyond a few
        hundred thousand incidents a year, the tables are as fine as they are declared.
        """
        name = f"bench_{count}_under_{under}"
        self.create(name, template=self.get_filled(count))
        with connect(self.url(name)) as connection:
            copy_cases(connection, under)
            connection.execute("VACUUM (ANALYZE, PARALLEL 0)")
            connection.execute("CHECKPOINT")
        log_progress(f"{under} incidents there")
        return name

    def create_country(self, per_year: int) -> str:
        """Return the name of a database with `per_year` declarations in the last complete year, of which nothing is
        counted.
        """
        name = f"bench_country_{per_year}"
        self.create(name, template=TEMPLATE)
        self.manage(name, "simulate_incidents", f"--per-year={per_year}", "--figures-only")
        return name


@contextmanager
def open_bench_databases() -> Iterator[BenchDatabases]:
    with TemporaryDirectory(prefix="tocsin-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the embedded PostgreSQL may run as another user
        servers = start_servers_with_lists(home / "servers")
        try:
            yield BenchDatabases(home, servers)
        finally:
            servers.remove()


def refuse_full_disk(incidents: int, *, buried: int) -> None:
    needed = SPARE_BYTES + incidents * BYTES_AN_INCIDENT + buried * BYTES_OF_ONE_BURIED
    free = min(shutil.disk_usage(place).free for place in [ROOT, Path(os.environ.get("TMPDIR", "/tmp"))])  # noqa: S108
    if free < needed:
        raise SystemExit(f"{free / 1e9:.1f} GB are free, {needed / 1e9:.1f} GB are needed: nothing was measured.")

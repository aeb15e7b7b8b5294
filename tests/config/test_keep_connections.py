"""Workers keep one connection a process; the pool is for web processes alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client

from config.broker import LONGEST_TASK_SECONDS
from config.celery import app
from config.devserver.processes import stop_process
from config.queues import HEAVY, URGENT
from config.settings.base import add_connection_settings
from incidents.triage.search.finding import FREQUENCY_SQL
from notifications.models import Announcement
from tests.backend import ROOT, Backend
from tests.cast import a_responder, breizh_cyber, declare
from tests.incidents.searching import URL as SEARCH

TASK = "notifications.tasks.announce_events"
WORKER = "a worker of tests"


@pytest.fixture
def worker(transactional_db: str, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker, with the options that are the parameters of the test."""
    environment = os.environ | {
        "DATABASE_URL": transactional_db,
        "REDIS_URL": Backend.from_environment().redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "PGAPPNAME": WORKER,
    }
    command = [
        "celery",
        "-A",
        "config.celery",
        "worker",
        "-c",
        "1",
        "-l",
        "ERROR",
        "--without-gossip",
        *getattr(request, "param", []),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    stop_process(process.pid, signal.SIGTERM)
    process.kill()  # does nothing if it has ended
    process.wait()


def count_sessions():
    """Return how many connections were opened on this database since its statistics began."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def count_open_sessions():
    """Return how many connections of the worker are open now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [WORKER])
        return cursor.fetchone()[0]


def count_unfinished_tasks():
    """Return how many tasks wait in the queue, or run and are not yet acknowledged."""
    with app.connection_for_read() as broker:
        client = broker.default_channel.client
        return client.llen(URGENT) + client.llen(HEAVY) + client.hlen("unacked")


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


@pytest.mark.proof
def test_sixty_tasks_open_at_most_three_connections(worker):
    """A pool in the worker, or no persistent connection, would open one a task."""
    before = count_sessions()
    for _ in range(60):
        app.send_task(TASK)

    # A worker that is stopped during a task may wait 30 s for the result of it, which its parent no longer reads.
    wait_until(lambda: count_unfinished_tasks() == 0)
    worker.terminate()
    worker.wait(timeout=60)
    wait_until(lambda: count_open_sessions() == 0)  # each has published its counters at its end

    assert 1 <= count_sessions() - before <= 3


def test_a_worker_survives_the_loss_of_its_connection(worker):
    first = declare_and_wait_for_announcement()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        assert cursor.rowcount >= 1

    second = declare_and_wait_for_announcement()

    assert first != second


def declare_and_wait_for_announcement():
    breizh_cyber()
    incident = declare()
    wait_until(lambda: Announcement.objects.filter(event__incident=incident).exists())
    return incident


def test_connections_are_set_to_last_longer_than_a_task():
    assert add_connection_settings({"OPTIONS": {}})["CONN_MAX_AGE"] == 600
    assert settings.CELERY_DB_REUSE_MAX == 1000


def test_there_is_a_pool_only_if_its_size_is_set(monkeypatch):
    assert settings.DATABASE_POOL == 0
    assert "pool" not in add_connection_settings({"OPTIONS": {}})["OPTIONS"]

    monkeypatch.setattr("config.settings.base.DATABASE_POOL", 4)
    pooled = add_connection_settings({"OPTIONS": {}})
    assert pooled["OPTIONS"]["pool"]["max_size"] == 4
    assert "CONN_MAX_AGE" not in pooled


@pytest.mark.parametrize("worker", [["--soft-time-limit=2"]], indirect=True)
def test_a_task_that_lasts_too_long_ends(worker):
    """A statement of it waits for a lock that this test holds. The limit is two seconds here."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE incidents_bulkjob")
        app.send_task("config.tasks.work_in_turn")
        wait_until(lambda: count_waiting_statements() == 1)
        assert count_unfinished_tasks()
        wait_until(lambda: not count_unfinished_tasks())
    assert app.conf.task_time_limit == LONGEST_TASK_SECONDS == app.conf.task_soft_time_limit + 30


def count_waiting_statements():
    """Return how many statements of the worker wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'", [WORKER]
        )
        return cursor.fetchone()[0]


@pytest.fixture
def pooled_connection(transactional_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this thread use a connection with the settings of a web process. The limit is a short one."""
    monkeypatch.setattr("config.settings.base.DATABASE_POOL", 1)
    monkeypatch.setattr("config.settings.base.LONGEST_PAGE_STATEMENT", "300ms")
    usual = connections["default"]
    pooled = add_connection_settings(usual.settings_dict | {"OPTIONS": dict(usual.settings_dict["OPTIONS"])})
    connections["default"] = DatabaseWrapper(pooled | {"CONN_MAX_AGE": 0})
    yield
    connections["default"].close()
    connections["default"].close_pool()
    connections["default"] = usual


@pytest.mark.usefixtures("pooled_connection")
def test_a_page_whose_statement_lasts_too_long_ends_and_the_site_goes_on(monkeypatch):
    client = Client(raise_request_exception=False)
    client.force_login(a_responder())
    slow = FREQUENCY_SQL.replace("SELECT text, seen,", "SELECT text, seen + length(pg_sleep(20)::text),")
    with monkeypatch.context() as while_slow:
        while_slow.setattr("incidents.triage.search.finding.FREQUENCY_SQL", slow)
        began = time.monotonic()
        assert client.get(SEARCH, {"q": "serveur"}).status_code == 500
        assert time.monotonic() - began < 10
    assert client.get(SEARCH, {"q": "serveur"}).status_code == 200


def test_the_limit_of_a_statement_is_that_of_pages_alone(monkeypatch):
    assert "options" not in add_connection_settings({"OPTIONS": {}})["OPTIONS"]
    monkeypatch.setattr("config.settings.base.DATABASE_POOL", 4)
    database = {"OPTIONS": {"options": "-c jit=off"}}
    assert add_connection_settings(database)["OPTIONS"]["options"] == "-c statement_timeout=30s -c jit=off"

"""Workers keep one connection a process; the pool is for web processes alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from config.celery import app
from config.devserver.processes import stop_process
from config.settings.base import add_connection_settings
from notifications.models import Announcement
from tests.backend import ROOT, Backend
from tests.cast import breizh_cyber, declare

TASK = "notifications.tasks.announce_events"
WORKER = "a worker of tests"


@pytest.fixture
def worker(transactional_db: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "DATABASE_URL": transactional_db,
        "REDIS_URL": Backend.from_environment().redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "PGAPPNAME": WORKER,
    }
    command = ["celery", "-A", "config.celery", "worker", "-c", "1", "-l", "ERROR", "--without-gossip"]
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
        return client.llen("urgent") + client.hlen("unacked")


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

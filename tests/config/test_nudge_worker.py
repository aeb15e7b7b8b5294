import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread, current_thread

import pytest
from django.conf import settings

from config.celery import NUDGE_TRANSPORT, Nudger, app, nudge_consumer
from config.clock import SCHEDULE
from config.clock import app as clock
from config.devserver.embedded import find_free_port
from config.queues import HEAVY, URGENT
from config.scheduler import SteadyScheduler
from tests.backend import Backend
from tests.cast import breizh_cyber, declare


def test_a_nudge_of_an_application_queues_its_task(backend):
    with app.connection_for_read() as connection, connection.SimpleQueue(URGENT) as queue:
        nudge_consumer("notifications")
        assert settings.EVENT_CONSUMERS["notifications"] in iter(lambda: take_task(queue), None)


def test_a_declared_case_queues_the_count_of_the_figures(backend, transactional_db):
    """Long work takes turns every few seconds, so the figures follow soon."""
    breizh_cyber()
    with app.connection_for_read() as connection, connection.SimpleQueue(HEAVY) as queue:
        declare()
        assert settings.EVENT_CONSUMERS["stats"] in iter(lambda: take_task(queue), None)
    assert SCHEDULE["do long work in turn"]["schedule"] <= 10


@pytest.fixture(autouse=True)
def empty_queues(backend: Backend) -> None:
    """Remove the tasks that earlier tests queued."""
    with app.connection_for_write() as connection:
        for name in (URGENT, HEAVY):
            connection.SimpleQueue(name).clear()


def take_task(queue):
    """Take a task from the queue. Raise Empty when none comes."""
    message = queue.get(timeout=5)
    message.ack()
    return message.headers["task"]


def test_a_nudge_that_waits_is_not_repeated(backend, nudger):
    with app.connection_for_read() as connection, connection.SimpleQueue(URGENT) as queue:
        for _ in range(3):
            nudger.send({"notifications"})
        assert queue.qsize() == 1
        take_task(queue)
        nudger.send({"notifications"})
        assert take_task(queue) == settings.EVENT_CONSUMERS["notifications"]


@pytest.fixture
def scheduler(backend: Backend, tmp_path: Path) -> Iterator[SteadyScheduler]:
    scheduler = SteadyScheduler(clock, schedule_filename=str(tmp_path / "beat"))
    yield scheduler
    scheduler.connection.release()
    scheduler.close()


def send_entry(scheduler, name):
    scheduler.apply_entry(scheduler.schedule[name], producer=scheduler.producer)


def test_a_task_of_the_clock_that_waits_is_not_repeated(scheduler):
    """However long no worker takes them, each task waits once."""
    with app.connection_for_read() as connection, connection.SimpleQueue(URGENT) as queue:
        for name in ["announce events", "deliver what is due"] * 3:
            send_entry(scheduler, name)
        assert queue.qsize() == 2
        assert take_task(queue) == "notifications.tasks.announce_events"
        send_entry(scheduler, "announce events")
        assert take_task(queue) == "notifications.tasks.deliver_due"
        assert take_task(queue) == "notifications.tasks.announce_events"


def test_no_message_expires(scheduler, nudger):
    """The wall clock of a worker may not be that of the sender: an expiry date would then drop each message."""
    nudger.send(set(settings.EVENT_CONSUMERS))
    for name in SCHEDULE:
        send_entry(scheduler, name)
    expires = {}
    with app.connection_for_read() as connection:
        for name in (URGENT, HEAVY):
            queue = connection.SimpleQueue(name)
            with suppress(Empty):
                while message := queue.get(block=False):
                    message.ack()
                    expires[message.headers["task"]] = message.headers["expires"]
            queue.close()
    tasks = {*settings.EVENT_CONSUMERS.values(), *(entry["task"] for entry in SCHEDULE.values())}
    assert expires == dict.fromkeys(tasks)


@pytest.fixture
def nudger() -> Iterator[Nudger]:
    nudger = Nudger()
    yield nudger
    nudger.disconnect()


def test_a_kept_connection_that_fails_is_replaced(backend, nudger):
    nudger.connection = app.connection_for_write(
        f"redis://127.0.0.1:{find_free_port()}/0", transport_options=NUDGE_TRANSPORT
    )
    with app.connection_for_read() as connection, connection.SimpleQueue(HEAVY) as queue:
        nudger.send({"stats"})
        assert settings.EVENT_CONSUMERS["stats"] in iter(lambda: take_task(queue), None)


@pytest.fixture
def point_broker_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    connect = app.connection_for_write

    def point(port: int) -> None:
        url = f"redis://127.0.0.1:{port}/0"
        monkeypatch.setattr(app, "connection_for_write", lambda **options: connect(url, **options))

    return point


def test_a_dead_broker_is_no_error_and_no_connection_to_it_is_kept(point_broker_at, nudger):
    point_broker_at(find_free_port())
    nudger.send({"stats"})
    assert nudger.connection is None


def test_a_silent_broker_is_given_up(point_broker_at, nudger):
    """The server accepts the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_broker_at(silent.getsockname()[1])
        sending = Thread(target=nudger.send, args=[{"stats"}], daemon=True)
        sending.start()
        sending.join(timeout=60)
        assert not sending.is_alive(), "it waits for an answer"
    assert nudger.connection is None


def test_no_request_waits_for_the_broker(monkeypatch, nudger):
    """A thread of its own sends, and the request goes on meanwhile."""
    is_done, calls = Event(), Queue()
    monkeypatch.setattr(nudger, "send", lambda _consumers: calls.put((current_thread(), is_done.wait(timeout=30))))
    monkeypatch.setattr("config.celery.nudger", nudger)

    for _ in range(100):
        nudge_consumer("stats")

    is_done.set()
    sender, has_seen_the_end = calls.get(timeout=30)
    assert sender is not current_thread()
    assert has_seen_the_end, "the requests waited for it"


def test_every_beat_task_exists():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in SCHEDULE.values()}
    assert scheduled | set(settings.EVENT_CONSUMERS.values()) <= set(app.tasks)


def test_the_clock_writes_its_logs_in_json():
    """The clock sets up no Django, but a collector reads one line of JSON an event from it too."""
    program = "import config.clock, logging; from celery.signals import setup_logging; setup_logging.send(None); "
    program += "logging.getLogger('celery.beat').error('late')"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    written = json.loads(done.stdout + done.stderr)
    assert (written["logger"], written["event"], written["level"]) == ("celery.beat", "late", "error")

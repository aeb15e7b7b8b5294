"""The time of the machine of the clock is changed, while the worker of the mails has another time. Work goes on."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from redis import Redis

from notifications.pulse import CLOCK_KEY
from tests.faults.deployment import Deployment, run_deployment, wait_until

pytestmark = pytest.mark.proof

# Twice the interval of the task that records each turn, and what the processes need.
TURN_SECONDS = 25


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with run_deployment(tmp_path) as deployment:
        set_time(deployment.beat, hours=0)
        set_time(deployment.urgent, hours=2)
        for program in (deployment.beat, deployment.urgent):
            program.start()
        yield deployment


def set_time(program, *, hours):
    """Give the program, which is not started yet, a wall clock of its own."""
    command = program.command
    at = command.index("-m")
    assert command[at + 1] == "celery"
    program.command = [*command[:at], "-m", "tests.faults.stepped_celery", str(hours), *command[at + 2 :]]


@pytest.fixture
def wait_for_turn(deployment: Deployment) -> Iterator[Callable[..., None]]:
    """Return a function that waits for one more turn of the clock, which the worker has recorded in Valkey."""
    valkey, key = Redis.from_url(deployment.servers.record.redis_url), cache.make_key(CLOCK_KEY)

    def wait(seconds: float = TURN_SECONDS) -> None:
        before = valkey.get(key)
        wait_until(
            lambda: valkey.get(key) != before,
            seconds=seconds,
            what=lambda: deployment.beat.read_log_end() + deployment.urgent.read_log_end(),
        )

    yield wait
    valkey.close()


def test_tasks_are_sent_and_run_whatever_the_time_of_each_machine(deployment, wait_for_turn):
    wait_for_turn(seconds=60)
    for step in (signal.SIGUSR1, signal.SIGUSR2):
        deployment.beat.process.send_signal(step)
        wait_for_turn()  # its message may have been on its way
        wait_for_turn()

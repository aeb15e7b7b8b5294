"""Mails that somebody waits for have a worker of their own; all other work takes turns in another."""

import os
from collections.abc import Callable

import pytest
import yaml
from celery.exceptions import SoftTimeLimitExceeded

from config import tasks
from config.celery import app
from config.clock import SCHEDULE
from config.clock import app as clock
from config.devserver.run import Child, Supervisor
from config.queues import HEAVY, URGENT
from tests.backend import ROOT

MAILS = {
    "accounts.tasks.send_mails",
    "notifications.tasks.announce_events",
    "notifications.tasks.deliver_due",
    "notifications.tasks.reconcile",
    "notifications.tasks.report_clock_turn",
}
OWN_APPS = ("accounts", "config", "incidents", "notifications", "retention", "stats")


def queue_of(sender, task):
    return sender.amqp.router.route({}, task)["queue"].name


def test_mails_go_to_the_urgent_queue_and_all_else_to_the_heavy_one():
    app.loader.import_default_modules()
    every = {task for task in app.tasks if task.startswith(OWN_APPS)}
    assert {task for task in every if queue_of(app, task) == URGENT} == MAILS
    assert {queue_of(app, task) for task in every - MAILS} == {HEAVY}


def test_the_clock_sends_each_task_to_the_queue_of_its_worker():
    for entry in SCHEDULE.values():
        assert queue_of(clock, entry["task"]) == queue_of(app, entry["task"])


def test_people_are_warned_of_unused_accounts_once_a_night():
    [entry] = [entry for entry in SCHEDULE.values() if entry["task"] == "retention.tasks.warn_by_night"]
    schedule = entry["schedule"]
    assert (len(schedule.hour), len(schedule.minute), schedule.day_of_week) == (1, 1, set(range(7)))
    assert "options" not in entry  # a worker that is late still warns


def test_a_worker_that_is_given_no_queue_takes_both():
    assert set(app.amqp.queues.consume_from) == {URGENT, HEAVY}
    assert {(queue.exchange.name, queue.routing_key) for queue in app.amqp.queues.values()} == {
        *[(URGENT, URGENT), (HEAVY, HEAVY)]
    }


def list_worker_commands():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    yield [services[name]["command"] for name in ("urgent", "worker")]
    yield [child.command for child in Supervisor(8000).children if child.name in ("urgent", "worker")]


@pytest.mark.parametrize("pair", list(list_worker_commands()), ids=["compose", "make run"])
def test_each_queue_has_a_worker_and_the_heavy_one_gives_way(pair):
    urgent, heavy = pair
    assert [command[command.index("-Q") + 1] for command in pair] == [URGENT, HEAVY]
    assert (urgent[0] == "nice", heavy[:3]) == (False, ["nice", "-n", "19"])


def test_a_child_stays_in_our_session_so_that_nice_takes_effect(tmp_path):
    """Linux may apply `nice` only between processes of one session."""
    child = Child("sleep", ["sleep", "60"])
    child.log = tmp_path / "sleep.log"
    child.start()
    try:
        assert os.getsid(child.process.pid) == os.getsid(0)
        assert os.getpgid(child.process.pid) == child.process.pid
    finally:
        child.stop()


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that replaces each kind of work by one with a given number of rounds. The function returns the
    list of the turns taken.
    """
    done: list[str] = []

    def work(name: str, rounds: int) -> Callable[..., int]:
        def one_round(**_options: object) -> int:
            done.append(name)
            return 1 if done.count(name) <= rounds else 0

        one_round.__name__ = name
        return one_round

    def set_up(**rounds: int) -> list[str]:
        monkeypatch.setattr("config.tasks.reroute.reroute_cases", work("routes", rounds.get("routes", 0)))
        monkeypatch.setattr("config.tasks.jobs.run_due_jobs", work("bulk", rounds.get("bulk", 0)))
        monkeypatch.setattr("config.tasks.index.index_pending_events", work("index", rounds.get("index", 0)))
        monkeypatch.setattr("config.tasks.services.fold_new_events", work("figures", rounds.get("figures", 0)))
        monkeypatch.setattr("config.tasks.making.make_due_reports", work("reports", rounds.get("reports", 0)))
        monkeypatch.setattr("config.tasks.papers.make_due_papers", work("papers", rounds.get("papers", 0)))
        return done

    return set_up


ROUND = ["routes", "bulk", "index", "figures", "reports", "papers"]


def test_kinds_of_work_take_turns_until_no_work_is_left(turns):
    done = turns(bulk=2, papers=1)
    tasks.work_in_turn()
    assert done == ROUND * 3


def test_a_task_that_ran_long_enough_leaves_the_rest_to_the_next_task(turns, monkeypatch):
    monkeypatch.setattr(tasks, "LONGEST_SECONDS", 0)
    done = turns(bulk=1000)
    tasks.work_in_turn()
    assert done == ROUND


def test_a_failing_kind_of_work_stops_no_other_and_logs_no_data(db, turns, monkeypatch, caplog):
    done = turns()

    def fails():
        raise ValueError("Dominique Exemple")

    monkeypatch.setattr("config.tasks.jobs.run_due_jobs", fails)
    tasks.work_in_turn()
    assert done == [name for name in ROUND if name != "bulk"]
    assert "long work failed" in caplog.text
    assert "Dominique" not in caplog.text


def test_the_limit_of_a_task_ends_all_its_turns(turns, monkeypatch):
    turns()

    def is_ended():
        raise SoftTimeLimitExceeded

    monkeypatch.setattr("config.tasks.jobs.run_due_jobs", is_ended)
    with pytest.raises(SoftTimeLimitExceeded):
        tasks.work_in_turn()

"""The clock keeps its intervals when the time of the machine is set back or forward."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from celery.beat import ScheduleEntry
from celery.schedules import crontab
from time_machine import TimeMachineFixture

from config.clock import SCHEDULE
from config.clock import app as clock
from config.scheduler import SteadyScheduler

PARIS = ZoneInfo("Europe/Paris")
INTERVALS = {
    entry["task"]: entry["schedule"] for entry in SCHEDULE.values() if not isinstance(entry["schedule"], crontab)
}
ROWS, FIGURES, STORE = (
    "incidents.tasks.delete_expired_rows",
    "stats.tasks.check_figures",
    "incidents.tasks.sweep_store",
)


class Beat:
    """The loop of Celery beat, which sleeps without waiting. Of each task that it sends it notes the seconds since its
    start, which no step of the wall clock changes, and the hour on the wall clock.
    """

    def __init__(self, file: Path, wall_clock: TimeMachineFixture) -> None:
        self.wall_clock, self.elapsed = wall_clock, 0.0
        self.instants: dict[str, list[float]] = defaultdict(list)
        self.hours: dict[str, list[str]] = defaultdict(list)
        self.scheduler = SteadyScheduler(clock, schedule_filename=str(file))
        self.scheduler.producer = None  # nothing is connected
        self.scheduler.apply_async = self.note

    def note(self, entry: ScheduleEntry, **_options: object) -> None:
        self.instants[entry.task].append(self.elapsed)
        self.hours[entry.task].append(f"{datetime.now(PARIS):%H:%M}")

    def run(self, **time: float) -> None:
        end = self.elapsed + timedelta(**time).total_seconds()
        while self.elapsed < end:
            pause = max(self.scheduler.tick(), 0.01)  # Celery tries again at once in the last hundredth of a second
            self.elapsed += pause
            self.wall_clock.shift(pause)

    def set_clock(self, **step: float) -> None:
        self.wall_clock.shift(timedelta(**step))
        self.hours.clear()


@pytest.fixture
def start_at(
    tmp_path: Path, time_machine: TimeMachineFixture, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[[int, int], Beat]]:
    """Yield a function that starts the clock at an hour of Paris. What each has opened is closed at the end."""
    beats: list[Beat] = []
    caplog.set_level("WARNING", "celery.beat")  # a line for each task would take longer than the task

    def start(hour: int, minute: int) -> Beat:
        time_machine.move_to(datetime(2026, 12, 1, hour, minute, 30, tzinfo=PARIS), tick=False)
        beats.append(Beat(tmp_path / "beat", time_machine))
        return beats[-1]

    yield start
    for beat in beats:
        beat.scheduler.close()


@pytest.mark.parametrize(
    "step", [{"hours": -2}, {"minutes": -4}, {"hours": 2}], ids=["hours back", "minutes back", "hours forward"]
)
def test_each_task_runs_within_twice_its_interval_after_the_time_is_changed(start_at, step):
    beat = start_at(10, 1)
    beat.run(minutes=9)
    beat.set_clock(**step)
    beat.run(minutes=7)

    assert beat.instants.keys() >= INTERVALS.keys()
    for task, seconds in INTERVALS.items():
        pauses = [after - before for before, after in pairwise([0, *beat.instants[task], beat.elapsed])]
        assert max(pauses) <= 2 * seconds + 1, task
        assert len(pauses) <= beat.elapsed / seconds + 3, f"{task} runs in a loop"


def test_a_task_with_an_hour_runs_at_its_next_hour_after_a_step_back(start_at):
    beat = start_at(10, 44)
    beat.run(minutes=3)
    assert (beat.hours[ROWS], beat.hours[STORE]) == (["10:45"], ["10:46"])

    beat.set_clock(minutes=-5)
    beat.run(minutes=6)
    assert (beat.hours[ROWS], beat.hours[STORE]) == (["10:45"], ["10:46"])

    beat.set_clock(hours=-1, minutes=-50)
    beat.run(minutes=7)
    assert (beat.hours[ROWS], beat.hours[STORE]) == (["09:00"], [])


def test_a_task_whose_hour_is_skipped_by_a_step_forward_runs_once(start_at):
    beat = start_at(2, 50)
    beat.run(minutes=1)
    beat.set_clock(hours=1)
    beat.run(minutes=10)
    assert (beat.hours[FIGURES], beat.hours[ROWS]) == (["03:51"], ["03:51", "04:00"])


def test_a_clock_that_starts_after_a_step_back_does_not_wait(start_at, tmp_path):
    """The file of the schedule holds its last runs."""
    beat = start_at(10, 14)
    beat.run(minutes=6)
    beat.scheduler.close()
    beat = start_at(8, 28)
    beat.run(minutes=6)

    assert beat.instants.keys() >= INTERVALS.keys()
    assert beat.hours[ROWS] == ["08:30"]

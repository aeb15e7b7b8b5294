"""Cases change while the processes that fold their figures are killed again and again. No unit is lost or counted
twice.

TOCSIN_CHANGES is the number of changes (2 000 by default; 100 000 take some minutes), TOCSIN_SEED their seed.
"""

import os
import random
import subprocess
import sys
import threading
import time

import pytest

from stats.counting import rollups
from stats.models import FigureCheck
from stats.services import verify_figures
from tests.stats.histories import RAW_ACTS, SERVICE_ACTS, History
from tests.stats.recount import read_stored_figures, recount_figures

pytestmark = pytest.mark.proof
CHANGES = int(os.environ.get("TOCSIN_CHANGES", "2000"))
SEED = int(os.environ.get("TOCSIN_SEED", "1"))
# The share of the steps that call a real service. The others change TOGETHER raw rows at once.
BY_SERVICE = 0.3
TOGETHER = 25
LONGEST_LIFE = 2  # seconds

FOLDER = """
import time
import django
django.setup()
from stats import services
from stats.counting import rollups
rollups.BATCH = 200
print("ready", flush=True)
while True:
    services.fold_new_events()
    time.sleep(0.02)
"""
REBUILDER = """
import django
django.setup()
from stats import services
from stats.counting import rollups

rollups.BATCH = 200
print("ready", flush=True)
while True:
    services.rebuild_figures()
"""


class KilledProcess:
    """A process that is killed at random moments and started again until `stop`."""

    def __init__(self, program, url, rng):
        self.program, self.rng = program, rng
        self.environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
        self.kills, self.died, self.over = 0, 0, threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        while not self.over.is_set():
            process = subprocess.Popen(
                [sys.executable, "-c", self.program], env=self.environment, stdout=subprocess.PIPE, text=True
            )
            with process:
                ready_line = process.stdout.readline()
                self.over.wait(self.rng.uniform(0.02, LONGEST_LIFE))
                self.died += process.poll() is not None or not ready_line
                process.kill()
            self.kills += 1

    def stop(self):
        self.over.set()
        self.thread.join()


def test_figures_stay_exact_while_their_processes_are_killed(transactional_db, record_property):
    rng = random.Random(SEED)
    history = History()
    killed = [KilledProcess(program, transactional_db, random.Random(SEED)) for program in (FOLDER, FOLDER, REBUILDER)]
    began = time.monotonic()
    try:
        changes = change_everything(history, rng)
        time.sleep(2)
    finally:
        for process in killed:
            process.stop()
    seconds, kills = time.monotonic() - began, sum(process.kills for process in killed)
    assert kills >= 3
    assert sum(process.died for process in killed) == 0, "a process died by itself"

    wait_until_folded()

    mistakes = verify_figures().mistakes
    assert FigureCheck.objects.filter(repairs=True, mistakes__gt=0).count() == 0
    assert read_stored_figures() == recount_figures()
    assert mistakes == 0
    report = {
        "changes": changes,
        "cases": len(history.ids),
        "kills": kills,
        "seconds": round(seconds),
        "mistakes": mistakes,
    }
    for name, value in report.items():
        record_property(name, value)
    print(report, dict(history.done))  # noqa: T201


def change_everything(history, rng):
    """Make at least CHANGES changes, each with the event from which the figures are folded. Return their number."""
    history.store_cases(rng, number=TOGETHER)
    changes = TOGETHER
    while changes < CHANGES:
        if rng.random() < BY_SERVICE:
            history.run_act(rng.choice(SERVICE_ACTS), rng)
            changes += 1
            continue
        name = rng.choices(RAW_ACTS, (1, 5, 1, 3))[0]
        getattr(history, name)(rng, number=TOGETHER)
        changes += TOGETHER
    return changes


def wait_until_folded():
    """Fold until no event is pending. A killed process may keep its lock for a moment."""
    deadline = time.monotonic() + 60
    while rollups.list_pending_events().exists():
        assert time.monotonic() < deadline
        rollups.fold_pending_events()
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "BATCH", 200)

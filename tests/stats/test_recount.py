"""Everything is recounted from the raw rows, slice by slice: compared to the unit, or put right."""

import os
import random
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from structlog.testing import capture_logs

from accounts.enums import Role
from core.locks import Lock, hold_lock
from incidents.models import Incident
from stats import services
from stats.counting import rollups
from stats.models import CaseFact, FigureCheck, Presence, Rollup
from stats.services import continue_recount, fold_new_events, rebuild_figures, verify_figures
from stats.tasks import check_figures
from tests.cast import a_lead, a_person, breizh_cyber
from tests.stats.cases import bodies, one_each, paris_time, record_events, store
from tests.stats.histories import RAW_ACTS, History
from tests.stats.recount import read_stored_figures, recount_figures

RANSOMWARE = ("incidents", "information-content-security/rancon")


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "BATCH", 7)


def store_year(number=30, **fields):
    incidents = store(one_each(bodies("53", number), paris_time(2025, 2, 1), hours=(2,), **fields))
    fold_new_events()
    return incidents


def make_every_mistake(incidents):
    """Make each kind of mistake: a wrong and a missing fact; wrong, missing and needless sums and bodies."""
    CaseFact.objects.filter(pk=incidents[0].pk).update(type="fuite")
    CaseFact.objects.filter(pk=incidents[1].pk).delete()
    Rollup.objects.filter(measure="incidents").update(value=1000)
    Rollup.objects.filter(measure="services").delete()
    Rollup.objects.create(month="2019-03-01", measure="declared", value=3)
    Presence.objects.filter(collectivity=incidents[2].collectivity_id).delete()
    Presence.objects.filter(collectivity=incidents[3].collectivity_id).update(hits=4)


def test_rebuild_repairs_every_kind_of_mistake(db, small_slices):
    incidents = store_year()
    assert verify_figures().mistakes == 0
    make_every_mistake(incidents)
    check = verify_figures()
    assert check.mistakes > 5
    assert {f"incident {incidents[0].pk}", f"incident {incidents[1].pk}"} <= set(check.differences)
    call_command("rebuild_stats")
    assert read_stored_figures() == recount_figures()
    call_command("verify_stats")
    assert rebuild_figures().mistakes == 0


def test_repairs_hold_the_lock_of_counting(transactional_db, small_slices, monkeypatch):
    """An event that is counted during a repair would otherwise be counted twice, or not at all."""
    make_every_mistake(store_year())
    locks = set()

    def watch(name):
        repair = getattr(rollups, name)
        monkeypatch.setattr(rollups, name, lambda *parts: locks.add((name, is_count_locked())) or repair(*parts))

    watch("repair_cases")
    watch("repair_sums")
    assert not is_count_locked()
    rebuild_figures()
    assert locks == {("repair_cases", True), ("repair_sums", True)}


def is_count_locked():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            " AND (classid::bigint << 32 | objid::bigint) = %s",
            [Lock.COUNT],
        )
        return cursor.fetchone()[0] == 1


def test_a_difference_is_logged_as_an_error_without_data_of_a_case(db, small_slices):
    incidents = store_year()
    with capture_logs() as logs:
        verify_figures()
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    make_every_mistake(incidents)
    with capture_logs() as logs:
        verify_figures()
    assert {entry["event"] for entry in logs if entry["log_level"] == "error"} == {"figures differ"}


def test_a_rebuild_from_nothing_gives_the_same_figures(db, small_slices):
    store_year()
    before = read_stored_figures()
    for model in (Rollup, Presence, CaseFact):
        model.objects.all().delete()
    rebuild_figures()
    assert read_stored_figures() == before == recount_figures()


def test_a_difference_due_to_a_pending_event_is_no_mistake_and_counts_once(db, small_slices):
    incidents = store_year()
    Incident.objects.filter(pk=incidents[0].pk).update(type="fuite")
    record_events(incidents[:1])
    assert verify_figures().mistakes == 0
    assert rebuild_figures().mistakes == 0
    fold_new_events()
    assert read_stored_figures() == recount_figures()


def test_a_recount_that_was_stopped_resumes_where_it_was(db, small_slices, monkeypatch):
    incidents = store_year()
    make_every_mistake(incidents)
    whole, number = rollups.repair_cases, 0

    def mend(ids):
        nonlocal number
        number += 1
        if number == 3:
            raise KeyboardInterrupt
        return whole(ids)

    monkeypatch.setattr(rollups, "repair_cases", mend)
    with pytest.raises(KeyboardInterrupt):
        rebuild_figures()
    stopped = FigureCheck.objects.get()
    assert (stopped.finished_at, stopped.cases_until) == (None, incidents[13].pk)
    done = rebuild_figures()
    assert done.pk == stopped.pk
    assert number == 3 + 3  # thirty cases by seven: two slices were done
    assert read_stored_figures() == recount_figures()


@time_machine.travel(paris_time(2026, 3, 20, 3), tick=False)
def test_a_recount_runs_once_a_night_and_goes_on_from_task_to_task(db, small_slices, monkeypatch):
    store_year()
    with time_machine.travel(paris_time(2026, 3, 20, 3), tick=True):
        monkeypatch.setattr(services, "RECOUNT_TIME_LIMIT", timedelta(microseconds=1))
        check_figures()
        check = FigureCheck.objects.get()
        assert check.finished_at is None
        monkeypatch.setattr(services, "RECOUNT_TIME_LIMIT", timedelta(seconds=150))
        check_figures()
        check_figures()
    check = FigureCheck.objects.get()
    assert (check.mistakes, bool(check.finished_at)) == (0, True)
    with time_machine.travel(paris_time(2026, 3, 21, 3)):
        check_figures()
    assert FigureCheck.objects.count() == 2


def test_only_one_process_recounts(transactional_db):
    is_locked, over = threading.Event(), threading.Event()

    def hold():
        with hold_lock(Lock.RECOUNT, waits=True):
            is_locked.set()
            over.wait(60)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_locked.wait(60)
    assert continue_recount() is None
    over.set()
    thread.join()
    assert continue_recount() is not None


def test_a_mistake_is_reported_on_the_page_and_in_the_admin_until_it_is_repaired(client, db):
    csirt = breizh_cyber()
    incidents = store_year(csirt=csirt)
    words = "Les chiffres sont en cours de vérification"
    client.force_login(a_lead(csirt))

    def is_warned():
        return words in client.get("/statistiques/mon-centre/").content.decode()

    assert not is_warned()
    make_every_mistake(incidents)
    with pytest.raises(CommandError, match=f"incident {incidents[0].pk}"):
        call_command("verify_stats")
    assert is_warned()
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert f"incident {incidents[0].pk}" in client.get("/admin/stats/figurecheck/").content.decode()
    client.force_login(a_lead(csirt))
    call_command("rebuild_stats")
    assert not is_warned()


def test_a_recount_that_finds_no_mistake_removes_the_warning(db):
    incidents = store_year()
    CaseFact.objects.filter(pk=incidents[0].pk).update(type="fuite")
    Rollup.objects.filter(measure="incidents").update(value=30)
    wrong = verify_figures()
    assert wrong.mistakes
    record_events(incidents[:1])
    fold_new_events()
    Rollup.objects.filter(band="information-content-security/fuite").delete()
    Rollup.objects.filter(measure="incidents").update(value=30)
    assert verify_figures().mistakes == 0
    wrong.refresh_from_db()
    assert wrong.repaired_at


def test_a_verification_does_not_delay_folding(transactional_db, small_slices, monkeypatch):
    """A verification that dwells on a slice: events that come meanwhile are folded, and excused."""
    incidents = store_year()
    folded = []

    def fold_beside():
        Incident.objects.filter(pk=incidents[20].pk).update(type="fuite")
        record_events(incidents[20:21])
        folded.append(fold_new_events())
        connection.close()

    whole = rollups.find_wrong_cases

    def dwell(ids):
        mistakes = whole(ids)
        thread = threading.Thread(target=fold_beside)
        thread.start()
        thread.join()
        return mistakes

    monkeypatch.setattr(rollups, "find_wrong_cases", dwell)
    assert verify_figures().mistakes == 0
    assert folded == [1] * 5


@pytest.mark.parametrize("work", [rebuild_figures, verify_figures])
@pytest.mark.proof
def test_a_recount_beside_folding_and_changes_is_right_to_the_unit(transactional_db, small_slices, work):
    history, rng = History(), random.Random(7)
    history.store_cases(rng, number=150)
    fold_new_events()
    if work is rebuild_figures:
        make_every_mistake([Incident.objects.get(pk=pk) for pk in history.ids[:4]])
    over = threading.Event()

    def keep_changing():
        chance = random.Random(8)
        while not over.is_set():
            history.run_act(chance.choice([*RAW_ACTS, "verify_case"]), chance)
        connection.close()

    def keep_folding():
        while not over.is_set():
            fold_new_events()
            time.sleep(0.005)
        connection.close()

    threads = [threading.Thread(target=work_beside) for work_beside in (keep_changing, keep_folding)]
    for thread in threads:
        thread.start()
    try:
        results = [work() for _ in range(3)]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert history.done.total() > 20
    assert [check.mistakes for check in results[1:]] == [0, 0]
    fold_new_events()
    assert read_stored_figures() == recount_figures()
    assert verify_figures().mistakes == 0


KILLED = """
import os, signal, sys
import django
django.setup()
from stats import services
from stats.counting import rollups
rollups.BATCH = 7
left = int(sys.argv[1])
write = rollups.add_presences
def write_and_die(rows):
    global left
    write(rows)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
rollups.add_presences = write_and_die
services.rebuild_figures()
"""


@pytest.mark.proof
def test_a_rebuild_that_is_killed_again_and_again_repairs_every_figure_in_the_end(transactional_db, small_slices):
    incidents = store_year()
    make_every_mistake(incidents)
    environment = os.environ | {"DATABASE_URL": transactional_db, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    killed = 0
    for writes in (1, 2, 3, 9):
        command = [sys.executable, "-c", KILLED, str(writes)]
        killed += subprocess.run(command, env=environment, check=False).returncode == -9
    assert killed == 4
    rebuild_figures()
    assert read_stored_figures() == recount_figures()
    assert FigureCheck.objects.filter(repairs=True).count() == 1

"""Several workers index at once, or die while they do: each event counts once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from incidents.models import PendingEvent, SearchDocument
from incidents.services.search import index
from tests.after_kill import wait_for_rollback
from tests.cast import declare

KILLED = """
import os, signal
import django
django.setup()
from incidents.services.search import index
update_documents = index.update_documents
def update_and_die(events):
    update_documents(events)
    os.kill(os.getpid(), signal.SIGKILL)
index.update_documents = update_and_die
index.index_pending_events()
"""


def count_pending():
    return PendingEvent.objects.filter(consumer="search").count()


def test_three_workers_index_each_case_once(transactional_db, monkeypatch):
    monkeypatch.setattr(index, "BATCH", 3)
    for _ in range(12):
        declare()
    barrier = Barrier(3)

    def work():
        barrier.wait()
        done = sum(index.index_batch() for _ in range(30))
        connection.close()
        return done

    with ThreadPoolExecutor(3) as pool:
        dealt_with = sum(worker.result() for worker in [pool.submit(work) for _ in range(3)])

    assert dealt_with + index.index_pending_events() == 12
    assert (count_pending(), SearchDocument.objects.count()) == (0, 12)


def test_a_worker_killed_before_its_commit_loses_nothing(transactional_db):
    declare()
    environment = os.environ | {"DATABASE_URL": transactional_db, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert done.returncode == -9
    wait_for_rollback()
    assert (count_pending(), SearchDocument.objects.count()) == (1, 0)

    index.index_pending_events()

    assert (count_pending(), SearchDocument.objects.count()) == (0, 1)

"""The worker is killed in the middle of the cards of a département. Another worker makes them, and no partial file
remains.
"""

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone
from pypdf import PdfReader

from collectivities.models import Departement
from incidents.enums import PaperState
from incidents.models import Paper
from incidents.services.papers.cards import list_communes
from incidents.services.papers.making import LEASE, request_wall_cards
from tests.faults.deployment import Program, wait_until

# The work that beat requests every three seconds.
SWEEP = (
    "import django; django.setup(); from incidents.services.papers.making import make_due_papers; make_due_papers()"
)


@pytest.fixture
def worker(transactional_db: str, tmp_path: Path) -> Iterator[Program]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "DATABASE_URL": transactional_db,
        "EVIDENCE_DIR": str(tmp_path / "evidence"),
    }
    worker = Program("worker", [sys.executable, "-c", SWEEP], environment, tmp_path)
    yield worker
    worker.kill()
    connections.close_all()


def list_stored_files(tmp_path):
    return [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()]


@pytest.mark.proof
def test_a_killed_paper_is_made_by_another_worker(worker, tmp_path):
    departement = Departement.objects.get(code="90")  # has about a hundred communes, twenty steps of the work
    request_wall_cards(departement=departement)
    worker.start()
    wait_until(lambda: Paper.objects.get().done > 10)
    worker.kill()
    unfinished = Paper.objects.get()
    assert unfinished.state == PaperState.ASKED
    assert timezone.now() < unfinished.due_at < timezone.now() + LEASE
    assert len(list_stored_files(tmp_path)) == 1
    Paper.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    worker.start()
    assert worker.process.wait(timeout=300) == 0
    finished = Paper.objects.get()
    assert (finished.state, finished.tries) == (PaperState.MADE, 2)
    [file] = list_stored_files(tmp_path)
    assert len(PdfReader(BytesIO(file.read_bytes())).pages) == list_communes(departement).count()

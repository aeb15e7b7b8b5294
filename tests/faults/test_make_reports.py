"""The worker is killed while it makes the reports of a release. Another worker makes the missing ones, each once."""

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

from incidents.enums import PaperState
from stats.models import Report
from stats.reports.making import create_report_rows
from tests.faults.deployment import Program, wait_until
from tests.stats.printing import print_year

# The work that beat requests every three seconds, repeated until no report is due.
SWEEP = (
    "import django; django.setup(); from stats.reports.making import make_due_reports\nwhile make_due_reports(): pass"
)


@pytest.fixture
def worker(transactional_db: str, tmp_path: Path) -> Iterator[Program]:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.dev", "DATABASE_URL": transactional_db}
    worker = Program("worker", [sys.executable, "-c", SWEEP], environment, tmp_path)
    yield worker
    worker.kill()
    connections.close_all()


def list_made_reports():
    return Report.objects.filter(state=PaperState.MADE)


@pytest.mark.proof
def test_reports_of_a_killed_worker_are_made_once_by_another(worker):
    create_report_rows(print_year(2025, 317))
    every = Report.objects.count()
    worker.start()
    wait_until(lambda: list_made_reports().count() >= 2)
    worker.kill()
    before = dict(list_made_reports().values_list("pk", "made_at"))
    assert 2 <= len(before) < every
    Report.objects.filter(state=PaperState.ASKED).update(due_at=timezone.now() - timedelta(seconds=1))
    worker.start()
    assert worker.process.wait(timeout=300) == 0
    assert list_made_reports().count() == every
    assert dict(list_made_reports().filter(pk__in=before).values_list("pk", "made_at")) == before
    for content in Report.objects.values_list("content", flat=True)[:3]:
        assert len(PdfReader(BytesIO(bytes(content))).pages) == 4

"""The worker and beat of production do not start on a demonstration, as the site does not."""

import os
import subprocess
import sys
import tempfile
from base64 import b64encode

import pytest

from accounts.installation import forget_demonstration, mark_as_demonstration
from tests.ground import ROOT, Ground

WORKER = ["worker", "-c", "1", "--without-gossip", "--without-mingle"]


def start(database_url, *command, **changes):
    """In production's settings, which nothing names: they are the worker's own."""
    environment = os.environ | {
        "EVIDENCE_KEY": b64encode(os.urandom(32)).decode(),
        "EVIDENCE_DIR": tempfile.gettempdir(),
        "DATABASE_URL": database_url,
        "REDIS_URL": Ground.of_the_environment().redis_url,
        "SECRET_KEY": "un secret de production, assez long pour cet essai",
        "ALLOWED_HOSTS": "tocsin.example",
        "EMAIL_URL": "smtp://localhost:1",
    }
    del environment["DJANGO_SETTINGS_MODULE"]
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config.celery", *command],
        cwd=ROOT,
        env=environment | changes,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(params=[WORKER, ["beat", "-s", "{folder}/beat", "--pidfile="]], ids=["worker", "beat"])
def command(request, tmp_path):
    return [word.format(folder=tmp_path) for word in request.param]


def test_it_works(transactional_db, command):
    forget_demonstration()
    mark_as_demonstration()
    process = start(transactional_db, *command)

    said, _ = process.communicate(timeout=60)

    assert process.returncode != 0
    assert "DATABASE_URL points to a demonstration database" in said


def test_a_real_database_is_served(transactional_db, command):
    process = start(transactional_db, *command)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=6)
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=30)
    assert "demonstration" not in said

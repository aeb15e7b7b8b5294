"""Production's worker refuses to start on a demonstration, like the site. Beat uses no database."""

import os
import subprocess
import sys
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.installation import clear_installation_cache, mark_as_demonstration
from config.celery import Loader, app
from config.env import insert_password
from tests.backend import ROOT, Backend

WORKER = ["worker", "-c", "1", "--without-gossip", "--without-mingle"]


def give_password(url):
    """Return the URL with a password, which production wants. The embedded servers have none and take any."""
    return url if urlsplit(url).password else insert_password(url, "any")


def start_worker(database_url, *options):
    """Start a worker without DJANGO_SETTINGS_MODULE. Its default settings are those of production."""
    environment = os.environ | {
        "EVIDENCE_KEY": b64encode(os.urandom(32)).decode(),
        "EVIDENCE_DIR": "/srv/evidence",
        "DATABASE_URL": give_password(database_url),
        "REDIS_URL": give_password(Backend.from_environment().redis_url.replace("://127", "://default@127")),
        "SECRET_KEY": "un secret de production, assez long pour cet essai",
        "ALLOWED_HOSTS": "tocsin.example",
        "EMAIL_URL": "smtp://localhost:1",
    }
    del environment["DJANGO_SETTINGS_MODULE"]
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config.celery", *WORKER, *options],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.django_db
def test_the_worker_refuses_a_demonstration_before_it_has_children(settings, monkeypatch):
    settings.REFUSES_DEMONSTRATION = True
    monkeypatch.setattr("config.celery.connections.close_all", lambda: None)  # that of the test stays open
    monkeypatch.setattr("config.celery.gc.freeze", lambda: None)
    Loader(app).on_worker_init()

    mark_as_demonstration()

    with pytest.raises(ImproperlyConfigured, match="demonstration"):
        Loader(app).on_worker_init()


@pytest.mark.proof
def test_the_worker_refuses_a_demonstration_database(transactional_db):
    clear_installation_cache()
    mark_as_demonstration()
    process = start_worker(transactional_db)

    output, _ = process.communicate(timeout=60)

    assert process.returncode != 0
    assert "DATABASE_URL points to a demonstration database" in output


@pytest.mark.proof
def test_the_worker_serves_a_real_database(transactional_db):
    process = start_worker(transactional_db, "--loglevel=INFO")
    try:
        lines = list(iterate_until(" ready.", process.stdout))
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert " ready." in lines[-1], lines


def iterate_until(words, lines):
    """Yield the lines up to the first that contains these words, or all lines if none does."""
    for line in lines:
        yield line
        if words in line:
            return

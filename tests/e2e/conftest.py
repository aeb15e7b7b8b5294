import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache

from tests.cast import breizh_cyber, plouexemple
from tests.ground import ROOT
from tests.post import Post


@pytest.fixture(autouse=True)
def ground_for_a_walk(browser, live_site):
    """The town and its centre."""
    cache.clear()  # the counter of declarations from one address outlives a test
    plouexemple(postal_codes=["29998"])
    breizh_cyber()


@pytest.fixture
def post():
    post = Post()
    post.start()
    yield post
    post.stop()


@pytest.fixture
def worker(ground, transactional_db, live_site, post):
    """A worker with its beat, as in production, on this test's database; its mails lead to this test's site."""
    environment = os.environ | {
        "DATABASE_URL": transactional_db,
        "REDIS_URL": ground.redis_url,
        "EMAIL_URL": f"smtp://127.0.0.1:{post.port}",
        "PORT": str(urlsplit(live_site).port),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    command = ["celery", "-A", "config.celery", "worker", "-c", "1", "-l", "ERROR", "--without-gossip"]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture
def until():
    def until(condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, "it did not come"
            time.sleep(0.1)
        return found

    return until

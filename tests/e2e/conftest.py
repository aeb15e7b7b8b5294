import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser

from tests.backend import ROOT, Backend
from tests.cast import breizh_cyber, plouexemple
from tests.e2e.desk import Desk
from tests.e2e.visitor import Visitor
from tests.post import Post


class Until(Protocol):
    def __call__[T](self, condition: Callable[[], T], seconds: float = 30) -> T: ...


@pytest.fixture(autouse=True)
def town_and_centre(browser: Browser, live_site: str) -> None:
    cache.clear()  # the counter of declarations from one address outlives a test
    create_town_and_centre()


def create_town_and_centre() -> None:
    plouexemple(postal_codes=["29998"])
    breizh_cyber()


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    post.start()
    yield post
    post.stop()


@pytest.fixture
def worker(backend: Backend, transactional_db: str, live_site: str, post: Post) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker on this test's database. The links in its mails open this test's site."""
    environment = os.environ | {
        "DATABASE_URL": transactional_db,
        "REDIS_URL": backend.redis_url,
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
def wait_until() -> Until:
    def wait_until[T](condition: Callable[[], T], seconds: float = 30) -> T:
        deadline = time.monotonic() + seconds
        while not (result := condition()):
            assert time.monotonic() < deadline, "it did not come"
            time.sleep(0.1)
        return result

    return wait_until


@pytest.fixture
def visitor(live_site: str, browser: Browser) -> Visitor:
    return Visitor(browser, live_site)


@pytest.fixture
def desk(live_site: str, browser: Browser) -> Desk:
    return Desk(browser, live_site)

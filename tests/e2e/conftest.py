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

from accounts.models import User
from tests.backend import ROOT, Backend
from tests.browser import WatchedPage, open_page
from tests.cast import a_responder, breizh_cyber, plouexemple
from tests.e2e import steps
from tests.e2e.desk import Desk
from tests.e2e.visitor import Visitor
from tests.post import Post


class Until(Protocol):
    def __call__[T](self, condition: Callable[[], T], seconds: float = 30) -> T: ...


@pytest.fixture(autouse=True)
def town_and_centre(live_site: str, browser: Browser) -> None:
    # The site comes first, so that the pages of the browser are closed before the database is put back.
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


@pytest.fixture
def person(live_site: str) -> User:
    """Return the person who signs in at the desk."""
    return a_responder()


@pytest.fixture
def signed_in_desk(live_site: str, browser: Browser, person: User) -> Desk:
    desk = Desk(browser, live_site)
    desk.sign_in(person)
    return desk


@pytest.fixture
def open_queue(live_site: str, browser: Browser) -> Iterator[Callable[[User], WatchedPage]]:
    """Yield a function that opens the queue of a responder. In the end, no page may have complained."""
    pages = []

    def open_queue(responder: User) -> WatchedPage:
        page = open_page(browser, width=1280, reduced_motion="reduce")
        pages.append(page)
        page.clock.install()
        steps.open_admin(page, live_site, responder)
        page.wait_for_selector("#dossiers")
        return page

    yield open_queue
    for page in pages:
        assert not page.complaints, page.complaints
        page.context.close()

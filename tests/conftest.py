"""The servers and the databases of a test session.

One session (with all its xdist workers) starts its own PostgreSQL and Valkey, or uses DATABASE_URL and REDIS_URL. One
template database contains the schema and the official lists, and each worker uses a clone of it. The owner makes the
tables, and tests have the rights of the application alone (`tests/backend.py`). A test requests `db` (rolled back) or,
when it needs real commits, threads or other processes, `transactional_db`, which is another clone, restored after each
test. A worker has one browser and one site, which tests with `live_site` point to that clone.
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from math import inf
from typing import Any

import pytest
from _pytest.main import pytest_cmdline_main as run_pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.cache import cache, caches
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker, Settings

from accounts import installation
from accounts.enums import Accessibility
from accounts.models import User
from config import steady_cache
from config.celery import app as celery_app
from stats.categories import load_region_names
from tests.backend import Backend, ReusableDatabase, Session
from tests.browser import run_browser
from tests.cast import a_lead, signed_in
from tests.deep_calls import call_with_room
from tests.incidents.journeys import make_address
from tests.page_integrity import check_page
from tests.post import Post, receive_mails
from tests.responses import Response

BACKEND_FIXTURES = {"backend", "db", "client", "django_db_setup"}
test_address = "127.0.0.1"
REFUSED = "use the fixture transactional_db: a database with append-only tables cannot be flushed"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers in the first of several processes. The others find their addresses in the environment."""
    if "TOCSIN_TEST_TEMPLATE" in os.environ:
        use_backend(Backend.from_environment())
    elif config.getoption("numprocesses", None) and not config.option.collectonly:
        start_backend(config)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | pytest.ExitCode | None:
    """Run a worker of xdist with room for deep calls: they take a twentieth of the CPU time of the tests."""
    return call_with_room(run_pytest, config) if hasattr(config, "workerinput") else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers of a single process once it knows that a test needs them."""
    gc.freeze()  # modules and tests outlive every collection of garbage
    gc.set_threshold(50_000, 20, 100)  # by default, collections take a tenth of the time of the tests
    is_without = "TOCSIN_TEST_TEMPLATE" not in os.environ and not session.config.option.collectonly
    if is_without and any(needs_backend(item) for item in session.items):
        start_backend(session.config)


def needs_backend(item: pytest.Item) -> pytest.Mark | set[str] | None:
    return item.get_closest_marker("django_db") or BACKEND_FIXTURES & {*item.fixturenames}  # type: ignore[attr-defined]  # all are functions


def start_backend(config: pytest.Config) -> None:
    config.stash[Session.key] = session = Session()
    session.start()
    use_backend(Backend.from_environment())


@pytest.fixture(autouse=True, scope="session")
def _sign_in_with_second_factor() -> None:
    """Make `force_login` sign in with a second factor, for the hundreds of tests that sign in without the page."""
    Client.force_login = signed_in  # type: ignore[method-assign,assignment]


@pytest.fixture(autouse=True, scope="session")
def _check_each_page() -> None:
    """Check each page that a client receives, for every test (tests/page_integrity.py)."""
    request_page = Client.request

    def request_whole_page(client: Client, **request: Any) -> Response:
        if "REMOTE_ADDR" not in client.defaults:
            request.setdefault("REMOTE_ADDR", test_address)
        response = request_page(client, **request)
        check_page(response)
        return response

    Client.request = request_whole_page  # type: ignore[method-assign,assignment]


@pytest.fixture(autouse=True)
def _take_new_address() -> None:
    """Send the requests of each test from an address of its own: the declarations from an address are counted in the
    cache, which no test rolls back.
    """
    global test_address  # noqa: PLW0603 (read by the patched client)
    test_address = make_address()


@pytest.fixture(autouse=True)
def _fix_demonstration_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix the cached facts. They expire after a minute, and the number of queries would then depend on the order of
    the tests.
    """
    facts = installation.InstallationFacts(is_demonstration=False, accessibility=Accessibility.NONE)
    monkeypatch.setattr(installation, "CACHE_SECONDS", inf)
    monkeypatch.setattr(installation, "_facts", {str(connection.settings_dict["NAME"]): (facts, 0.0)})


@pytest.fixture
def unread_demonstration_answer() -> Iterator[None]:
    """Let the test read from its database whether it is a demonstration."""
    installation.clear_installation_cache()
    yield
    installation.clear_installation_cache()


@pytest.fixture
def lead(db: None, client: Client) -> User:
    """Return a lead, as whom the client is signed in."""
    lead = a_lead()
    client.force_login(lead)
    return lead


@pytest.fixture
def demonstration(db: None) -> None:
    installation.mark_as_demonstration()


@pytest.fixture
def post(settings: Settings) -> Iterator[Post]:
    """Yield the mailbox that receives the mails of this process."""
    with receive_mails(settings) as post:
        yield post


@pytest.fixture
def empty_cache() -> None:
    """Empty the cache, which counts requests and tries."""
    cache.clear()


@pytest.fixture
def dead_valkey(settings: Settings) -> Iterator[None]:
    """Point the cache at a port that nobody listens on."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    yield
    steady_cache._silent_until = 0.0


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(Session.key, None)
    if session:
        session.stop()


def use_backend(backend: Backend) -> None:
    """Point this process at the servers, because its settings may have been read before the servers had a port."""
    settings.DATABASES["default"].update(backend.database_settings())
    settings.DATABASE_OWNER = backend.owner_settings()
    settings.CELERY_BROKER_URL = celery_app.conf.broker_url = backend.redis_url  # type: ignore[misc]
    settings.CACHES["default"]["LOCATION"] = backend.redis_url
    with suppress(AttributeError):  # it was created while tests were collected, for the old address
        del caches["default"]


@pytest.hookimpl(trylast=True)  # after another plugin has shuffled the tests
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Run tests with a browser last, because its event loop then keeps running and would disturb the others.

    Of both kinds, the tests that take minutes run first: a worker that begins one last makes the others wait.
    """
    items.sort(key=lambda item: ("browser" in item.fixturenames, item.get_closest_marker("longest") is None))
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and (marker.kwargs.get("transaction") or marker.args):
            raise pytest.UsageError(f"{item.nodeid}: {REFUSED}")


@pytest.fixture(scope="session")
def backend() -> Backend:
    return Backend.from_environment()


@pytest.fixture(scope="session")
def django_db_setup(backend: Backend, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Replace pytest-django's fixture: make a clone of the template for this worker."""
    with django_db_blocker.unblock(), use_clone(backend):
        load_region_names()  # cached once a process, because the first test to need them would count a query more
        yield


@pytest.fixture(scope="module")
def module_rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Keep the rows that a fixture writes once for all tests of a module. `db` is then a savepoint after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def reusable_database(backend: Backend) -> Iterator[tuple[str, ReusableDatabase]]:
    """Yield the database of this worker for tests with real commits."""
    with backend.clone() as name, closing(ReusableDatabase(backend.make_superuser_url(name))) as database:
        yield name, database


@pytest.fixture(scope="module")
def fill_database_once(
    backend: Backend, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Callable[[Callable[[], object]], tuple[str, ReusableDatabase]]]:
    """Yield a function that makes a database for the tests of a module, and calls `fill` to write their common rows.

    A module returns the result from its own `reusable_database`: each of its tests then begins with these rows.
    """
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())

        def make_database(fill: Callable[[], object]) -> tuple[str, ReusableDatabase]:
            name = stack.enter_context(backend.clone())
            with use_database(name):
                fill()
            return name, stack.enter_context(closing(ReusableDatabase(backend.make_superuser_url(name))))

        yield make_database


@pytest.fixture
def transactional_db(
    request: pytest.FixtureRequest,
    backend: Backend,
    reusable_database: tuple[str, ReusableDatabase],
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[str]:
    """Yield the URL of a database like the template, with real commits, to which other processes may connect."""
    name, database = reusable_database
    with django_db_blocker.unblock(), use_database(name):
        yield backend.url(name)
    database.restore_template(after=request.node.nodeid)


@pytest.fixture
def cloned_db(backend: Backend, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Yield the URL of a database for this test alone, whose tables it may change."""
    with django_db_blocker.unblock(), use_clone(backend) as name:
        yield backend.url(name)


@pytest.fixture
def take_back_to(cloned_db: str) -> Iterator[Callable[[str, str], None]]:
    """Yield a function that undoes the migrations of an app after the migration of a number. All are applied again at
    the end.
    """

    def undo(app: str, number: str) -> None:
        call_command("migrate", app, number, verbosity=0)

    try:
        yield undo
    finally:
        call_command("migrate", verbosity=0)


@contextmanager
def use_clone(backend: Backend) -> Iterator[str]:
    with backend.clone() as name, use_database(name):
        yield name


@contextmanager
def use_database(name: str) -> Iterator[None]:
    before = settings.DATABASES["default"]["NAME"]
    point_at(name)
    try:
        yield
    finally:
        point_at(before)


def point_at(name: str) -> None:
    connections.close_all()
    connections["default"].settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name


@pytest.fixture(scope="session")
def site_server(django_db_setup: None) -> Iterator[LiveServerThread]:
    """Serve the site on a real port, on the current database, each request in a thread and a connection of its own."""
    server = LiveServerThread("localhost", StaticFilesHandler)
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield server
    server.terminate()


@pytest.fixture
def live_site(site_server: LiveServerThread, transactional_db: str) -> str:
    """Return the address of the site, without a final slash, on a database for this test alone."""
    return f"http://localhost:{site_server.port}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start a real browser for the session. Its event loop runs in this thread from now on, also during queries."""
    with run_browser() as chromium, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield chromium


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Yield a real browser without the state of earlier tests."""
    yield chromium
    for context in chromium.contexts:
        context.close()

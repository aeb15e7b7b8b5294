"""Whoever may write to the cache, to its table or to a queue cannot make the site run a program. Nothing of ours reads
a pickle, which may call any function as it is read.
"""

import os
import pickle
import re
from base64 import b64encode
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.serializers import JSONSerializer as SessionSerializer
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from django.utils.module_loading import import_string
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads, prepare_accept_content

from config.celery import app
from config.clock import app as clock
from config.steady_cache import CounterTable, JSONSerializer, SteadyCache
from incidents.models import Draft
from incidents.services.declaring.limits import FULL_KEY
from tests.cast import PASSWORD, an_agent
from tests.incidents.journeys import begin, make_address
from tests.measure_house import APPS, ROOT, list_sources

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

# What reads pickles, itself or in a library. `memcached` and the caches in files and in tables are Django's.
READERS = re.compile(
    r"(?:(?<=import )|(?<=from ))(?:_?pickle|shelve|marshal|dill|joblib|cloudpickle)\b"
    r"|\b(?:DatabaseCache|FileBasedCache|memcached|LocMemCache|PersistentScheduler|PickleSerializer|allow_pickle)\b"
)
# The memory of a process, and the file of the clock, which are written by the process that reads them and no other.
OWN_READERS = {"stats/pages/freshness.py": {"LocMemCache"}, "config/scheduler.py": {"PersistentScheduler"}}
UNREADABLE = [b"", b"\xff\xfe", b"{", b"[" * 100_000, b"9" * 10_000, pickle.dumps([1.0]), b64encode(pickle.dumps("y"))]


class Effect:
    """An object whose pickle makes a folder as it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that exists once a pickle was read. The pickle works: the test would otherwise prove nothing."""
    tried = tmp_path / "tried"
    pickle.loads(pickle.dumps(Effect(tried)))  # noqa: S301  (our own)
    assert tried.exists()
    return tmp_path / "effect"


def sign_in(user, password=PASSWORD):
    return Client().post("/connexion/", {"login": user.email, "password": password}, REMOTE_ADDR="192.0.2.1")


def get_valkey():
    return cache._cache.get_client(write=True)


def test_a_pickle_in_the_table_of_counters_is_not_executed(dead_valkey, folder):
    agent = an_agent()
    for _ in range(4):
        assert sign_in(agent, "faux").status_code == 422
    with connection.cursor() as cursor:
        poison = b64encode(pickle.dumps(Effect(folder))).decode()
        cursor.execute("UPDATE accounts_kept_counter SET value = %s", [poison])
        assert cursor.rowcount
        assert sign_in(agent, "faux").status_code == 422
        assert sign_in(agent).status_code == 302  # the counter began again
        cursor.execute("SELECT value FROM accounts_kept_counter")
        assert (poison,) not in cursor.fetchall()
    assert not folder.exists()


def test_a_pickle_in_valkey_is_not_executed_as_somebody_signs_in(folder):
    agent = an_agent()
    sign_in(agent, "faux")
    valkey = get_valkey()
    keys = valkey.keys("*allauth*")
    assert keys
    for key in keys:
        valkey.set(key, pickle.dumps(Effect(folder)))
    assert sign_in(agent, "faux").status_code == 422
    assert sign_in(agent).status_code == 302
    assert not folder.exists()


def test_a_pickle_in_valkey_is_not_executed_as_somebody_declares(folder):
    get_valkey().set(f"tocsin-json:1:{FULL_KEY}", pickle.dumps(Effect(folder)))
    client = Client(REMOTE_ADDR=make_address())
    begin(client)
    assert Draft.objects.exists()
    assert not folder.exists()


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_value_that_cannot_be_read_is_absent(value):
    get_valkey().set("tocsin-json:1:allauth:x", value)
    assert cache.get("allauth:x", "absent") == "absent"
    table = CounterTable({})
    table.set("x", 1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_kept_counter SET value = %s", [value.decode("latin1").replace("\0", " ")])
    assert table.get("x", "absent") == "absent"
    with pytest.raises(ValueError, match="not found"):
        table.incr("x")


@pytest.mark.parametrize("value", ["y", True, 0, 7, 1764547200.25, [1.5, 2.5], [], None])
def test_what_is_stored_comes_back_from_valkey_and_from_the_table(value):
    for store in (cache, CounterTable({})):
        store.set("allauth:x", value, 60)
        assert store.get("allauth:x", "absent") == value


def test_the_table_stores_an_entry_once_until_its_time_has_passed(time_machine):
    """Adding to a counter does not move its end."""
    time_machine.move_to("2026-12-01T10:00:00+00:00", tick=False)
    table = CounterTable({})
    assert [table.add("n", 1, 60), table.add("n", 5, 60)] == [True, False]
    time_machine.move_to("2026-12-01T10:00:50+00:00", tick=False)
    assert [table.incr("n"), table.incr("n", 2), table.get("n")] == [2, 4, 4]
    time_machine.move_to("2026-12-01T10:01:01+00:00", tick=False)
    assert table.get("n") is None
    with pytest.raises(ValueError, match="not found"):
        table.incr("n")
    assert [table.add("n", 1, 60), table.delete("n"), table.delete("n")] == [True, True, False]


def test_the_table_loses_its_expired_rows(time_machine):
    time_machine.move_to("2026-12-01T10:00:00+00:00", tick=False)
    table = CounterTable({})
    for number in range(3):
        table.set(f"old{number}", 1, 60)
    time_machine.move_to("2026-12-01T10:02:00+00:00", tick=False)
    table.set("new", 1, 60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM accounts_kept_counter")
        assert cursor.fetchall() == [(":1:new",)]


def test_each_cache_and_each_session_is_json():
    assert set(settings.CACHES) == {"default"}
    assert type(caches["default"]) is SteadyCache
    assert type(caches["default"]._cache._serializer) is JSONSerializer
    assert import_string(settings.SESSION_SERIALIZER) is SessionSerializer


@pytest.mark.parametrize("sender", [app, clock])
def test_workers_and_clock_read_no_pickled_message(sender, folder):
    accepted = prepare_accept_content(sender.conf.accept_content)
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps(Effect(folder)), "application/x-python-serialize", "binary", accept=accepted)
    assert accepted == {"application/json"}


def test_no_module_reads_pickles():
    readers = {
        path.relative_to(ROOT).as_posix(): set(READERS.findall(path.read_text()))
        for folder in APPS
        for path in list_sources(folder)
    }
    assert {name: words for name, words in readers.items() if words} == OWN_READERS

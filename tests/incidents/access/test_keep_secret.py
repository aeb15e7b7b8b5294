"""Stored files reveal nothing, open only with their key, and need little memory."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from config.env import Env
from config.env import make_evidence_storage as evidence_storage
from incidents.files import vault
from tests.backend import ROOT

CONTENT = os.urandom(200_000)
# The key of case 7, wrapped with the public key of development, as rows hold it.
KEY_OF_A_CASE = bytes(range(32))
WRAPPED_BY_AES = bytes.fromhex(
    "d13e3abed076feb3ec49dd381d50fe966bee7213462642cd29eb50d36f88831922b555670100a0f471d7d927c3d7bd6f"
)
WRAPPED_BY_SALSA = bytes.fromhex(
    "13c677513e8866a9000102030405060708090a0b0c0d0e0f1011121314151617ec77df5098f4e58b4dd4cdec03ce7949"
    "21106b1359a209e7c3b9513ca2778db365fd48825e82a1a6cb02e7c757ce7b0a"
)


@pytest.fixture(params=["memory", "folder"])
def place(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Use each of the two stores that need no network."""
    if request.param == "folder":
        settings.STORAGES = settings.STORAGES | {"evidence": evidence_storage(Env({}), tmp_path)}
    storages._storages.clear()  # type: ignore[attr-defined]  # made by Django, absent from its types
    yield tmp_path
    storages._storages.clear()  # type: ignore[attr-defined]


def write_content(content=CONTENT, key=None):
    name, key = vault.make_object_name(), key or vault.make_case_key()
    vault.write_object(name, key, content)
    return name, key


@pytest.mark.parametrize("size", [0, 1, vault.FRAME_BYTES - 1, vault.FRAME_BYTES, vault.FRAME_BYTES + 1, 200_000])
def test_a_stored_file_is_read_back(place, size):
    name, key = write_content(CONTENT[:size])
    assert b"".join(vault.read_object(name, key)) == CONTENT[:size]


def test_a_stored_file_is_encrypted(place):
    name, _key = write_content(b"mot de passe" * 9_000)
    with vault.get_store().open(name) as file:
        raw = file.read()
    assert b"mot de passe" not in raw
    assert len(raw) < 9_000 * 12 + 200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-1],
        lambda raw: raw[
            : vault.HEADER_BYTES + vault.FRAME_BYTES + vault.FRAME_OVERHEAD_BYTES
        ],  # a whole frame, and no more
        lambda raw: raw + b"x",
        lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]),
        lambda raw: b"",
    ],
    ids=["cut", "shortened", "lengthened", "altered", "emptied"],
)
def test_an_altered_file_does_not_open(place, spoil):
    name, key = write_content()
    with vault.get_store().open(name) as file:
        raw = file.read()
    vault.remove_object(name)
    with vault.get_store().open(name, "wb") as file:
        file.write(spoil(raw))
    with pytest.raises(vault.NotReadable):
        list(vault.read_object(name, key))


def test_a_file_opens_only_with_its_own_key_and_name(place):
    name, key = write_content()
    other, _ = write_content(key=key)
    with vault.get_store().open(other) as file:
        raw = file.read()
    vault.remove_object(name)
    with vault.get_store().open(name, "wb") as file:
        file.write(raw)
    for wrong_name, wrong_key in [(name, key), (other, vault.make_case_key()), (vault.make_object_name(), key)]:
        with pytest.raises(vault.NotReadable):
            list(vault.read_object(wrong_name, wrong_key))


def test_the_key_of_the_installation_can_be_replaced(settings):
    key, new = vault.make_case_key(), os.urandom(32)
    wrapped = vault.wrap_key(key, case_id=7)
    assert key not in wrapped
    settings.EVIDENCE_KEYS = [new, *settings.EVIDENCE_KEYS]
    assert vault.unwrap_key(wrapped, case_id=7) == key
    assert not vault.is_wrapped_with_current_key(wrapped)
    settings.EVIDENCE_KEYS = [new]
    assert vault.unwrap_key(vault.wrap_key(key, case_id=7), case_id=7) == key
    with pytest.raises(vault.NotReadable):
        vault.unwrap_key(wrapped, case_id=7)


def test_the_key_of_a_case_is_wrapped_by_aes_256_for_this_case_alone():
    """The value was computed from RFC 3394 and RFC 5869 with AES and HMAC alone. It must not change: rows hold it."""
    wrapped = vault.wrap_key(KEY_OF_A_CASE, case_id=7)
    assert wrapped == WRAPPED_BY_AES
    assert vault.is_wrapped_with_current_key(wrapped)
    assert vault.unwrap_key(wrapped, case_id=7) == KEY_OF_A_CASE
    with pytest.raises(vault.NotReadable):
        vault.unwrap_key(wrapped, case_id=8)


def test_a_key_that_an_earlier_version_wrapped_still_opens():
    assert vault.unwrap_key(WRAPPED_BY_SALSA, case_id=7) == KEY_OF_A_CASE
    assert not vault.is_wrapped_with_current_key(WRAPPED_BY_SALSA)


@pytest.mark.parametrize("wrapped", [WRAPPED_BY_AES, WRAPPED_BY_SALSA], ids=["aes", "salsa"])
def test_an_altered_wrapped_key_does_not_open(wrapped):
    for altered in (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), wrapped[:-8], wrapped[: vault.KEY_ID_BYTES + 24]):
        with pytest.raises(vault.NotReadable):
            vault.unwrap_key(altered, case_id=7)


def test_a_full_disk_is_reported_and_leaves_no_file(settings, tmp_path, monkeypatch):
    settings.STORAGES = settings.STORAGES | {"evidence": evidence_storage(Env({}), tmp_path)}
    storages._storages.clear()

    def raise_disk_full(_file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("incidents.files.vault.os.fsync", raise_disk_full)
    with pytest.raises(vault.StoreRefused):
        write_content()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    storages._storages.clear()


def test_only_the_user_of_the_site_can_read_the_files(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {"evidence": evidence_storage(Env({}), tmp_path / "new")}
    storages._storages.clear()
    name, _key = write_content()
    assert (tmp_path / "new" / name).stat().st_mode & 0o777 == 0o600
    storages._storages.clear()


LARGE_FILE = """
import django, os, resource, sys
os.environ["EVIDENCE_DIR"], os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1], "config.settings.dev"
django.setup()
from incidents.files import deposits, vault
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
key, chunk = vault.make_case_key(), os.urandom(64 * 1024)
def deposit(times):
    one = deposits.Deposit(key)
    for _ in range(times): one.write(chunk)
    return one.finish()
deposit(32); list(vault.read_object(deposit(1).storage_name, key))
before = peak()
done = deposit(512)
read = sum(map(len, vault.read_object(done.storage_name, key)))
print(done.size, read, peak() - before)
"""


def test_a_file_takes_less_memory_than_its_size(tmp_path):
    command = [sys.executable, "-c", LARGE_FILE, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    size, read, grown_kilobytes = map(int, ran.stdout.split())
    assert size == read == 512 * 64 * 1024
    assert grown_kilobytes < 8_000

"""The two kinds of store that contain evidence: a folder, and a bucket of an S3 server."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from django.core.files.storage import Storage
from pytest_django import Settings

from config.devserver.embedded import find_free_port
from config.devserver.run import is_answering
from config.env import Env, make_evidence_storage
from incidents.files import vault
from tests.faults.deployment import Program, wait_until

BUCKET_SETTINGS = {
    "EVIDENCE_S3_REGION": "us-east-1",
    "EVIDENCE_S3_ACCESS_KEY": "name",
    "EVIDENCE_S3_SECRET_KEY": "hidden",
}


@contextmanager
def run_bucket_server(home: Path) -> Iterator[str]:
    """Run moto, an S3 server, in a process of its own on the loopback interface. Yield its address."""
    port = find_free_port()
    program = Program(
        "s3", [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], dict(os.environ), home
    )
    program.start()
    try:
        wait_until(lambda: is_answering(port), what="the server of buckets does not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        program.kill()


@contextmanager
def store_in_bucket(settings: Settings, server: str) -> Iterator[Storage]:
    """Store evidence in a new bucket, with the settings of an installation."""
    bucket = {"EVIDENCE_S3_BUCKET": f"pieces-{token_hex(4)}", "EVIDENCE_S3_ENDPOINT": server}
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env(BUCKET_SETTINGS | bucket))}
    connection = vault.get_store().connection  # type: ignore[attr-defined]  # a store in a bucket
    connection.create_bucket(Bucket=bucket["EVIDENCE_S3_BUCKET"])
    yield vault.get_store()
    connection.meta.client.close()


@contextmanager
def store_in_folder(settings: Settings, folder: Path) -> Iterator[Storage]:
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env({}), folder)}
    yield vault.get_store()


def list_stored_objects() -> list[str]:
    return sorted(name for folder in vault.list_folders() for name in vault.list_object_names(folder))


def read_stored_bytes(name: str) -> bytes:
    """Return the bytes of an object of the store, which a thief would read."""
    with vault.get_store().open(name, "rb") as file:
        return file.read()

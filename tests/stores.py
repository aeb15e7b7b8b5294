"""The two kinds of place that hold evidence: a folder, and a bucket of a server that speaks S3."""

import os
import sys
from contextlib import contextmanager
from secrets import token_hex

from config.devserver.run import is_answering
from config.env import Env, make_evidence_storage
from incidents.files import vault
from tests.faults.stage import Program, find_free_port, until

HELD = {"EVIDENCE_S3_REGION": "us-east-1", "EVIDENCE_S3_ACCESS_KEY": "name", "EVIDENCE_S3_SECRET_KEY": "hidden"}


@contextmanager
def bucket_server(home):
    """moto, in a process of its own, on the loopback of this machine. Gives its address."""
    port = find_free_port()
    program = Program(
        "s3", [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], dict(os.environ), home
    )
    program.start()
    try:
        until(lambda: is_answering(f"http://127.0.0.1:{port}/moto-api/"), what="the server of buckets does not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        program.kill()


@contextmanager
def in_a_bucket(settings, server):
    """Evidence goes to a new bucket, by the settings of an installation."""
    named = {"EVIDENCE_S3_BUCKET": f"pieces-{token_hex(4)}", "EVIDENCE_S3_ENDPOINT": server}
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env(HELD | named))}
    connection = vault.store().connection
    connection.create_bucket(Bucket=named["EVIDENCE_S3_BUCKET"])
    yield vault.store()
    connection.meta.client.close()


@contextmanager
def in_a_folder(settings, folder):
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env({}), folder)}
    yield vault.store()


def stored_objects():
    return sorted(name for folder in vault.folders() for name in vault.names_in(folder))


def as_stored(name):
    """What whoever steals the store would read."""
    with vault.store().open(name, "rb") as file:
        return file.read()

"""Evidence files are sent to the server of production. No large file is in memory or in clear, and no kill
loses one.
"""

import http.client
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from config.env import Env, make_evidence_storage
from incidents.files import vault
from incidents.models import Evidence, EvidenceUpload, Incident
from incidents.services.evidence.files import get_reading_key
from incidents.services.evidence.upload import SLICE_SIZE
from tests.cast import breizh_cyber, declare
from tests.faults.deployment import wait_until
from tests.faults.site import TOKEN, Site, make_holder_headers

MARK = b"un secret de la mairie, en clair "
CHUNK = MARK * 2000
CHUNKS = 1500
BOUNDARY = "----tocsin"
BYTES = "application/octet-stream"


@pytest.fixture
def declared_case(transactional_db: str) -> Incident:
    breizh_cyber()
    return declare()


@pytest.fixture
def site(transactional_db: str, declared_case: Incident, tmp_path: Path, settings: Settings) -> Iterator[Site]:
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env({}), tmp_path / "evidence")}
    site = Site(transactional_db, tmp_path)
    site.headers = make_holder_headers(declared_case)
    site.start()
    yield site
    site.program.kill()
    connections.close_all()


def make_form(look, *, chunks=CHUNKS):
    """Return the body of a form with one file, generated as it is sent, and its length. `look` is called every hundred
    chunks.
    """
    start = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{TOKEN}\r\n'
    start += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="pieces"; filename="disque.img"\r\n\r\n'
    end = f"\r\n--{BOUNDARY}--\r\n"

    def pieces():
        yield start.encode()
        for number in range(chunks):
            if number % 100 == 99:
                look()
            yield CHUNK
        yield end.encode()

    return pieces(), len(start) + chunks * len(CHUNK) + len(end)


def list_stored_files(site):
    return [path for path in (site.home / "evidence").rglob("*") if path.is_file()]


def hand_over(site, incident, chunks):
    """Send one file by the plain form. Return the response and the bytes of memory that the server used in
    addition.
    """
    site.post(f"/suivi/{incident.reference}/pieces/", b"", "application/x-www-form-urlencoded", 0)
    before, readings = site.memory(), []
    body, length = make_form(lambda: readings.append(site.memory()), chunks=chunks)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    answer = site.post(f"/suivi/{incident.reference}/pieces/", body, kind, length)
    assert len(readings) == chunks // 100
    return answer, max([*readings, site.memory()]) - before


def test_a_hundred_megabytes_pass_with_little_memory_and_no_clear_text(site, declared_case):
    """Memory stays where it was, and no clear byte is written to the disk."""
    answer, grown = hand_over(site, declared_case, CHUNKS)

    assert answer.status == 302
    piece = Evidence.objects.get()
    assert piece.size == CHUNKS * len(CHUNK)
    assert grown < 40_000_000
    assert list((site.home / "temporary").iterdir()) == []
    [stored] = list_stored_files(site)
    assert MARK not in stored.read_bytes()
    assert next(vault.read_object(piece.storage_name, get_reading_key(declared_case)))[: len(MARK)] == MARK


@pytest.mark.proof
def test_two_hundred_megabytes_are_refused(site, declared_case):
    answer, grown = hand_over(site, declared_case, 2 * CHUNKS + 100)

    assert answer.status == 422
    assert "disque.img</bdi></b>&nbsp;: C’est plus de 100 Mo. Coupez-le en plusieurs" in answer.words
    assert grown < 40_000_000
    assert not Evidence.objects.exists()
    assert list_stored_files(site) == []


# Runs a command that cannot write files beyond two megabytes, as on a full disk.
RUN_WITH_FULL_DISK = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.proof
def test_a_full_disk_is_reported_and_records_no_partial_file(site, declared_case):
    site.program.kill()
    site.start(before=[sys.executable, "-c", RUN_WITH_FULL_DISK])
    answer, _grown = hand_over(site, declared_case, 100)
    assert answer.status == 422
    assert "disque.img</bdi></b>&nbsp;: Nous n’avons plus de place pour le garder." in answer.words
    assert list_stored_files(site) == []

    content = os.urandom(5 * SLICE_SIZE)
    url = announce_upload(site, declared_case, content)
    for offset in range(0, len(content), SLICE_SIZE):
        assert (
            site.post(f"{url}?debut={offset}", content[offset : offset + SLICE_SIZE], BYTES, SLICE_SIZE).status == 200
        )
    refused = site.post(f"{url}fin/", b"", BYTES, 0)
    assert (refused.status, "plus de place" in json.loads(refused.words)["message"]) == (507, True)
    assert not Evidence.objects.exists()
    assert len(list_stored_files(site)) == 5

    site.program.kill()
    site.start()
    assert site.post(f"{url}fin/", b"", BYTES, 0).status == 200
    piece = Evidence.objects.get()
    assert b"".join(vault.read_object(piece.storage_name, get_reading_key(declared_case))) == content


def announce_upload(site, incident, content):
    """Announce a file to be sent in slices. Return the address of its upload."""
    start = f"/suivi/{incident.reference}/pieces/envoi/"
    announced = f"nom=a&taille={len(content)}"
    site.post(start, announced, "application/x-www-form-urlencoded", len(announced))
    return f"{start}{EvidenceUpload.objects.get().uid}/"


@pytest.mark.proof
def test_a_killed_server_loses_no_slice(site, declared_case):
    content = os.urandom(3 * SLICE_SIZE)
    url = announce_upload(site, declared_case, content)
    for offset in range(0, len(content), SLICE_SIZE):
        part = content[offset : offset + SLICE_SIZE]
        assert site.post(f"{url}?debut={offset}", part, BYTES, len(part)).status == 200
        site.program.kill()
        site.start()
    assert site.post(f"{url}fin/", b"", BYTES, 0).status == 200
    piece = Evidence.objects.get()
    assert b"".join(vault.read_object(piece.storage_name, get_reading_key(declared_case))) == content


@contextmanager
def send_half_a_request(site, path, kind, body, length):
    """Send the beginning of a post. The connection stays open until the end of the block, and is then lost."""
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)) as line:
        line.putrequest("POST", path)
        for name, value in (site.headers | {"Content-Type": kind, "Content-Length": str(length)}).items():
            line.putheader(name, value)
        line.endheaders()
        line.send(body)
        yield


@pytest.mark.proof
def test_a_lost_connection_leaves_no_partial_file(site, declared_case):
    """The plain form is cut in its second file, of which nothing remains. The first file is whole, and is kept."""
    part = '--{}\r\nContent-Disposition: form-data; name="pieces"; filename="{}"\r\n\r\n{}\r\n'
    body = part.format(BOUNDARY, "entier", "a" * 900) + part.format(BOUNDARY, "coupé", "b" * 300_000)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    with send_half_a_request(site, f"/suivi/{declared_case.reference}/pieces/", kind, body.encode(), 10_000_000):
        wait_until(lambda: len(list_stored_files(site)) == 2, what="the second file is not begun")
    wait_until(
        lambda: len(list_stored_files(site)) == Evidence.objects.count(), what="a file that no row names remains"
    )
    assert [piece.name for piece in Evidence.objects.all()] == ["entier"]

"""Files never fill the disk: what one address sends, what all files occupy and the free disk have limits. Whatever
they say, a declaration and a message are accepted, and the page that refuses files says so.
"""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings
from redis import RedisError
from structlog.testing import capture_logs

from config.clock import SCHEDULE
from config.env import Env, make_evidence_storage
from incidents.files import vault
from incidents.models import Evidence, Incident, Message, RecentCount
from incidents.services.evidence import room
from incidents.services.evidence.room import ADDRESS_FULL, NO_ROOM, TOTAL_KEY, find_room_problem
from incidents.tasks import measure_evidence_store
from tests.cast import an_agent, signed_in
from tests.incidents.devices import follow_up_url, open_by_link
from tests.incidents.journeys import make_address, post
from tests.incidents.slices import CONTENT, PARTS, create_upload, post_upload_start, send_slice
from tests.reading import read_text
from tests.stores import list_stored_objects

pytestmark = pytest.mark.usefixtures("empty_store", "no_known_total")
SMALL = 2_000_000  # bytes: more than one file of the tests, less than two


@pytest.fixture
def no_known_total(db: None) -> None:
    cache.delete(TOTAL_KEY)


@pytest.fixture
def declarant(incident: Incident) -> Client:
    """Return a client without account that has opened the case by its link."""
    client = open_by_link(incident)
    client.defaults["REMOTE_ADDR"] = make_address()
    return client


@pytest.fixture
def full_disk(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on a disk with one byte less than the floor."""
    store = make_evidence_storage(Env({"EVIDENCE_DIR": str(tmp_path / "not" / "made" / "yet")}))
    settings.STORAGES = settings.STORAGES | {"evidence": store}
    free = settings.EVIDENCE_FREE_DISK_BYTES - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free) if path.exists() else 1 / 0)


def pieces_url(incident: Incident) -> str:
    return f"/suivi/{incident.reference}/pieces/"


def post_file(client: Client, incident: Incident, content: bytes = CONTENT):
    return client.post(pieces_url(incident), {"pieces": [SimpleUploadedFile("disque.img", content)]})


def assert_files_are_refused(client: Client, incident: Incident, why: str, status: int) -> None:
    """The page offers no file, and both doors answer with the status and the reason, beside the name of the file."""
    stored = list_stored_objects()
    page, posted = client.get(pieces_url(incident)), post_file(client, incident)
    assert "Pas de fichier pour le moment" in read_text(page)
    assert why in read_text(page)
    assert 'type="file"' not in page.content.decode()
    begun = post_upload_start(client, incident)
    assert (begun.status_code, begun.json()["message"]) == (status, why)
    assert posted.status_code == status
    assert f"disque.img : {why}" in read_text(posted)
    waits = [response.get("Retry-After") for response in (posted, begun)]
    assert all(3_500 < int(wait) <= 3_600 for wait in waits) if status == 429 else waits == [None, None]
    assert list_stored_objects() == stored


def test_under_the_floor_of_free_disk_only_text_is_taken(declarant, incident, full_disk, client, settings):
    assert_files_are_refused(declarant, incident, NO_ROOM, 507)
    answer = declarant.post(follow_up_url(incident, "message"), {"text": "Les fichiers ne passent pas.", "cle": "m"})
    assert answer.status_code in (200, 302)
    assert Message.objects.filter(text="Les fichiers ne passent pas.").exists()
    declared = Incident.objects.count()
    assert post(client, {"description": "Tout est chiffré."}).status_code == 200
    assert Incident.objects.count() == declared + 1
    settings.EVIDENCE_FREE_DISK_BYTES -= 1
    assert post_file(declarant, incident).status_code == 302


def test_an_upload_that_began_stops_at_the_floor_and_goes_on_later(declarant, incident, settings, monkeypatch):
    url = create_upload(declarant, incident)
    assert send_slice(declarant, url, 0).status_code == 200
    monkeypatch.setattr(vault, "measure_free_bytes", lambda: 0)
    refused = send_slice(declarant, url, 1)
    assert (refused.status_code, refused.json()["message"]) == (507, NO_ROOM)
    page = read_text(declarant.get(pieces_url(incident)))
    assert "Plus tard, choisissez de nouveau le même fichier : l’envoi reprendra où il s’est arrêté." in page
    assert "Abandonner cet envoi" in page
    monkeypatch.setattr(vault, "measure_free_bytes", lambda: None)
    assert [send_slice(declarant, url, part).status_code for part in (1, 2)] == [200, 200]
    assert declarant.post(f"{url}fin/").json()["numero"] == 1


def test_all_files_together_have_a_limit(declarant, incident, settings):
    settings.EVIDENCE_TOTAL_BYTES = len(CONTENT) * 10 // 9 + 2  # nine tenths are for people without account
    assert post_file(declarant, incident).status_code == 302
    measure_evidence_store()
    assert post_file(declarant, incident, b"one byte too many").status_code == 302
    measure_evidence_store()
    assert_files_are_refused(declarant, incident, NO_ROOM, 507)
    Evidence.objects.update(taken_back_at="2026-11-30T00:00Z")
    measure_evidence_store()
    assert post_file(declarant, incident).status_code == 302


def test_the_last_tenth_is_kept_for_people_with_an_account(declarant, incident, settings):
    """Strangers may send so much that responders and bodies could hand over nothing. The log says it then."""
    assert post_file(declarant, incident).status_code == 302
    settings.EVIDENCE_TOTAL_BYTES = len(CONTENT) * 10 // 9
    with capture_logs() as logs:
        measure_evidence_store()
    assert [(line["event"], line["log_level"]) for line in logs] == [("no room for evidence", "error")]
    assert_files_are_refused(declarant, incident, NO_ROOM, 507)
    member = signed_in(Client(), an_agent(incident.collectivity))
    assert post_file(member, incident, b"un").status_code == 302
    settings.EVIDENCE_TOTAL_BYTES = room.measure_stored_bytes()
    assert post_file(member, incident, b"deux").status_code == 507


def test_unfinished_uploads_count_in_the_total(declarant, incident, settings):
    send_slice(declarant, create_upload(declarant, incident), 0)
    settings.EVIDENCE_TOTAL_BYTES = room.measure_stored_bytes()
    assert len(PARTS[0]) == settings.EVIDENCE_TOTAL_BYTES
    assert_files_are_refused(declarant, incident, NO_ROOM, 507)


@pytest.mark.parametrize("failure", ["absent", "no cache"])
def test_a_request_reads_the_total_and_refuses_nothing_without_it(declarant, incident, settings, monkeypatch, failure):
    """The clock measures it, since reading whole tables would slow each page."""

    def fail(*_arguments: object) -> None:
        raise RedisError

    settings.EVIDENCE_TOTAL_BYTES = 1
    monkeypatch.setattr(room, "Sum", None)
    if failure == "no cache":
        monkeypatch.setattr(cache, "get", fail)
    assert room.read_stored_bytes() == 0
    assert find_room_problem("") is None


def test_the_clock_says_in_the_log_that_there_is_no_room_and_requests_do_not(declarant, incident, settings):
    settings.EVIDENCE_TOTAL_BYTES = 0
    with capture_logs() as logs:
        measure_evidence_store()
    assert [(line["event"], line["log_level"]) for line in logs] == [("no room for evidence", "error")]
    with capture_logs() as logs:
        declarant.get(pieces_url(incident))
    assert [line for line in logs if "room" in line["event"]] == []
    assert SCHEDULE["measure the evidence store"]["task"] == measure_evidence_store.name
    assert SCHEDULE["measure the evidence store"]["schedule"] < room.TOTAL_LIFETIME_SECONDS


def test_free_space_is_measured_only_if_files_may_be_added(declarant, incident, monkeypatch):
    monkeypatch.setattr("incidents.evidence.views.speaks_for_body", lambda *_arguments: False)
    monkeypatch.setattr("incidents.evidence.views.find_room_problem", None)
    assert declarant.get(pieces_url(incident)).status_code == 200


def test_one_address_sends_a_limited_number_of_bytes_within_an_hour(declarant, incident, settings):
    settings.EVIDENCE_ADDRESS_BYTES = SMALL
    assert post_file(declarant, incident).status_code == 302
    url = create_upload(declarant, incident, nom="autre.img")
    assert [send_slice(declarant, url, part).status_code for part in range(2)] == [200, 200]
    assert_files_are_refused(declarant, incident, ADDRESS_FULL, 429)
    other = open_by_link(incident)
    other.defaults["REMOTE_ADDR"] = make_address()
    assert post_file(other, incident, b"autre").status_code == 302
    RecentCount.objects.update(began_at="2026-01-01T00:00Z")
    assert post_file(declarant, incident, b"encore").status_code == 302


def test_people_with_an_account_have_no_limit_of_their_address(incident, settings):
    settings.EVIDENCE_ADDRESS_BYTES = 1
    member = signed_in(Client(), an_agent(incident.collectivity))
    for content in (b"un", b"deux", b"trois"):
        assert post_file(member, incident, content).status_code == 302
    assert Evidence.objects.exclude(actor=None).count() == 3


def test_a_bucket_has_no_free_disk_and_a_disk_that_does_not_answer_refuses_nothing(settings, tmp_path, monkeypatch):
    """The clock says it in the log, each time it looks. Requests do not, however many there are."""
    assert vault.measure_free_bytes() is None
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env({"EVIDENCE_DIR": str(tmp_path)}))}
    assert vault.measure_free_bytes() == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)

    def fail(_path: object) -> None:
        raise OSError

    monkeypatch.setattr(shutil, "disk_usage", fail)
    with capture_logs() as logs:
        assert find_room_problem("") is None
    assert logs == []
    with capture_logs() as logs:
        measure_evidence_store()
    assert [(line["event"], line["log_level"]) for line in logs] == [("free disk not measured", "warning")]


def test_a_floor_of_zero_is_none(settings, monkeypatch):
    monkeypatch.setattr(vault, "measure_free_bytes", lambda: 0)
    assert find_room_problem("").message == NO_ROOM
    settings.EVIDENCE_FREE_DISK_BYTES = 0
    assert find_room_problem("") is None

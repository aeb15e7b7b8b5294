"""A piece is handed over, stored and opened, in a real folder and in a real bucket."""

import hashlib
import os
from collections.abc import Iterator

import pytest
from django.core.files.storage import Storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config.devserver.embedded import find_free_port
from config.env import Env, make_evidence_storage
from incidents.enums import PaperKind, PaperState
from incidents.files import vault
from incidents.models import Evidence, Incident, Opening, Paper
from incidents.services.declarant.access import derive_secret
from incidents.services.evidence.upload import SLICE_SIZE
from incidents.services.handling.erase import erase_personal_data
from tests.cast import a_lead, breizh_cyber, declare, finistere
from tests.reading import read_text
from tests.stores import BUCKET_SETTINGS, list_stored_objects, read_stored_bytes, store_in_bucket

MARK = b"un mot que personne ne doit lire dans le depot "


@pytest.fixture
def link_client(store: Storage, incident: Incident) -> Client:
    """Return a client that has opened the case by its link, with evidence in each store."""
    client = Client()
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    return client


def get_pieces_url(incident):
    return f"/suivi/{incident.reference}/pieces/"


def send_in_slices(client, incident, name, content):
    """Send every slice and return the address of the upload, which remains to be finished."""
    first = hashlib.sha256(content[:SLICE_SIZE]).hexdigest()
    beginning = {"nom": name, "taille": len(content), "debut": first}
    upload = client.post(get_pieces_url(incident) + "envoi/", beginning).json()
    url = f"{get_pieces_url(incident)}envoi/{upload['uid']}/"
    for offset in range(upload["recu"], len(content), SLICE_SIZE):
        slice_ = content[offset : offset + SLICE_SIZE]
        assert client.post(f"{url}?debut={offset}", slice_, "application/octet-stream").status_code == 200
    return url


def open_piece(client, piece):
    answer = client.get(f"/triage/{piece.incident.reference}/pieces/{piece.uid}/")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def test_a_file_sent_in_slices_is_stored_encrypted_and_opened(link_client, responder_client, incident):
    content = MARK + os.urandom(2 * SLICE_SIZE)
    url = send_in_slices(link_client, incident, "disque.img", content)
    assert len(list_stored_objects()) == 3
    assert link_client.post(url + "fin/").json() == {"numero": 1, "deja": False}

    piece = Evidence.objects.get()
    assert list_stored_objects() == [piece.storage_name]
    assert MARK not in read_stored_bytes(piece.storage_name)
    assert open_piece(responder_client, piece) == content
    list_text = read_text(link_client.get(get_pieces_url(incident) + "bordereau/"))
    assert "Les scellés se suivent sans défaut" in list_text
    assert hashlib.sha256(content).hexdigest() in list_text
    assert Opening.objects.get().evidence == piece


def test_a_large_file_of_a_plain_form_is_stored_in_parts(link_client, responder_client, incident):
    """A file of more than 5 MB goes to a bucket in parts."""
    content = MARK + os.urandom(11_000_000)
    files = [SimpleUploadedFile("disque.img", content), SimpleUploadedFile("vide.txt", b"")]
    assert link_client.post(get_pieces_url(incident), {"pieces": files}).status_code == 302
    large, empty = Evidence.objects.order_by("number")
    assert list_stored_objects() == sorted([large.storage_name, empty.storage_name])
    assert open_piece(responder_client, large) == content
    assert open_piece(responder_client, empty) == b""


def test_a_file_refused_halfway_leaves_nothing_in_the_store(link_client, incident, monkeypatch):
    monkeypatch.setattr("incidents.files.deposits.MAX_FILE_BYTES", 6_000_000)
    too_large = SimpleUploadedFile("disque.img", os.urandom(6_500_000))
    assert link_client.post(get_pieces_url(incident), {"pieces": [too_large]}).status_code == 422
    assert not Evidence.objects.exists()
    assert list_stored_objects() == []


def test_a_file_handed_over_twice_is_stored_once(link_client, incident):
    content = os.urandom(SLICE_SIZE + 1)
    for expected in (False, True):
        url = send_in_slices(link_client, incident, "a", content)
        assert link_client.post(url + "fin/").json() == {"numero": 1, "deja": expected}
    assert list_stored_objects() == [Evidence.objects.get().storage_name]


def test_a_cancelled_upload_leaves_nothing_in_the_store(link_client, incident, django_capture_on_commit_callbacks):
    url = send_in_slices(link_client, incident, "a", os.urandom(2 * SLICE_SIZE))
    with django_capture_on_commit_callbacks(execute=True):
        assert link_client.post(url + "abandonner/").status_code == 302
    assert list_stored_objects() == []


def test_a_file_of_an_erased_case_cannot_be_opened(link_client, responder_client, incident):
    send_in_slices(link_client, incident, "a", b"x")
    link_client.post(get_pieces_url(incident), {"pieces": [SimpleUploadedFile("a", MARK)]})
    piece = Evidence.objects.get()
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert responder_client.get(f"/triage/{incident.reference}/pieces/{piece.uid}/").status_code == 410


def test_a_file_missing_from_the_store_gets_a_503(link_client, responder_client, incident, store):
    link_client.post(get_pieces_url(incident), {"pieces": [SimpleUploadedFile("a", MARK)]})
    piece = Evidence.objects.get()
    store.delete(piece.storage_name)
    assert responder_client.get(f"/triage/{incident.reference}/pieces/{piece.uid}/").status_code == 503
    assert not Opening.objects.exists()


@pytest.fixture
def no_bucket(settings: Settings, s3: str) -> Iterator[None]:
    """Use a bucket that somebody has removed."""
    with store_in_bucket(settings, s3) as storage:
        storage.bucket.delete()  # type: ignore[attr-defined]  # a store in a bucket
        yield


def test_a_store_that_refuses_is_reported_and_no_file_is_recorded(db, no_bucket):
    breizh_cyber()
    incident, client = declare(), Client()
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    refused = client.post(get_pieces_url(incident), {"pieces": [SimpleUploadedFile("a.txt", b"a")]})
    assert refused.status_code == 422
    assert "a.txt : Nous n’avons plus de place pour le garder" in read_text(refused)
    upload = client.post(get_pieces_url(incident) + "envoi/", {"nom": "b", "taille": 1}).json()
    url = f"{get_pieces_url(incident)}envoi/{upload['uid']}/"
    assert client.post(f"{url}?debut=0", b"b", "application/octet-stream").status_code == 507
    assert client.get(url).json()["recu"] == 0
    assert not Evidence.objects.exists()


def test_printed_cards_are_not_found_while_the_bucket_does_not_respond(db, client, settings, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    bucket = {"EVIDENCE_S3_BUCKET": "pieces", "EVIDENCE_S3_ENDPOINT": f"http://127.0.0.1:{find_free_port()}"}
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env(BUCKET_SETTINGS | bucket))}
    cards = {"kind": PaperKind.WALL_CARDS, "departement": finistere(), "state": PaperState.MADE}
    Paper.objects.create(storage_name=vault.make_object_name(), made_at=timezone.now(), **cards)
    assert client.get("/secours/departement/29/pdf/").status_code == 404

"""A file sent slice by slice survives cut connections, full disks, races and closed pages."""

import hashlib
import os
import socket
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from urllib.parse import urlencode, urlsplit

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from config.env import Env, make_evidence_storage
from incidents.enums import EventKind
from incidents.files import vault
from incidents.models import Evidence, EvidenceUpload, IncidentEvent
from incidents.services.evidence import files, upload
from incidents.services.evidence.files import get_reading_key
from incidents.services.evidence.upload import SLICE_SIZE
from tests.cast import a_lead, an_agent, an_upload, declare, plouexemple
from tests.incidents.slices import (
    CONTENT,
    PARTS,
    create_upload,
    create_visitor,
    make_upload_path,
    post_upload_start,
    send_request,
    send_slice,
)
from tests.retention.purging import run_day
from tests.stores import list_stored_objects

pytestmark = pytest.mark.usefixtures("empty_store")


def test_a_file_sent_in_slices_is_stored_whole(holder, incident):
    url = create_upload(holder, incident, auteur="Dominique")
    for part in range(3):
        assert send_slice(holder, url, part).json()["recu"] == min((part + 1) * SLICE_SIZE, len(CONTENT))
    done = holder.post(url + "fin/")

    assert done.json() == {"numero": 1, "deja": False}
    piece = Evidence.objects.get()
    assert (piece.name, piece.author, piece.size) == ("disque.img", "Dominique", len(CONTENT))
    assert piece.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert b"".join(vault.read_object(piece.storage_name, get_reading_key(incident))) == CONTENT
    assert list_stored_objects() == [piece.storage_name]
    assert IncidentEvent.objects.filter(kind=EventKind.FILE).count() == 1


def test_finishing_an_upload_twice_gets_the_same_response(holder, incident):
    url = create_upload(holder, incident)
    for part in range(3):
        send_slice(holder, url, part)
    assert holder.post(url + "fin/").json() == holder.post(url + "fin/").json() == {"numero": 1, "deja": False}
    assert holder.get(url).json()["fini"] is True
    assert IncidentEvent.objects.filter(kind=EventKind.FILE).count() == 1


def test_a_lost_slice_is_reported_at_the_end(holder, incident):
    url = create_upload(holder, incident)
    for part in range(3):
        send_slice(holder, url, part)
    vault.remove_object(vault.make_slice_name(EvidenceUpload.objects.get().uid, SLICE_SIZE))
    done = holder.post(url + "fin/")
    assert done.status_code == 422
    assert done.json()["message"] == "Ce qui était arrivé ne se lit plus. Abandonnez cet envoi, puis recommencez."


def test_an_upload_finished_meanwhile_gets_the_number_of_its_file(holder, incident, monkeypatch):
    url = create_upload(holder, incident)
    for part in range(3):
        send_slice(holder, url, part)
    assemble_file = upload.assemble_file

    def assemble_after_another_request(upload_row, key):
        monkeypatch.setattr(upload, "assemble_file", assemble_file)
        assert holder.post(url + "fin/").status_code == 200
        return assemble_file(upload_row, key)

    monkeypatch.setattr(upload, "assemble_file", assemble_after_another_request)
    assert holder.post(url + "fin/").json()["numero"] == 1
    assert Evidence.objects.count() == 1


def test_a_slice_at_a_wrong_offset_is_refused_with_the_right_offset(holder, incident):
    url = create_upload(holder, incident)
    assert send_slice(holder, url, 1).json() == {"recu": 0}
    send_slice(holder, url, 0)
    again = send_slice(holder, url, 0)
    assert (again.status_code, again.json()) == (409, {"recu": SLICE_SIZE})
    assert holder.get(url).json()["recu"] == SLICE_SIZE
    early = holder.post(url + "fin/")
    assert (early.status_code, early.json()) == (409, {"recu": SLICE_SIZE})
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("length", [0, 1, SLICE_SIZE - 1, SLICE_SIZE + 1])
def test_a_slice_of_another_length_is_refused(holder, incident, length):
    url = create_upload(holder, incident)
    assert holder.post(url + "?debut=0", b"x" * length, "application/octet-stream").status_code == 422
    assert holder.get(url).json()["recu"] == 0
    assert list_stored_objects() == []


@pytest.mark.parametrize(
    "changes",
    [{"taille": "x"}, {"taille": ""}, {"taille": "-1"}, {"taille": "200000000"}, {"taille": "9" * 40}],
    ids=["word", "nothing", "negative", "200 MB", "huge"],
)
def test_an_upload_of_an_impossible_size_is_refused(holder, incident, changes):
    answer = post_upload_start(holder, incident, **changes)
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert not EvidenceUpload.objects.exists()


def test_an_upload_resumes_after_the_page_was_closed(holder, incident):
    url = create_upload(holder, incident)
    send_slice(holder, url, 0)
    page = holder.get(f"/suivi/{incident.reference}/pieces/").content.decode()
    assert (
        '<bdi dir="ltr">disque.img</bdi></b>&nbsp;: 524\N{NO-BREAK SPACE}Ko reçus sur 1,0\N{NO-BREAK SPACE}Mo' in page
    )
    begun = post_upload_start(holder, incident).json()
    assert (make_upload_path(incident) + begun["uid"] + "/", begun["recu"]) == (url, SLICE_SIZE)
    other = post_upload_start(holder, incident, debut="0" * 64).json()
    assert (other["uid"] != begun["uid"], other["recu"]) == (True, 0)


def test_the_same_file_is_not_stored_twice(holder, incident):
    """A browser that lost the answer asks again and gets the same one."""
    for expected in (False, True):
        url = create_upload(holder, incident)
        for part in range(3):
            send_slice(holder, url, part)
        for _ in range(2):
            assert holder.post(url + "fin/").json() == {"numero": 1, "deja": expected}
    assert Evidence.objects.count() == 1
    assert list_stored_objects() == [Evidence.objects.get().storage_name]


def test_an_empty_file_is_accepted(holder, incident):
    url = create_upload(holder, incident, taille="0", debut="")
    assert holder.post(url + "fin/").json()["numero"] == 1
    assert Evidence.objects.get().size == 0


def test_a_full_disk_keeps_what_has_arrived(holder, incident, monkeypatch):
    url = create_upload(holder, incident)
    send_slice(holder, url, 0)
    write = vault.ObjectWriter.write

    def refuse_write(*_):
        raise vault.StoreRefused

    monkeypatch.setattr(vault.ObjectWriter, "write", refuse_write)
    refused = send_slice(holder, url, 1)
    assert refused.status_code == 507
    assert "Nous n’avons plus de place" in refused.json()["message"]
    monkeypatch.setattr(vault.ObjectWriter, "write", write)
    assert holder.get(url).json()["recu"] == SLICE_SIZE
    send_slice(holder, url, 1)
    send_slice(holder, url, 2)
    monkeypatch.setattr(vault.ObjectWriter, "finish", refuse_write)
    assert holder.post(url + "fin/").status_code == 507
    assert not Evidence.objects.exists()
    monkeypatch.undo()
    assert holder.post(url + "fin/").json()["numero"] == 1
    assert Evidence.objects.get().sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert len(list_stored_objects()) == 1


@pytest.mark.parametrize("most", [3, pytest.param(300, marks=pytest.mark.proof)])
def test_a_case_takes_a_limited_number_of_uploads(holder, incident, monkeypatch, most):
    if most != files.MAX_FILES:
        monkeypatch.setattr(files, "MAX_FILES", most)
    for _ in range(most - 1):
        an_upload(incident)
    assert post_upload_start(holder, incident).status_code == 201
    refused = post_upload_start(holder, incident)
    assert refused.status_code == 422
    assert "Ce dossier a déjà 300 fichiers" in refused.json()["message"]


def test_the_upload_of_another_case_is_not_found(holder, incident):
    url = create_upload(holder, incident)
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    other = declare(collectivity=neighbour)
    colleague = Client()
    colleague.force_login(an_agent(neighbour))
    other_url = url.replace(incident.reference, other.reference)
    assert colleague.get(other_url).status_code == colleague.get(url).status_code == 404
    assert send_slice(colleague, other_url, 0).status_code == 404
    assert colleague.post(other_url + "fin/").status_code == 404


def test_an_abandoned_upload_is_removed_after_a_week(holder, incident, django_capture_on_commit_callbacks):
    url = create_upload(holder, incident)
    send_slice(holder, url, 0)
    run_day(after=timedelta(days=6))
    assert holder.get(url).json()["recu"] == SLICE_SIZE
    with django_capture_on_commit_callbacks(execute=True):
        run_day(after=timedelta(days=8))
    assert holder.get(url).status_code == 404
    assert list_stored_objects() == []


def test_removing_a_finished_upload_keeps_its_file(holder, incident):
    url = create_upload(holder, incident)
    for part in range(3):
        send_slice(holder, url, part)
    holder.post(url + "fin/")
    run_day(after=timedelta(days=8))
    assert not EvidenceUpload.objects.exists()
    assert list_stored_objects() == [Evidence.objects.get().storage_name]


def test_an_erased_case_takes_no_slice(incident, client):
    client.force_login(an_agent(incident.collectivity))
    url = create_upload(client, incident)
    lead = Client()
    lead.force_login(a_lead())
    lead.post(f"/admin/incidents/incident/{incident.reference}/effacer/")
    incident.refresh_from_db()
    assert incident.erased_at
    refused = send_slice(client, url, 0)
    assert (refused.status_code, "effacées" in refused.json()["message"]) == (410, True)
    assert post_upload_start(client, incident).status_code == 410


# On a real server and a real disk


@pytest.fixture
def disk(settings: Settings, tmp_path: Path) -> Path:
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env({}), tmp_path)}
    return tmp_path


def test_an_upload_resumes_after_the_connection_was_cut_in_a_slice(live_site, disk):
    incident, client, headers = create_visitor(live_site)
    url = create_upload(client, incident)
    assert send_request(live_site, "POST", url + "?debut=0", PARTS[0], headers)[0] == 200

    host, _, port = urlsplit(live_site).netloc.partition(":")
    line = socket.create_connection((host, int(port)), timeout=10)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    start_line = f"POST {url}?debut={SLICE_SIZE} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {SLICE_SIZE}\r\n"
    line.sendall((start_line + head + "\r\n").encode() + PARTS[1][: SLICE_SIZE // 2])
    line.shutdown(socket.SHUT_WR)  # as a telephone that leaves the network
    line.settimeout(10)
    assert b" 422 " in line.recv(100)
    line.close()

    assert client.get(url).json()["recu"] == SLICE_SIZE
    for part in (1, 2):
        assert send_request(live_site, "POST", f"{url}?debut={part * SLICE_SIZE}", PARTS[part], headers)[0] == 200
    assert client.post(url + "fin/").json()["numero"] == 1
    assert Evidence.objects.get().sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_only_one_of_two_simultaneous_slices_is_stored(live_site, disk):
    incident, client, headers = create_visitor(live_site)
    url = create_upload(client, incident)
    bodies, answers, together = [os.urandom(SLICE_SIZE), os.urandom(SLICE_SIZE)], {}, Barrier(2)

    def race(number):
        together.wait()
        answers[number] = send_request(live_site, "POST", url + "?debut=0", bodies[number], headers)

    threads = [Thread(target=race, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    codes = {number: status for number, (status, _body) in answers.items()}
    assert sorted(codes.values()) == [200, 409]
    [winner] = [number for number, status in codes.items() if status == 200]
    upload = EvidenceUpload.objects.get()
    stored = b"".join(vault.read_object(vault.make_slice_name(upload.uid, 0), get_reading_key(incident)))
    assert stored == bodies[winner]
    connections.close_all()


def test_finishing_an_upload_twice_at_once_makes_one_file(live_site, disk):
    incident, client, headers = create_visitor(live_site)
    url = create_upload(client, incident)
    for part in range(3):
        send_slice(client, url, part)
    answers, together = [], Barrier(2)

    def race():
        together.wait()
        answers.append(send_request(live_site, "POST", url + "fin/", b"", headers))

    threads = [Thread(target=race) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [status for status, _body in answers] == [200, 200]
    assert list_stored_objects() == [Evidence.objects.get().storage_name]
    assert IncidentEvent.objects.filter(kind=EventKind.FILE).count() == 1
    connections.close_all()


def test_a_forged_form_cannot_finish_an_upload(live_site):
    """A post forged by another site has no CSRF token."""
    incident, client, headers = create_visitor(live_site)
    url = create_upload(client, incident)
    bare = {"Cookie": headers["Cookie"], "Content-Type": "application/x-www-form-urlencoded"}
    assert send_request(live_site, "POST", url + "fin/", urlencode({}).encode(), bare)[0] == 403


def test_a_name_that_grows_when_it_is_cleaned_is_cut(holder, incident):
    """Form C makes two letters of one « क़ »."""
    assert post_upload_start(holder, incident, auteur="\u0958" * 120).status_code == 201
    assert len(EvidenceUpload.objects.get().author) == 120

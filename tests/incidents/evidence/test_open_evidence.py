"""Responders open pieces: hostile files, hostile names, pieces of other cases, pieces without their key."""

import os
import struct
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from core.text import clean_file_name
from incidents.files import facts as file_facts
from incidents.files import vault
from incidents.models import Evidence
from tests import harmless
from tests.cast import an_agent, declare, plouexemple
from tests.hostile import FILE_NAMES
from tests.incidents.evidence_files import evidence_url, hand_over, make_photograph
from tests.reading import read_text

ALTERED = "\u202e\u200b\u2066\u2069\r\n\0"


def test_a_responder_downloads_a_file_as_plain_bytes(holder, responder_client, incident):
    content = os.urandom(200_000)
    piece = hand_over(holder, incident, content, "journal de l’accueil.log")
    answer = responder_client.get(evidence_url(piece))

    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Length"] == "200000"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert unquote(answer["Content-Disposition"]).endswith(f"{incident.reference}-001-journal de l’accueil.log")


def test_hostile_file_names_are_harmless_on_every_page(holder, responder_client, incident):
    """Each page shows all of them, after each other."""
    author = "<b id=piege>Dominique</b>\u202e"
    pieces = [hand_over(holder, incident, b"x", name, auteur=author) for name in FILE_NAMES]
    for piece in pieces:
        assert not set(piece.name) & set(ALTERED)
        assert "/" not in piece.name
        assert "\\" not in piece.name
        assert 0 < len(piece.name) <= 255
    pages = [
        *(holder.get(f"/suivi/{incident.reference}/{page}") for page in ("", "pieces/", "pieces/bordereau/")),
        *(responder_client.get(f"{page}{incident.reference}/") for page in ("/admin/incidents/incident/", "/triage/")),
    ]
    for page in pages:
        assert page.status_code == 200
        harmless.check_response(page)
    for page in pages[1:4]:
        assert not [piece.name for piece in pieces if escape(piece.name) not in page.content.decode()]
    for piece in pieces:
        harmless.check_response(responder_client.get(evidence_url(piece)))


def test_the_list_of_files_links_back_to_the_page_of_the_files(holder, incident):
    hand_over(holder, incident, b"x", "journal.log")
    page = holder.get(f"/suivi/{incident.reference}/pieces/bordereau/").content.decode()
    assert f'<a href="/suivi/{incident.reference}/pieces/">Fichiers remis</a>' in page


def test_the_plain_form_cleans_file_names_too(holder, incident):
    for name in FILE_NAMES:
        file = SimpleUploadedFile("x", name.encode())
        file._name = name
        holder.post(f"/suivi/{incident.reference}/pieces/", {"pieces": file})
    for piece in Evidence.objects.all():
        assert piece.name == clean_file_name(piece.name)


def test_cleaning_a_file_name_keeps_its_plain_characters():
    assert clean_file_name("C:\\Users\\mairie\\Note  de\trançon.TXT") == "Note derançon.TXT"
    assert clean_file_name("\u202e\u200b") == clean_file_name("") == "sans nom"
    long = clean_file_name("a" * 300 + ".eml")
    assert (len(long), long[-5:]) == (255, "a.eml")


# Files that a browser, a mail program or a desktop would run, or show as a page of Tocsin.
DANGEROUS = {
    "page.html": b"<!DOCTYPE html><script>alert(document.domain)</script>",
    "image.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "feuille.xml": b'<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><x/>',
    "script.js": b"alert(1)",
    "outil.hta": b"<hta:application/><script>new ActiveXObject('WScript.Shell')</script>",
    "setup.exe": b"MZ" + b"\0" * 80,
    "lien.lnk": b"L\0\0\0\x01\x14\x02\0" + b"\0" * 60,
    "facture.docm": b"PK\x03\x04" + b"\0" * 60,
    "rib.pdf": b"%PDF-1.7\n<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>",
    "disque.iso": b"\0" * 32769 + b"CD001",
}


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_dangerous_file_is_only_ever_downloaded(holder, responder_client, incident, name):
    piece = hand_over(holder, incident, DANGEROUS[name], name)
    answer = responder_client.get(evidence_url(piece))
    assert b"".join(answer.streaming_content) == DANGEROUS[name]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == f'attachment; filename="{incident.reference}-001-{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    for page in ("", "pieces/", "pieces/bordereau/"):
        response = holder.get(f"/suivi/{incident.reference}/{page}")
        assert response["Content-Type"].startswith("text/html")
        assert DANGEROUS[name] not in response.content


MAIL = (
    b"Return-Path: <pirate@exemple.example>\r\n"
    b"Received: from [192.0.2.7] (helo=exemple.example)\r\n\tby mx.mairie.example; Tue, 24 Nov 2026 08:10:00 +0100\r\n"
    b"From: =?utf-8?q?Tr=C3=A9sorerie?= <a@b.example>\r\nTo: mairie@plouexemple.example\r\n"
    b"Subject: RIB\r\n\r\nCorps en latin-1 : \xe9t\xe9\r\n"
)


@pytest.mark.parametrize("by_form", [False, True], ids=["in slices", "by the form"])
def test_a_mail_keeps_its_headers_to_the_byte(holder, responder_client, incident, by_form):
    if by_form:
        holder.post(f"/suivi/{incident.reference}/pieces/", {"pieces": SimpleUploadedFile("rib.eml", MAIL)})
        piece = Evidence.objects.get()
    else:
        piece = hand_over(holder, incident, MAIL, "rib.eml")
    assert piece.media_type == "message/rfc822"
    assert b"".join(responder_client.get(evidence_url(piece)).streaming_content) == MAIL
    assert "message/rfc822" in read_text(responder_client.get(f"/admin/incidents/incident/{incident.reference}/"))


def test_a_file_is_not_found_under_another_case(holder, responder_client, incident):
    other = declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple"))
    piece = hand_over(holder, incident, b"x")
    assert responder_client.get(evidence_url(piece).replace(incident.reference, other.reference)).status_code == 404
    agent = Client()
    agent.force_login(an_agent(incident.collectivity))
    assert agent.get(evidence_url(piece)).status_code == 403


def test_a_lost_key_is_reported_until_it_is_restored(holder, responder_client, incident, settings):
    piece = hand_over(holder, incident, b"x")
    key = settings.EVIDENCE_KEYS
    settings.EVIDENCE_KEYS = [os.urandom(32)]
    answer = responder_client.get(evidence_url(piece))
    assert answer.status_code == 503
    assert "ne s’ouvre pas pour l’instant" in read_text(answer)
    settings.EVIDENCE_KEYS = [*settings.EVIDENCE_KEYS, *key]
    assert b"".join(responder_client.get(evidence_url(piece)).streaming_content) == b"x"


def test_a_file_missing_from_the_store_gets_a_503(holder, responder_client, incident):
    piece = hand_over(holder, incident, b"x")
    vault.remove_object(piece.storage_name)
    assert responder_client.get(evidence_url(piece)).status_code == 503


# Metadata of a file


def test_an_altitude_below_the_sea_is_negative(holder, incident):
    piece = hand_over(holder, incident, make_photograph(is_below_sea=True), "photo.jpg")
    assert piece.position["altitude"] == -12.0


def test_only_responders_see_the_position_of_a_photograph(holder, responder_client, incident):
    piece = hand_over(holder, incident, make_photograph(), "photo.jpg")
    assert piece.position == {"latitude": 48.108333, "longitude": -4.1, "altitude": 12.0}
    assert piece.media_type == "image/jpeg"
    assert "Photo prise à 48.108333, -4.100000" in read_text(
        responder_client.get(f"/admin/incidents/incident/{incident.reference}/")
    )
    for page in ("", "pieces/", "pieces/bordereau/"):
        assert "48.108" not in read_text(holder.get(f"/suivi/{incident.reference}/{page}"))


@pytest.mark.parametrize(
    "content",
    [
        make_photograph(latitude=(91, 0, 0)),
        make_photograph(longitude=(4_000_000_000, 0, 0)),
        make_photograph()[:60],
        b"\xff\xd8\xff",
    ],
    ids=["beyond the pole", "beyond all", "cut", "three bytes"],
)
def test_an_impossible_position_is_ignored(content):
    assert file_facts.read_position(content) is None


@pytest.mark.parametrize("seed", range(3))
def test_spoilt_photographs_neither_break_nor_hang(seed):
    noise = bytearray(os.urandom(4000))
    for at in range(300):
        spoilt = bytearray(make_photograph())
        spoilt[at % len(spoilt)] = noise[at]
        spoilt[(7 * at) % len(spoilt)] = noise[-at]
        file_facts.read_position(bytes(spoilt) + bytes(noise))
        file_facts.detect_media_type(bytes(noise[at:]))


def test_a_photograph_with_circular_directories_is_given_up():
    """Each of the 65 535 entries of the directory points back at the directory."""
    entry = struct.pack("<HHII", 0x8825, 4, 1, 8)
    circle = b"II*\0" + struct.pack("<IH", 8, 65535) + entry * 70_000
    assert file_facts.read_position(circle) is None
    reader = file_facts.BoundedReader(b"x" * 10)
    reader.reads = file_facts.MAX_READS
    with pytest.raises(file_facts.TooManyReads):
        reader.read(1)


def test_a_photograph_that_is_read_whole_at_each_of_its_entries_is_given_up(monkeypatch):
    """Each entry announces a text of 2 GB. An image of a megabyte took five seconds."""
    readers = []

    class RememberedReader(file_facts.BoundedReader):
        def __init__(self, content):
            super().__init__(content)
            readers.append(self)

    monkeypatch.setattr(file_facts, "BoundedReader", RememberedReader)
    entry = struct.pack("<HHII", 0x010F, 2, 2**31, 8)
    assert file_facts.read_position(b"II*\0" + struct.pack("<IH", 8, 65535) + entry * 70_000) is None
    (reader,) = readers
    assert 0 < reader.read_bytes < file_facts.MAX_READ_BYTES + file_facts.INSPECTED_BYTES * 2


def test_a_hostile_photograph_writes_nothing_in_the_log(caplog):
    """Each unknown entry of its directory would be a line."""
    entry = struct.pack("<HHII", 0x010F, 4, 1000, 8)
    file_facts.read_position(b"II*\0" + struct.pack("<IH", 8, 65535) + entry * 70_000)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", ""),
        (b"From: a@b.example\r\nTo: c@d.example\r\nSubject: RIB\r\nReceived: x\r\n\r\nBonjour", "message/rfc822"),
        ("Objet: à\nFrom: un ami".encode(), "text/plain"),
        ("é".encode("latin-1") * 9, ""),
        (b"PK\x03\x04" + b"\0" * 60, "application/zip"),
        (b"%PDF-1.7\n\0\xff", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "image/png"),
        (b"MZ" + b"\0" * 70, "application/vnd.microsoft.portable-executable"),
        (("a" * (file_facts.TEXT_SAMPLE_BYTES - 1) + "é" * 9).encode(), "text/plain"),
        (("a" * (file_facts.TEXT_SAMPLE_BYTES - 5) + "’" + "é" * 9).encode(), "text/plain"),
    ],
    ids=["empty", "mail", "text", "latin", "zip", "pdf", "png", "program", "cut letter", "letter before the end"],
)
def test_the_media_type_is_detected_from_the_content(content, kind):
    assert file_facts.detect_media_type(content) == kind

"""What no row points to leaves the store after a day; whatever a row points to, or may yet, stays."""

import sys
from datetime import timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.utils import timezone
from structlog.testing import capture_logs

from incidents.access import Guest
from incidents.enums import PaperState
from incidents.files import vault
from incidents.models import Evidence, EvidenceUpload, Paper, StrayObject
from incidents.services.evidence import sweep
from incidents.services.evidence.pieces import get_reading_key
from incidents.services.evidence.upload import SLICE, receive_slice, start_upload
from incidents.services.history.erase import erase_personal_data
from incidents.services.papers import making as papers
from incidents.services.papers.making import ask_answer_pack, make_due
from incidents.tasks import sweep_store
from tests.cast import a_lead, a_piece, breizh_cyber, declare
from tests.stores import in_a_bucket, stored_objects


@pytest.fixture
def incident(db, store):
    breizh_cyber()
    return declare()


@pytest.fixture
def guest(incident):
    return Guest(access_uid=incident.accesses.get(revoked_at=None).uid)


def a_stray():
    name = vault.make_name()
    vault.write_object(name, vault.make_key(), b"left behind")
    return name


def sweep_after(**since):
    with time_machine.travel(timezone.now() + timedelta(**since)):
        sweep_store()


def a_begun_upload(incident, guest):
    upload = start_upload(guest=guest, reference=incident.reference, name="a", size=SLICE + 1, author="", first="")
    return receive_slice(guest=guest, reference=incident.reference, uid=upload.uid, offset=0, content=b"x" * SLICE)


def test_it_works(incident, guest):
    piece, upload = a_piece(incident), a_begun_upload(incident, guest)
    paper = ask_answer_pack(guest=guest, reference=incident.reference)
    make_due()
    paper.refresh_from_db()
    stray = a_stray()
    held = sorted([piece.storage_name, paper.storage_name, vault.make_slice_name(upload.uid, 0)])

    for hours in (0, 23):
        sweep_after(hours=hours)
        assert stored_objects() == sorted([*held, stray])
    assert StrayObject.objects.get().name == stray
    with capture_logs() as logs:
        sweep_after(hours=25)

    assert stored_objects() == held
    assert not StrayObject.objects.exists()
    told = {"objects": 4, "strays": 0, "removed": 1, "is_whole": True}
    assert logs == [{"event": "evidence store swept", "log_level": "info"} | told]


def test_an_object_whose_row_is_late_stays(incident):
    """Stored, then committed after the round saw it: counted again from the day that it has no row any more."""
    piece = a_piece(incident)
    StrayObject.objects.create(name=piece.storage_name, seen_at=timezone.now() - timedelta(days=3))
    sweep_store()
    assert stored_objects() == [piece.storage_name]
    assert not StrayObject.objects.exists()


def test_an_upload_goes_on_after_days(incident, guest):
    """The slice that a killed server had stored and not counted waits with the others for whoever goes on."""
    upload = a_begun_upload(incident, guest)
    vault.write_object(vault.make_slice_name(upload.uid, SLICE), get_reading_key(incident), b"y")
    for days in (0, 2, 6):
        sweep_after(days=days)
    assert len(stored_objects()) == 2
    EvidenceUpload.objects.all().delete()
    for days in (6, 8):
        sweep_after(days=days)
    assert stored_objects() == []


def test_the_pieces_of_an_erased_case_go(incident, guest):
    """Nobody can open them any more; their lines of the sealed list stay."""
    piece, _upload = a_piece(incident), a_begun_upload(incident, guest)
    neighbour = a_piece(declare())
    erase_personal_data(reference=incident.reference, actor=a_lead())
    for hours in (0, 25):
        sweep_after(hours=hours)
    assert stored_objects() == [neighbour.storage_name]
    assert Evidence.objects.filter(pk=piece.pk, storage_name=piece.storage_name).exists()


def test_what_a_killed_worker_left_goes(incident, guest, monkeypatch):
    """Killed between storing a paper and recording it, at the last try: nobody makes it again, nobody reads it."""
    ask_answer_pack(guest=guest, reference=incident.reference)
    with monkeypatch.context() as killed:
        killed.setattr(papers, "record_made_paper", lambda *_: sys.exit())
        with pytest.raises(SystemExit):
            make_due()
    Paper.objects.update(due_at=timezone.now(), tries=papers.MAX_TRIES)
    sweep_store()
    assert not StrayObject.objects.exists()  # a worker may be at it
    make_due()
    assert Paper.objects.get().state == PaperState.FAILED
    for hours in (0, 25):
        sweep_after(hours=hours)
    assert stored_objects() == []


def test_what_is_not_ours_is_left_alone(incident, store):
    """A bucket may be shared, a folder may hold somebody's note."""
    others = ["lisez-moi.txt", "ab/notes.txt", "zz/" + "a" * 32, "ab/cd" + "a" * 30, "ab/ab" + "a" * 30 + ".old"]
    for name in others:
        assert store.save(name, ContentFile(b"x")) == name
    for hours in (0, 25):
        sweep_after(hours=hours)
    assert all(store.exists(name) for name in others)


def test_a_round_that_is_too_long_goes_on_next_time(incident, monkeypatch):
    a_stray()
    monkeypatch.setattr(sweep, "LONGEST_ROUND", timedelta(seconds=-1))
    with capture_logs() as logs:
        sweep_store()
    assert (logs[0]["objects"], logs[0]["is_whole"]) == (0, False)
    assert not StrayObject.objects.exists()


def test_one_folder_removes_so_many_at_once(incident, monkeypatch):
    monkeypatch.setattr(sweep, "MAX_REMOVALS_AT_ONCE", 2)
    monkeypatch.setattr(vault, "make_name", lambda: f"ab/ab{timezone.now().timestamp() * 1e6:030.0f}")
    for _ in range(5):
        a_stray()
    for hours, left in ((0, 5), (25, 3), (26, 1), (27, 0)):
        sweep_after(hours=hours)
        assert len(stored_objects()) == StrayObject.objects.count() == left


def test_what_cannot_be_removed_is_tried_again(incident, monkeypatch):
    a_stray()
    sweep_store()
    with monkeypatch.context() as stuck:
        stuck.setattr(vault, "remove_object", lambda _name: False)
        sweep_after(hours=25)
    assert StrayObject.objects.exists()
    sweep_after(hours=26)
    assert stored_objects() == []


def test_a_store_that_does_not_answer_is_told(db, settings, s3):
    with in_a_bucket(settings, s3) as storage:
        storage.bucket.delete()
        StrayObject.objects.create(name=vault.make_name())
        with capture_logs() as logs:
            sweep_store()
    assert [(one["log_level"], one["event"]) for one in logs] == [
        ("warning", "evidence store not swept"),
        ("info", "evidence store swept"),
    ]
    assert StrayObject.objects.exists()


@pytest.mark.parametrize("many", [2, 50])
def test_the_queries_do_not_grow(db, store, many, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(vault, "make_name", lambda: f"ab/ab{timezone.now().timestamp() * 1e6:030.0f}")
    for _ in range(many):
        a_stray()
    sweep_store()
    with django_assert_num_queries(5):
        sweep_store()

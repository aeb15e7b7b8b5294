"""An object without a row leaves the store after a day; one that a row points to, or may yet, stays."""

import sys
from datetime import timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.utils import timezone
from structlog.testing import capture_logs

from incidents.access import CaseVisitor
from incidents.enums import PaperState
from incidents.files import vault
from incidents.models import Evidence, EvidenceUpload, Incident, Paper, StrayObject
from incidents.services.evidence import sweep
from incidents.services.evidence.files import get_reading_key, take_back_evidence
from incidents.services.evidence.upload import SLICE_SIZE, receive_slice, start_upload
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.hold import end_hold, place_hold
from incidents.services.papers import making as papers
from incidents.services.papers.making import make_due_papers, request_answer_pack
from incidents.tasks import sweep_store
from retention.enums import DataKind
from retention.models import Destruction
from tests.cast import a_lead, a_responder, an_evidence_file, breizh_cyber, declare
from tests.incidents.merging import merge
from tests.retention.purging import FIVE_YEARS, close, run_night
from tests.stores import list_stored_objects, store_in_bucket


@pytest.fixture
def case_in_store(db: None, store: Storage) -> Incident:
    breizh_cyber()
    return declare()


@pytest.fixture
def visitor(case_in_store: Incident) -> CaseVisitor:
    return CaseVisitor(access_uid=case_in_store.accesses.get(revoked_at=None).uid)


def add_stray():
    name = vault.make_object_name()
    vault.write_object(name, vault.make_case_key(), b"left behind")
    return name


def sweep_after(**since):
    with time_machine.travel(timezone.now() + timedelta(**since)):
        sweep_store()


def send_first_slice(incident, visitor):
    """Announce a file to be sent in two slices, and send the first. Return the upload."""
    upload = start_upload(
        visitor=visitor, reference=incident.reference, name="a", size=SLICE_SIZE + 1, author="", first=""
    )
    return receive_slice(
        visitor=visitor, reference=incident.reference, uid=upload.uid, offset=0, content=b"x" * SLICE_SIZE
    )


def test_an_object_without_a_row_is_removed_after_a_day(case_in_store, visitor):
    piece, upload = an_evidence_file(case_in_store), send_first_slice(case_in_store, visitor)
    paper = request_answer_pack(visitor=visitor, reference=case_in_store.reference)
    make_due_papers()
    paper.refresh_from_db()
    stray = add_stray()
    pointed_names = sorted([piece.storage_name, paper.storage_name, vault.make_slice_name(upload.uid, 0)])

    for hours in (0, 23):
        sweep_after(hours=hours)
        assert list_stored_objects() == sorted([*pointed_names, stray])
    assert StrayObject.objects.get().name == stray
    with capture_logs() as logs:
        sweep_after(hours=25)

    assert list_stored_objects() == pointed_names
    assert not StrayObject.objects.exists()
    counts = {"objects": 4, "strays": 0, "removed": 1, "is_whole": True}
    assert logs == [{"event": "evidence store swept", "log_level": "info"} | counts]


def test_an_object_whose_row_came_late_stays(case_in_store):
    """The row was committed after a round had seen the object; should the row go, its day starts again."""
    piece = an_evidence_file(case_in_store)
    StrayObject.objects.create(name=piece.storage_name, seen_at=timezone.now() - timedelta(days=3))
    sweep_store()
    assert list_stored_objects() == [piece.storage_name]
    assert not StrayObject.objects.exists()


def test_the_slices_of_an_unfinished_upload_stay(case_in_store, visitor):
    """A slice that a killed server had stored but not counted stays with the others until the upload resumes."""
    upload = send_first_slice(case_in_store, visitor)
    vault.write_object(vault.make_slice_name(upload.uid, SLICE_SIZE), get_reading_key(case_in_store), b"y")
    for days in (0, 2, 6):
        sweep_after(days=days)
    assert len(list_stored_objects()) == 2
    EvidenceUpload.objects.all().delete()
    for days in (6, 8):
        sweep_after(days=days)
    assert list_stored_objects() == []


def test_the_files_of_an_erased_case_are_removed(case_in_store, visitor):
    """Nobody can open the files any more, but their lines of the sealed list stay."""
    piece, _upload = an_evidence_file(case_in_store), send_first_slice(case_in_store, visitor)
    neighbour = an_evidence_file(declare())
    erase_personal_data(reference=case_in_store.reference, actor=a_lead())
    for hours in (0, 25):
        sweep_after(hours=hours)
    assert list_stored_objects() == [neighbour.storage_name]
    assert Evidence.objects.filter(pk=piece.pk, storage_name=piece.storage_name).exists()


def test_the_files_of_a_purged_case_are_unreadable_then_removed(case_in_store, client):
    """The certificate says how many keys and files the night destroyed."""
    piece = an_evidence_file(case_in_store)
    link = f"/triage/{case_in_store.reference}/pieces/{piece.uid}/"
    client.force_login(a_responder())
    assert client.get(link).status_code == 200
    close(case_in_store)
    run_night(after=FIVE_YEARS)
    client.force_login(a_responder())
    assert client.get(link).status_code == 410
    for hours in (1, 26):
        with time_machine.travel(timezone.now() + FIVE_YEARS + timedelta(hours=hours)):
            sweep_store()
    assert list_stored_objects() == []
    assert Evidence.objects.get().seal == piece.seal
    assert Destruction.objects.get(kind=DataKind.CASES).parts == {"keys": 1, "files": 1}


def test_a_file_taken_back_stays_as_long_as_the_case_is_held(case_in_store, visitor):
    piece, lead = an_evidence_file(case_in_store), a_lead()
    hold = {"reference": case_in_store.reference, "actor": lead, "motive": "Plainte en cours"}
    placed = place_hold(**hold)
    take_back_evidence(visitor=visitor, reference=case_in_store.reference, uid=piece.uid)
    for days in (0, 2, 4):
        sweep_after(days=days)
    assert list_stored_objects() == [piece.storage_name]
    end_hold(**hold, hold_id=placed.pk)
    for days in (4, 29):
        sweep_after(days=days)
    assert list_stored_objects() == [piece.storage_name], "another lead may place a hold again"
    for days in (31, 33):
        sweep_after(days=days)
    assert list_stored_objects() == []


def test_a_file_taken_back_stays_as_long_as_the_main_case_of_its_duplicate_is_held(case_in_store, visitor):
    piece, main = an_evidence_file(case_in_store), declare()
    merge(case_in_store, main, a_lead())
    place_hold(reference=main.reference, actor=a_lead(), motive="Plainte en cours")
    take_back_evidence(visitor=visitor, reference=case_in_store.reference, uid=piece.uid)
    for days in (0, 2, 4):
        sweep_after(days=days)
    assert list_stored_objects() == [piece.storage_name]


def test_a_paper_stored_by_a_killed_worker_is_removed(case_in_store, visitor, monkeypatch):
    """The worker was killed between storing and recording the paper, at the last try: nobody will read it."""
    request_answer_pack(visitor=visitor, reference=case_in_store.reference)
    with monkeypatch.context() as killed:
        killed.setattr(papers, "record_made_paper", lambda *_: sys.exit())
        with pytest.raises(SystemExit):
            make_due_papers()
    Paper.objects.update(due_at=timezone.now(), tries=papers.MAX_TRIES)
    sweep_store()
    assert not StrayObject.objects.exists()  # a worker may be making the paper
    make_due_papers()
    assert Paper.objects.get().state == PaperState.FAILED
    for hours in (0, 25):
        sweep_after(hours=hours)
    assert list_stored_objects() == []


def test_objects_of_other_programs_are_not_removed(case_in_store, store):
    """A bucket may be shared, and a folder may hold somebody's note."""
    foreign_names = [
        "lisez-moi.txt",
        "ab/notes.txt",
        "zz/" + "a" * 32,
        "ab/cd" + "a" * 30,
        "ab/ab" + "a" * 30 + ".old",
    ]
    for name in foreign_names:
        assert store.save(name, ContentFile(b"x")) == name
    for hours in (0, 25):
        sweep_after(hours=hours)
    assert all(store.exists(name) for name in foreign_names)


def test_a_sweep_that_takes_too_long_stops(case_in_store, monkeypatch):
    add_stray()
    monkeypatch.setattr(sweep, "PASS_TIME_LIMIT", timedelta(seconds=-1))
    with capture_logs() as logs:
        sweep_store()
    assert (logs[0]["objects"], logs[0]["is_whole"]) == (0, False)
    assert not StrayObject.objects.exists()


def test_a_sweep_removes_a_limited_number_of_objects_from_a_folder(case_in_store, monkeypatch):
    monkeypatch.setattr(sweep, "MAX_REMOVALS_AT_ONCE", 2)
    monkeypatch.setattr(vault, "make_object_name", lambda: f"ab/ab{timezone.now().timestamp() * 1e6:030.0f}")
    for _ in range(5):
        add_stray()
    for hours, remaining in ((0, 5), (25, 3), (26, 1), (27, 0)):
        sweep_after(hours=hours)
        assert len(list_stored_objects()) == StrayObject.objects.count() == remaining


def test_an_object_that_cannot_be_removed_is_tried_again(case_in_store, monkeypatch):
    add_stray()
    sweep_store()
    with monkeypatch.context() as stuck:
        stuck.setattr(vault, "remove_object", lambda _name: False)
        sweep_after(hours=25)
    assert StrayObject.objects.exists()
    sweep_after(hours=26)
    assert list_stored_objects() == []


def test_a_store_that_does_not_respond_is_logged(db, settings, s3):
    with store_in_bucket(settings, s3) as storage:
        storage.bucket.delete()
        StrayObject.objects.create(name=vault.make_object_name())
        with capture_logs() as logs:
            sweep_store()
    assert [(log["log_level"], log["event"]) for log in logs] == [
        ("warning", "evidence store not swept"),
        ("info", "evidence store swept"),
    ]
    assert StrayObject.objects.exists()


@pytest.mark.parametrize("many", [2, 50])
def test_a_sweep_costs_the_same_whatever_the_number_of_strays(db, store, many, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(vault, "make_object_name", lambda: f"ab/ab{timezone.now().timestamp() * 1e6:030.0f}")
    for _ in range(many):
        add_stray()
    sweep_store()
    with django_assert_num_queries(5):
        sweep_store()

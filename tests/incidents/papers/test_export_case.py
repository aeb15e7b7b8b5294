"""A lead downloads a whole case in two parts: what the person gave or received, and what is internal to the centre."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.storage import Storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import SecurityEvent, User
from incidents.enums import EventKind, NoteKind, Tlp
from incidents.models import CaseAccess, Evidence, Incident, Message, Note, Opening, SeverityChoice, Task
from incidents.services.evidence.files import take_back_evidence
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.hold import end_hold, place_hold
from incidents.services.handling.notes import write_note
from incidents.services.papers.export_sections import (
    EXCLUDED_FIELDS,
    EXCLUDED_TABLES,
    INTERNAL_SECTIONS,
    PERSON_SECTIONS,
)
from incidents.services.transfer.proposal import accept_transfer
from tests.cast import a_lead, a_responder, an_agent
from tests.incidents.devices import get_visitor, sign_in_as
from tests.incidents.evidence_files import make_photograph
from tests.incidents.observing import an_observable
from tests.incidents.transferring import create_other_centre, propose_transfer
from tests.reading import read_text

CONTENT = b"a note of ransom " * 9_000
PERSON, INTERNAL = "personne/dossier.json", "interne/dossier.json"


def get_page(incident: Incident) -> str:
    return f"/admin/incidents/incident/{incident.reference}/export/"


def export(client: Client, incident: Incident, **fields: str) -> zipfile.ZipFile:
    response = client.post(get_page(incident), fields)
    assert response.status_code == 200
    return zipfile.ZipFile(io.BytesIO(b"".join(response)))


def read_part(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    part: dict[str, Any] = json.loads(archive.read(name))
    return part


def hand_over(incident: Incident, content: bytes = CONTENT) -> Evidence:
    member = sign_in_as(an_agent(incident.collectivity))
    member.post(f"/suivi/{incident.reference}/pieces/", {"pieces": [SimpleUploadedFile("rançon.txt", content)]})
    return Evidence.objects.latest("pk")


def test_a_lead_exports_a_case_with_its_rows_and_files(lead_client, incident, store: Storage):
    piece = hand_over(incident)
    archive = export(lead_client, incident)
    assert archive.testzip() is None
    case = read_part(archive, PERSON)
    assert case["case"][0]["reference"] == incident.reference
    assert case["case"][0]["collectivity"] == str(incident.collectivity)
    assert case["story"][0]["contact_name"] == "Dominique Exemple"
    assert case["files"][0]["name"] == "rançon.txt"
    assert [event["kind"] for event in read_part(archive, INTERNAL)["events"]] == ["declared", "file", "exported"]
    assert archive.read(f"personne/pieces/001-{piece.sha256[:12]}") == CONTENT


def test_what_the_centre_wrote_for_itself_is_in_the_internal_part_alone(lead_client, incident, store: Storage):
    responder = a_responder()
    hand_over(incident, make_photograph())
    write_note(reference=incident.reference, actor=responder, kind=NoteKind.NOTE, text="Le maire ment.", key="k")
    an_observable(incident, actor=responder)
    SeverityChoice.objects.create(incident=incident, severity=1, motive="Fausse alerte sans doute", actor=responder)
    archive = export(lead_client, incident)
    person, internal = archive.read(PERSON).decode(), archive.read(INTERNAL).decode()
    written = ("Le maire ment.", "Fausse alerte", incident.observables.get().value, "latitude", responder.display_name)
    for words in written:
        assert words in internal
        assert words not in person
    assert responder.email not in internal


def test_what_another_centre_wrote_for_its_own_is_not_exported(incident):
    responder, taker = a_responder(), a_lead(create_other_centre())
    words = {"text": "Rappeler les trois communes.", "submission_key": "h"}
    Note.objects.create(incident=incident, kind=NoteKind.HANDOVER, author=responder, **words)
    acknowledge_incident(reference=incident.reference, actor=responder)
    accept_transfer(uid=propose_transfer(incident, responder).uid, actor=taker)
    archive = export(sign_in_as(taker), incident)
    assert "trois communes" not in archive.read(INTERNAL).decode()


def test_a_person_without_a_name_is_not_named_by_their_address(lead_client, incident):
    responder = a_responder()
    write_note(reference=incident.reference, actor=responder, kind=NoteKind.NOTE, text="Vu.", key="k")
    User.objects.filter(pk=responder.pk).update(display_name="")
    archive = export(lead_client, incident)
    assert read_part(archive, INTERNAL)["notes"][0]["author"] == "personne sans nom"


def test_the_archive_says_what_each_part_is_and_its_labels(lead_client, incident):
    Incident.objects.update(tlp=Tlp.AMBER_STRICT)
    page = read_text(lead_client.get(get_page(incident)))
    response = lead_client.post(get_page(incident))
    text = zipfile.ZipFile(io.BytesIO(b"".join(response))).read("LISEZ-MOI.txt").decode()
    for words in ("TLP:AMBER+STRICT", "PAP:AMBER", "personne/", "interne/"):
        assert words in text
        assert words in page
    name = f"dossier-{incident.reference}-TLP-AMBER-STRICT.zip"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_red_case_is_exported_only_once_a_box_is_ticked(lead_client, incident):
    Incident.objects.update(tlp=Tlp.RED)
    assert 'name="confirmed"' in lead_client.get(get_page(incident)).content.decode()
    refused = lead_client.post(get_page(incident))
    assert refused.status_code == 422
    assert "cochez la case" in read_text(refused)
    assert not incident.events.filter(kind=EventKind.EXPORTED).exists()
    assert PERSON in export(lead_client, incident, confirmed="on").namelist()


def test_files_that_were_taken_back_are_exported_while_the_case_is_held(
    case_lead, lead_client, incident, store: Storage
):
    piece = hand_over(incident)
    placed = place_hold(reference=incident.reference, motive="Plainte en cours", actor=case_lead)
    take_back_evidence(visitor=get_visitor(incident), reference=incident.reference, uid=piece.uid)
    archive = export(lead_client, incident)
    assert archive.read(f"interne/pieces-reprises/001-{piece.sha256[:12]}") == CONTENT
    end_hold(reference=incident.reference, hold_id=placed.pk, motive="Classée.", actor=case_lead)
    assert [name for name in export(lead_client, incident).namelist() if "pieces" in name]
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        lead_client.force_login(case_lead)
        assert not [name for name in export(lead_client, incident).namelist() if "pieces" in name]


def test_no_secret_is_exported(lead_client, incident, store: Storage):
    piece, access = hand_over(incident), incident.accesses.get()
    archive = export(lead_client, incident)
    text = archive.read(PERSON).decode() + archive.read(INTERNAL).decode()
    for secret in (access.nonce, access.secret_hash, piece.storage_name, incident.submission_key):
        assert secret
        assert secret not in text


def test_each_table_and_column_of_a_case_is_exported_or_excluded_with_a_reason():
    sections = (*PERSON_SECTIONS, *INTERNAL_SECTIONS)
    exported = {(section.model, section.path) for section in sections}
    relations = [
        relation
        for relation in Incident._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete
    ]
    unsaid = [
        relation.related_model._meta.label
        for relation in relations
        if (relation.related_model, relation.field.name) not in exported
    ]
    assert sorted(unsaid) == sorted(EXCLUDED_TABLES)
    for model in {section.model for section in sections}:
        columns = {name for section in sections if section.model is model for name in section.fields}
        missing = {field.name for field in model._meta.concrete_fields} - columns - EXCLUDED_FIELDS.keys()
        assert {f"{model.__name__}.{name}" for name in missing} <= EXCLUDED_FIELDS.keys()


def write_rows(incident: Incident, number: int) -> None:
    """Write so many rows of several tables, each by another person."""
    people = [User(email=f"p{n}@demo.example", display_name=f"Personne {n}") for n in range(number)]
    User.objects.bulk_create(people)
    numbered = [(str(n), person) for n, person in enumerate(people)]
    Note.objects.bulk_create(
        Note(incident=incident, text=n, author=who, submission_key=f"n{n}") for n, who in numbered
    )
    Task.objects.bulk_create(Task(incident=incident, title=n, author=who) for n, who in numbered)
    Message.objects.bulk_create(
        Message(incident=incident, text=n, is_from_csirt=True, actor_kind="user", actor=who, submission_key=f"m{n}")
        for n, who in numbered
    )
    Evidence.objects.bulk_create(
        Evidence(incident=incident, number=int(n) + 1, size=1, sha256="0" * 64, storage_name=n, actor_kind="declarant")
        for n, _who in numbered
    )


@pytest.mark.parametrize("number", [2, 50])
def test_an_export_runs_as_many_queries_whatever_the_number_of_rows(
    django_assert_max_num_queries, lead_client, incident, number
):
    write_rows(incident, number)
    lead_client.get(get_page(incident))
    with django_assert_max_num_queries(46):
        lead_client.post(get_page(incident))


def test_an_export_is_recorded(lead_client, incident, store: Storage):
    piece = hand_over(incident)
    export(lead_client, incident)
    assert incident.events.latest("id").kind == EventKind.EXPORTED
    assert Opening.objects.get().evidence == piece
    assert CaseAccess.objects.filter(incident=incident).exists()
    trace = SecurityEvent.objects.latest("id")
    assert (trace.kind, trace.detail, trace.csirt) == ("export", "case", incident.csirt)


def test_a_file_that_cannot_be_read_leaves_the_others(lead_client, incident, store: Storage):
    piece = hand_over(incident)
    store.delete(piece.storage_name)
    archive = export(lead_client, incident)
    assert "ne se lit pas" in archive.read(f"personne/pieces/001-{piece.sha256[:12]}").decode()
    assert read_part(archive, PERSON)


def test_only_a_lead_of_the_centre_exports_and_not_what_is_erased(lead_client, incident):
    page = get_page(incident)
    assert lead_client.get(page).status_code == 200
    assert sign_in_as(a_responder()).post(page).status_code == 403
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert lead_client.post(page).status_code == 302
    assert not incident.events.filter(kind=EventKind.EXPORTED).exists()

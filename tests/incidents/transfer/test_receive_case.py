"""A case that another centre accepts goes there with all it holds; the former centre no longer has it."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.access import CaseVisitor
from incidents.enums import DueFor, Status
from incidents.models import CaseGroup, Incident, Observable, SearchDocument, Task
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.papers.answer_pack import build_answer_pack
from incidents.services.transfer.proposal import accept_transfer
from stats.counting.rollups import fold_pending_events
from stats.models import CaseFact
from stats.services import verify_figures
from tests.cast import a_responder, an_evidence_file, signed_in
from tests.incidents.devices import QUEUE, sign_in_as
from tests.incidents.transferring import create_other_centre, propose_transfer
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


def test_the_case_passes_to_the_new_centre_and_leaves_the_former_one(incident, giver, taker, elsewhere):
    acknowledge_incident(reference=incident.reference, actor=giver)
    group = CaseGroup.objects.create(csirt=incident.csirt, kind="campaign", title="Vague", author=giver)
    Incident.objects.update(group=group)
    SearchDocument.objects.create(
        incident=incident, csirt=incident.csirt, kind="note", vector="mot", at=timezone.now()
    )
    Observable.objects.create(incident=incident, kind="ip", value="192.0.2.1", actor=giver)

    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)

    incident.refresh_from_db()
    assert (incident.csirt, incident.status, incident.group) == (elsewhere, Status.ACKNOWLEDGED, None)
    assert (incident.assignee, incident.acknowledged_by) == (taker, taker)
    assert incident.due_for == DueFor.ANSWER  # the declarant still waits for one
    assert incident.documents.get().csirt == elsewhere
    client = sign_in_as(giver)
    assert client.get(case_url(incident)).status_code == 404
    assert incident.reference not in read_markup(client.get(QUEUE, {"etat": "tous"}))
    for query in (incident.reference, "Plouexemple", "mot"):
        assert client.get(f"{QUEUE}recherche/", {"q": query}).context["count"] == 0, query


def test_the_figures_count_a_transferred_case_at_its_new_centre(incident, giver, taker, elsewhere):
    fold_pending_events()
    assert CaseFact.objects.get().csirt.slug == "breizh-cyber"

    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    fold_pending_events()

    assert CaseFact.objects.get().csirt == elsewhere
    assert verify_figures().differences == []


def test_the_declarant_reads_which_centre_has_the_case_and_who_did_what(incident, giver, taker, client):
    acknowledge_incident(reference=incident.reference, actor=giver)
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    signed_in(client, taker)

    page = read_markup(client.get(f"/suivi/{incident.reference}/"))

    assert f"{taker} (Loin Cyber) a repris votre dossier" in page
    assert f"{giver} (Breizh Cyber) a pris votre dossier en charge" in page
    assert "0 800 300 009" in page
    assert "Breizh Cyber l’a confié à Loin Cyber" in page
    incident.refresh_from_db()
    dossier = build_answer_pack(incident, at=timezone.now())
    assert dossier["centre"]["name"] == "Loin Cyber"
    assert "Breizh Cyber l’a confié à Loin Cyber" in dossier["reason"].replace("\u00a0", " ")
    assert "Loin Cyber a pris le dossier en charge" in " ".join(dossier["progress"])


def test_the_new_centre_receives_the_files_and_messages(incident, giver, taker):
    piece = an_evidence_file(incident)
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Du nouveau.", key="k"))

    assert "Du nouveau." in read_markup(sign_in_as(taker).get(case_url(incident)))
    download = f"/triage/{incident.reference}/pieces/{piece.uid}/"
    assert sign_in_as(taker).get(download).status_code == 200
    assert sign_in_as(giver).get(download).status_code == 404


def test_a_case_can_be_transferred_back(incident, giver, taker):
    first = accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    second = propose_transfer(incident, taker, taker="breizh-cyber", seen=str(first.uid))
    accept_transfer(uid=second.uid, actor=giver)

    page = sign_in_as(giver).get(case_url(incident))
    assert "Reçu de Loin Cyber" in read_markup(page)
    assert "Confié par Breizh Cyber à Loin Cyber" in read_markup(page)
    assert sign_in_as(taker).get(case_url(incident)).status_code == 404


def test_only_what_was_typed_is_given_back_for_a_case_that_moved(incident, giver, taker):
    """Codes of choices, the keys of the form and its buttons are not there to be copied."""
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    client, hour = sign_in_as(giver), "8 h 10"
    call = {"direction": "call_in", "cle": "abcdef", "vu": "f00d", "type": "ransomware", "stopped_time": hour}
    closing = {"reason": "handed_over", "handed_to": "la DSI", "summary": "Bilan.", "seen": "f00d"}

    pages = [
        client.post(case_url(incident, *part), fields) for part, fields in ((["appel"], call), (["cloture"], closing))
    ]

    given_back = [re.findall(r'<p class="story">(.*?)</p>', read_markup(page)) for page in pages]
    assert given_back == [[hour], ["la DSI", "Bilan."]]


def test_the_first_centre_does_not_learn_of_a_second_transfer(incident, giver, taker):
    """The page does not claim either that the case is still at the second centre."""
    first = accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    third = a_responder(create_other_centre("tiers", "Tiers"))
    accept_transfer(uid=propose_transfer(incident, taker, taker="tiers", seen=str(first.uid)).uid, actor=third)

    answer = sign_in_as(giver).post(case_url(incident, "note"), {"kind": "note", "text": "Rappeler.", "key": "k"})

    assert answer.status_code == 409
    assert "Ce dossier n’est plus à votre centre" in read_markup(answer)
    assert "maintenant à" not in read_markup(answer)
    assert "Tiers" not in read_markup(answer)


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("message", {"text": "Avez-vous des sauvegardes ?", "key": "k"}),
        ("gravite", {"severity": "2", "motive": "Avez-vous des sauvegardes ?"}),
        ("transfert", {"taker": "", "motive": "Avez-vous des sauvegardes ?"}),
        ("avis", {"motive": "Avez-vous des sauvegardes ?"}),
    ],
)
def test_text_that_the_former_centre_was_typing_is_shown_again(incident, giver, taker, part, fields):
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    before = incident.events.count()

    answer = sign_in_as(giver).post(case_url(incident, part), fields)

    assert answer.status_code == 409
    assert "a été confié à Loin Cyber" in read_markup(answer)
    assert "Avez-vous des sauvegardes ?" in read_markup(answer)
    assert incident.events.count() == before
    third = a_responder(create_other_centre("tiers", "Tiers"))
    assert sign_in_as(third).post(case_url(incident, part), fields).status_code == 404
    assert sign_in_as(giver).get(case_url(incident)).status_code == 404


@pytest.mark.parametrize(
    ("part", "fields", "number"),
    [
        ("note", {"kind": "note", "text": "1234 5678", "key": "k"}, "1234 5678"),
        ("indicateurs", {"acte": "ajouter", "kind": "ip", "value": "192.0.2.7"}, "192.0.2.7"),
        ("taches", {"title": "112", "due": "2126-12-11"}, "2126-12-11"),
    ],
)
def test_numbers_that_the_former_centre_was_typing_are_shown_again(incident, giver, taker, part, fields, number):
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)

    answer = sign_in_as(giver).post(case_url(incident, part), fields)

    assert answer.status_code == 409
    assert f'<p class="story">{number}</p>' in read_markup(answer)


def test_a_task_keeps_its_due_date_after_a_transfer(incident, giver, taker):
    acknowledge_incident(reference=incident.reference, actor=giver)
    Task.objects.create(incident=incident, title="Rappeler", author=giver, due_at=timezone.now())
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    incident.refresh_from_db()
    assert incident.due_for == DueFor.TASK


def test_the_time_to_take_a_case_ends_when_the_first_centre_took_it(incident, giver, taker, time_machine):
    time_machine.move_to(incident.received_at + timedelta(minutes=10))
    acknowledge_incident(reference=incident.reference, actor=giver)
    time_machine.move_to(incident.acknowledge_by + timedelta(hours=10))
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)

    page = read_markup(sign_in_as(taker).get(case_url(incident)))

    assert "en 10 min (cible 4 h)" in page
    assert "de trop" not in page

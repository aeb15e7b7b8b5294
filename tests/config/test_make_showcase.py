"""The cases of the demonstration, which give each page of the cast something to show."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.installation import clear_installation_cache, mark_as_demonstration
from accounts.models import EmergencyContact, PendingMail, User
from collectivities.models import Collectivity
from config.demo.accounts import CSIRT
from config.demo.showcase import ANSWERS, has_showcase, make_showcase
from config.demo.work import ADDRESS, OTHER_CENTRE
from incidents.enums import Cause, EventKind, Nature, NoteKind, Status, TransferState, Verification
from incidents.files import vault
from incidents.files.seals import find_first_broken_seal
from incidents.models import (
    CaseGroup,
    Closing,
    Evidence,
    Incident,
    IncidentEvent,
    Message,
    Observable,
    Rating,
    Transfer,
)
from incidents.services.evidence.files import get_reading_key
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.handover import list_received_handovers
from tests.cast import declare

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demonstration() -> Iterator[None]:
    clear_installation_cache()
    mark_as_demonstration()
    call_command("create_demonstration")
    yield
    clear_installation_cache()


def test_the_showcase_holds_cases_of_each_type_and_status():
    assert not has_showcase()
    make_showcase()
    assert has_showcase()
    assert {(incident.type, incident.status) for incident in Incident.objects.all()} == {
        ("rancon", Status.ACKNOWLEDGED),
        ("boite", Status.ACKNOWLEDGED),
        ("defiguration", Status.CLOSED),
        ("virement", Status.DECLARED),
        ("saturation", Status.DECLARED),
        ("saturation", Status.CLOSED),
        ("prestataire", Status.DECLARED),
        ("hameconnage", Status.ACKNOWLEDGED),
        ("admin", Status.ACKNOWLEDGED),
    }
    assert EmergencyContact.objects.count() == 4
    assert [mail.to for mail in PendingMail.objects.all()] == ["nouveau@demo.example"]
    assert Collectivity.objects.get(name__contains="Exemple du Couchant").is_unconfirmed


def test_one_case_shows_every_kind_of_work():
    make_showcase()
    case = Incident.objects.get(type="rancon")
    assert case.claimed_by == User.objects.get(email="agent@demo.example")
    assert case.verification == Verification.CALL_BACK
    for section, answers in ANSWERS.items():
        assert case.sheets.filter(section=section).latest("id").values == answers  # each was asked, none was dropped
    assert case.interruptions.exclude(ended_at=None).get().service == "civil"
    assert case.shared.filter(revoked_at=None).count() == 1
    assert case.readings.count() == 1
    assert set(case.notes.values_list("kind", flat=True)) == {NoteKind.NOTE, NoteKind.CALL_OUT}
    assert case.nature == Nature.INCIDENT
    assert case.cause == Cause.SUPPLIER
    assert "T1486" in case.techniques
    tasks = list(case.tasks.all())
    assert {bool(task.done_at) for task in tasks} == {True, False}
    assert list(Message.objects.filter(incident=case).order_by("id").values_list("is_from_csirt", flat=True)) == [
        *(True, False, True)
    ]


def test_the_overdue_case_was_received_before_it_was_due():
    """Otherwise the first line of the queue would be late before it arrived."""
    old = declare()
    acknowledge_incident(reference=old.reference, actor=User.objects.get(email="responder@demo.example"))
    Incident.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(hours=30))
    make_showcase()

    late = Incident.objects.open().filter(due_at__lt=timezone.now()).get()
    assert late == old
    task = late.tasks.get(done_at=None, due_at__lt=timezone.now())
    assert late.received_at < task.added_at < task.due_at


def test_the_showcase_holds_transfers_groups_and_a_hand_over():
    make_showcase()
    lead = User.objects.get(email="lead@demo.example")
    responder = User.objects.get(email="responder@demo.example")
    assert set(Transfer.objects.values_list("taker__slug", "state")) == {
        (CSIRT, TransferState.ASKED),
        (OTHER_CENTRE, TransferState.ACCEPTED),
    }
    group = CaseGroup.objects.get()
    assert group.sheet
    assert Incident.objects.filter(group=group).count() == 1
    assert Incident.objects.filter(merged_into__assignee=responder, merged_into__type="saturation").count() == 1
    (relay,) = list_received_handovers(responder, timezone.now())
    assert relay.note.author == lead
    seen_in = Observable.objects.filter(kind="ip", value=ADDRESS).values_list("incident__type", flat=True)
    assert set(seen_in) == {"rancon", "prestataire"}
    closing = Closing.objects.get(incident__type="defiguration")
    assert closing.summary
    assert closing.lesson
    assert Rating.objects.get().incident == closing.incident
    assert IncidentEvent.objects.filter(kind=EventKind.REOPENED).count() == 1


def test_the_neighbour_cannot_sign_in():
    make_showcase()
    assert not User.objects.get(email="voisin@demo.example").has_usable_password()


def test_the_files_of_the_showcase_are_encrypted_and_sealed():
    make_showcase()
    pieces = list(Evidence.objects.order_by("number"))
    assert [piece.name for piece in pieces] == ["LISEZ-MOI.txt", "facture.eml", "écran.png", "vpn.log"]
    assert pieces[2].media_type == "image/png"
    assert find_first_broken_seal(pieces[0].incident, pieces) is None
    key = get_reading_key(pieces[0].incident)
    assert b"".join(vault.read_object(pieces[0].storage_name, key)).startswith(b"VOS FICHIERS")
    with vault.get_store().open(pieces[0].storage_name, "rb") as stored:
        assert b"VOS FICHIERS" not in stored.read()


def test_each_member_of_the_cast_finds_pages_with_content(client):
    make_showcase()
    case = Incident.objects.get(type="rancon")
    pages = {
        "agent": {"/mes-dossiers/": "Nos fichiers", f"/suivi/{case.reference}/": "En attente de vous"},
        "manager": {f"/ma-collectivite/{case.collectivity.uid}/": "nouveau@demo.example"},
        "responder": {
            f"/admin/incidents/incident/{case.reference}/": "Exemple Informatique",
            "/admin/incidents/incident/": "Couchant",
        },
    }
    for name, texts in pages.items():
        client.force_login(User.objects.get(email=f"{name}@demo.example"))
        for path, words in texts.items():
            assert words in client.get(path, follow=True).content.decode(), path
    assert "manager@demo.example" in client.get("/demonstration/").content.decode()

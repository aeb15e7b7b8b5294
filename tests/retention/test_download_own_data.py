"""A person with an account downloads what Tocsin holds about them, and nothing about anybody else."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client
from django.utils import timezone

from accounts.enums import MailKind, Role
from accounts.models import Membership, SecurityEvent, User
from accounts.services.mails import queue_mail
from incidents.enums import NoteKind
from incidents.models import Incident
from incidents.services.handling.notes import write_note
from retention.choices import choose_duration
from retention.enums import DataKind
from tests.cast import a_lead, a_person, a_responder, breizh_cyber, declare
from tests.factories.accounts import make_api_token, make_break_glass
from tests.incidents.desk import acknowledge_as
from tests.retention.asking import ADD, make_fields

PAGE = "/compte/donnees/"


@pytest.fixture
def person(db: None) -> User:
    breizh_cyber()
    return a_responder()


@pytest.fixture
def case(person: User) -> Incident:
    """Return a case that the person took, and wrote a note on."""
    incident = acknowledge_as(person, declare())
    write_note(
        reference=incident.reference,
        actor=person,
        kind=NoteKind.NOTE,
        text="Mireille rappelle lundi.",
        key="note-1",
    )
    return incident


def download(user: User) -> tuple[dict[str, Any], str]:
    """Return what the person downloads, as data and as text."""
    client = Client()
    client.force_login(user)
    response = client.get(PAGE)
    assert response["Content-Disposition"] == 'attachment; filename="mes-donnees.json"'
    return json.loads(response.content), response.content.decode()


def test_a_person_downloads_what_is_stored_about_them(person, case):
    other, token = a_responder(), make_api_token(person)
    client = Client()
    client.force_login(person)
    client.get(f"/admin/incidents/incident/{case.reference}/")
    assert client.get("/admin/retention/destruction/").status_code == 403
    data, text = download(person)
    assert data["compte"]["adresse"] == person.email
    assert [role["rôle"] for role in data["rôles"]] == ["intervenant d’un CSIRT (Breizh Cyber)"]
    assert data["sessions"][0]["adresse"] == "192.0.2.7"
    assert [(act["dossier"], act["acte"]) for act in data["actes"]["lignes"]] == [
        (case.reference, "noted"),
        (case.reference, "acknowledged"),
    ]
    assert data["lectures"]["lignes"][0]["dossier"] == case.reference
    assert data["notes_écrites"]["total"] == 1
    assert len(data["jetons"]) == 1
    assert [(trace["sujet"], trace["issue"]) for trace in data["traces_de_sécurité"]["lignes"]] == [
        ("access_refused", "refused")
    ]
    assert SecurityEvent.objects.latest("id").detail == "own_data"
    assert [word for word in (other.email, token, person.password, "Dominique", "Mireille") if word in text] == []


def test_mails_to_the_person_are_listed_and_those_about_them_are_not(person):
    lead, administrator = a_lead(), a_person(Role.ADMINISTRATOR)
    about = {"csirt": breizh_cyber(), "by": administrator}
    queue_mail(MailKind.TEAM_ADDRESS_CHANGED, lead, to=person.email, **about)
    queue_mail(MailKind.LEAD_REMOVED, person, to=lead.email, **about)
    data, text = download(person)
    assert [mail["sujet"] for mail in data["mails_de_compte"]["lignes"]] == ["team_address_changed"]
    assert [user.email for user in (lead, administrator) if user.email in text or user.display_name in text] == []


def test_the_references_of_a_centre_that_the_person_left_are_masked(person, case):
    Membership.objects.filter(user=person).update(since_on="2020-01-01", ended_on="2021-01-01")
    data, text = download(person)
    assert [line["acte"] for line in data["actes"]["lignes"]] == ["noted", "acknowledged"]
    assert {line["dossier"] for line in data["actes"]["lignes"]} == {"dossier que vous ne lisez plus"}
    assert case.reference not in text


def test_a_list_that_is_cut_says_how_many_lines_there_are(person, case, monkeypatch):
    monkeypatch.setattr("retention.own_data.MOST_LINES", 1)
    acts = download(person)[0]["actes"]
    assert (acts["total"], len(acts["lignes"])) == (2, 1)
    assert acts["coupé"].startswith("Les 1 lignes les plus récentes sur 2.")
    assert "coupé" not in download(person)[0]["notes_écrites"]


def test_requests_emergency_accesses_and_acts_of_administration_are_listed(person):
    lead, administrator, incident = a_lead(), a_person(Role.ADMINISTRATOR), declare()
    make_break_glass(lead)
    LogEntry.objects.log_actions(administrator.pk, [lead], CHANGE, "Compte rouvert", single_object=True)
    client = Client()
    client.force_login(lead)
    assert client.post(ADD, make_fields(incident)).status_code == 302
    data, text = download(lead)
    assert data["accès_d’urgence"]["lignes"][0]["centre"] == "Breizh Cyber"
    assert [(line["demande"], line["reçue_le"]) for line in data["demandes_notées"]["lignes"]] == [
        ("access", "2026-01-30")
    ]
    assert data["demandes_répondues"]["total"] == 0
    assert [line["objet"] for line in data["actes_d’administration"]["lignes"]] == ["datarequest"]
    assert data["histoire_du_compte"]["total"] == 1
    assert [word for word in ("Nour Exemple", administrator.display_name) if word in text] == []
    choose_duration(kind=DataKind.CASES, months=72, reason="Essai", actor=administrator)
    own = download(administrator)[0]
    assert own["actes_d’administration"]["total"] == 1
    assert own["durées_choisies"]["lignes"][0]["raison"] == "Essai"


def test_the_download_asks_for_a_proof_of_identity(person, case):
    client = Client()
    client.force_login(person)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        answer = client.get(PAGE)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/compte/confirmer/")
    assert not SecurityEvent.objects.filter(detail="own_data").exists()

"""The history that the body reads names who did what: « vous » is the reader, and nobody else."""

import pytest
from django.utils import timezone

from accounts.models import User
from incidents.enums import ActorKind, EventKind, Origin
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.declarant.complete import SectionEdit
from incidents.services.declarant.correct import correct_caller
from incidents.services.handling.close import ClosingReport, close_with_report
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.reopen import reopen_incident
from incidents.services.history.record import record_event
from tests.cast import a_lead, a_responder, an_agent, declare
from tests.incidents.desk import reload
from tests.incidents.devices import follow_up_url, get_visitor, open_by_link, sign_in_as
from tests.incidents.merging import MAYOR
from tests.reading import read_text

pytestmark = pytest.mark.django_db


def read_history(client, incident):
    """Return the part of the page that lists the history."""
    whole = read_text(client.get(follow_up_url(incident)))
    return whole[whole.index("Ce qui s’est passé") :]


def record_file(incident: Incident, actor: User | None = None) -> None:
    by = ActorKind.USER if actor else ActorKind.DECLARANT
    record_event(incident, EventKind.FILE, at=timezone.now(), actor=actor, by=by, evidence="x", sha256="y")


@pytest.fixture
def case_with_file(incident: Incident) -> Incident:
    record_file(incident)
    return incident


def test_the_declarant_is_called_you_in_their_own_history(case_with_file):
    history = read_history(open_by_link(case_with_file), case_with_file)
    assert "Vous avez déclaré l’incident" in history
    assert "Vous avez remis une pièce" in history


def test_a_colleague_reads_the_name_of_the_person_who_declared(case_with_file):
    history = read_history(sign_in_as(an_agent()), case_with_file)
    assert "Dominique Exemple a déclaré l’incident" in history
    assert "Le déclarant a remis une pièce" in history
    assert "Vous avez" not in history


def test_a_colleague_is_called_you_for_their_own_actions_only(case_with_file):
    author, other = an_agent(), an_agent()
    record_file(case_with_file, author)
    assert "Vous avez remis une pièce" in read_history(sign_in_as(author), case_with_file)
    assert f"{other.display_name} a remis" not in read_history(sign_in_as(other), case_with_file)
    assert f"{author.display_name} a remis une pièce" in read_history(sign_in_as(other), case_with_file)
    assert f"{author.display_name} a remis une pièce" in read_history(open_by_link(case_with_file), case_with_file)


def test_an_account_that_claimed_the_declaration_is_its_declarant(case_with_file):
    agent = an_agent()
    client = open_by_link(case_with_file)
    client.force_login(agent)
    client.post(follow_up_url(case_with_file, "rattacher"))
    assert "Vous avez déclaré l’incident" in read_history(sign_in_as(agent), case_with_file)


def test_a_telephoned_declaration_names_the_caller_and_the_responder_who_wrote_it_down():
    responder = a_responder()
    incident = declare(actor=responder, origin=Origin.PHONE)
    sentence = f"Dominique Exemple a déclaré l’incident par téléphone : {responder.display_name} l’a noté"
    for client in (open_by_link(incident), sign_in_as(an_agent()), sign_in_as(responder)):
        assert sentence in read_history(client, incident)
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert "L’incident a été déclaré par téléphone" in read_history(sign_in_as(an_agent()), incident)


def test_the_name_of_the_declaration_outlives_its_correction(case_with_file):
    newest = case_with_file.sheets.filter(section="rappel").order_by("-id").first()
    edit = SectionEdit(
        visitor=get_visitor(case_with_file), reference=case_with_file.reference, seen=str(newest.uid) if newest else ""
    )
    correct_caller(edit=edit, caller=MAYOR)
    assert reload(case_with_file).story.contact_name == MAYOR.name
    assert "Dominique Exemple a déclaré l’incident" in read_history(sign_in_as(an_agent()), case_with_file)


def test_the_centre_of_a_responder_is_in_brackets(case_with_file):
    responder = a_responder()
    close_with_report(
        reference=case_with_file.reference, actor=responder, ending=ClosingReport(reason="not_an_incident")
    )
    reopen_incident(reference=case_with_file.reference, actor=responder, motive="Cela recommence.")
    letter = Letter(text="Est-ce fini ?", key="k", asks_answer=True)
    write_to_declarant(reference=case_with_file.reference, actor=responder, letter=letter)
    client = open_by_link(case_with_file)
    assert f"{responder.display_name} (Breizh Cyber) a rouvert le dossier" in read_history(client, case_with_file)
    assert f"{responder.display_name}, Breizh Cyber, vous a posé une question" in read_text(
        client.get(follow_up_url(case_with_file))
    )

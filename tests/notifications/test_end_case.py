"""Mails about a case that is qualified, closed or reopened say what is true when they are sent."""

import pytest

from incidents.access import CaseVisitor
from incidents.enums import ClosingReason, Tlp
from incidents.facts.shapes import Caller
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.duplicates.merge import merge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.qualify import qualify_incident, read_qualification
from incidents.services.handling.reopen import reopen_incident
from notifications import dispatch
from tests import harmless
from tests.cast import a_responder, breizh_cyber, declare

pytestmark = pytest.mark.django_db
CENTRE, TOWN = "garde@breizh.example", "mairie@plouexemple.example"


def deliver_all():
    dispatch.announce_all_events()
    dispatch.send_due_deliveries()


def read_mail(message):
    harmless.check_mail(message)
    return " ".join((message["Subject"] + " " + message.get_content()).replace("\u00a0", " ").split())


def change_label(incident, tlp):
    incident.refresh_from_db()
    current = read_qualification(incident, None)
    qualification = type(current)(**{**current.__dict__, "tlp": tlp})
    qualify_incident(reference=incident.reference, actor=a_responder(), qualification=qualification)


@pytest.fixture(autouse=True)
def _centre(db: None) -> None:
    breizh_cyber()


def test_the_declarant_is_mailed_about_the_closing_and_the_reopening(post):
    incident, responder = declare(), a_responder()
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    reopen_incident(reference=incident.reference, actor=responder, motive="Le chiffrement a repris.")
    deliver_all()
    _receipt, closed, reopened = map(read_mail, post.list_mails_to(TOWN))
    assert "L’aide reçue vous a-t-elle été utile ?" in closed
    assert "Breizh Cyber a rouvert votre dossier" in reopened
    assert "Vous n’avez rien à déclarer une seconde fois." in reopened
    assert "chiffrement" not in reopened


def test_the_mail_names_the_service_that_takes_the_case_over(post):
    close_incident(
        reference=declare().reference,
        reason=ClosingReason.HANDED_OVER,
        handed_to="la DSI du Département",
        actor=a_responder(),
    )
    deliver_all()
    _receipt, closed = map(read_mail, post.list_mails_to(TOWN))
    assert "confié à un autre service (la DSI du Département)" in closed


@pytest.mark.parametrize("reason", [ClosingReason.DUPLICATE, ClosingReason.WITHDRAWN])
def test_no_rating_is_asked_for_a_duplicate_or_withdrawn_case(post, reason):
    incident = declare()
    close_incident(reference=incident.reference, reason=reason, actor=a_responder())
    deliver_all()
    assert "vous a-t-elle été utile" not in read_mail(post.list_mails_to(TOWN)[-1])


def test_the_declarant_of_a_duplicate_is_mailed_about_the_closing_and_the_reopening(post):
    main, responder = declare(), a_responder()
    duplicate = declare(key="double", caller=Caller(name="Alix Maire", email="maire@plouexemple.example"))
    merge_incident(reference=duplicate.reference, into=main.reference, actor=responder)
    close_incident(reference=main.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    reopen_incident(reference=main.reference, actor=responder, motive="Le chiffrement a repris.")
    for _ in range(2):
        deliver_all()
    _receipt, closed, reopened = map(read_mail, post.list_mails_to("maire@plouexemple.example"))
    assert closed.startswith(f"{hyphenate(duplicate.reference)} : votre dossier est clos")
    assert "Raison : résolu" in closed
    assert "L’aide reçue vous a-t-elle été utile ?" in closed
    assert "Breizh Cyber a rouvert votre dossier" in reopened
    assert main.reference not in closed + reopened
    assert len(post.list_mails_to(TOWN)) == 3


def test_a_stricter_label_applies_to_mails_that_are_not_sent_yet(post):
    incident = declare(description="Confidentiel, vraiment")
    dispatch.announce_all_events()
    change_label(incident, Tlp.RED)
    deliver_all()
    [mail] = post.list_mails_to(CENTRE)
    assert mail["Subject"].startswith("[TLP:RED]")
    assert "Confidentiel" not in read_mail(mail)
    assert "Plouexemple" not in read_mail(mail)


def test_a_stricter_label_applies_to_messages_of_the_centre(post):
    incident = declare()
    deliver_all()
    letter = Letter(text="Le mot de passe du pare-feu est connu.", key="k")
    write_to_declarant(reference=incident.reference, actor=a_responder(), letter=letter)
    dispatch.announce_all_events()
    change_label(incident, Tlp.RED)
    deliver_all()
    assert "pare-feu" not in read_mail(post.list_mails_to(TOWN)[-1])


def test_a_message_on_a_closed_case_says_that_the_case_is_closed(post):
    incident = declare()
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=a_responder())
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Cela recommence.", key="k"))
    deliver_all()
    assert "Ce dossier est clos : rouvrez-le si ce n’est pas fini." in read_mail(post.list_mails_to(CENTRE)[-1])

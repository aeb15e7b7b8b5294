"""The mail of the centre says that somebody added the body. The name of the body stays plain text, and follows its
preposition in correct French.
"""

import pytest

from collectivities.enums import Kind
from collectivities.services import create_proposed_body, save_body_confirmation
from incidents.enums import EventKind
from incidents.services.declaring.bodies import merge_body
from notifications import dispatch
from notifications.enums import Recipient
from notifications.messages import write_case_mail
from tests.cast import a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.notifications.mails import make_delivery

pytestmark = pytest.mark.django_db
CENTRE = "garde@breizh.example"
TOWN = "mairie@plouexemple.example"
HOSTILE = "SIVU https://piege.example {{ secret }} <b>"


def declare_for_added_body(post, name, *, confirmed=False):
    breizh_cyber()
    body = create_proposed_body(kind=Kind.SIVU, name=name, siren=None, seat=plouexemple())
    if confirmed:
        save_body_confirmation(body)
    declare(collectivity=body)
    dispatch.announce_all_events()
    dispatch.send_due_deliveries()
    return post.list_mails_to(CENTRE)[0], post.list_mails_to(TOWN)[0]


def test_the_centre_reads_that_the_body_is_to_be_confirmed(post):
    centre, _declarant = declare_for_added_body(post, "SIVU des Exemples")
    assert "COLLECTIVITÉ À CONFIRMER" in centre.get_content()
    assert "sans SIREN" in centre.get_content().replace("\n", " ").replace("\r", "")


def test_a_confirmed_body_is_like_any_other(post):
    centre, _declarant = declare_for_added_body(post, "SIVU des Exemples", confirmed=True)
    assert "CONFIRMER" not in centre.get_content()


def test_a_hostile_name_links_to_nothing(post):
    for mail in declare_for_added_body(post, HOSTILE):
        assert "https://piege.example" not in mail["Subject"] + mail.get_content()
        assert "hxxps://piege[.]example" in mail["Subject"] + mail.get_content()
        assert "{{ secret }}" in mail["Subject"] + mail.get_content()


def test_the_body_behind_the_unconfirmed_name_gets_a_mail(post):
    agent = an_agent(plouexemple())
    breizh_cyber()
    incident = declare(
        collectivity=create_proposed_body(kind=Kind.OTHER, name=HOSTILE, siren=None, seat=plouexemple())
    )
    dispatch.announce_all_events()
    dispatch.send_due_deliveries()
    assert not post.list_mails_to(agent.email)
    merge_body(reference=incident.reference, into=plouexemple().uid, actor=a_responder())
    dispatch.announce_all_events()
    dispatch.send_due_deliveries()
    [mail] = post.list_mails_to(agent.email)
    assert "rattaché à" in mail["Subject"]
    assert "piege" not in mail["Subject"] + mail.get_content()


@pytest.mark.parametrize(
    ("fields", "of_body", "to_body"),
    [
        ({"kind": Kind.COMMUNE, "name": "Le Mans"}, "de la commune du Mans", "à la commune du Mans"),
        ({"kind": Kind.METROPOLE, "name": "Angers Métropole"}, "d’Angers Métropole", "à Angers Métropole"),
        (
            {"kind": Kind.DEPARTEMENT, "name": "Département du Finistère"},
            "du département du Finistère",
            "au département du Finistère",
        ),
        ({"kind": Kind.OPEN_MIXED, "name": "Syndicat mixte"}, "du Syndicat mixte", "au Syndicat mixte"),
    ],
)
@pytest.mark.parametrize(
    ("recipient", "kind", "words"),
    [
        (Recipient.BODY, EventKind.DECLARED, ["Un incident a été déclaré au nom {of}", "été déclaré au nom {of}, le"]),
        (Recipient.CSIRT, EventKind.WITHDRAWN, ["La déclaration au nom {of} a été retirée"]),
        (Recipient.DECLARANT, EventKind.WITHDRAWN, ["La déclaration au nom {of} a été retirée"]),
        (Recipient.BODY, EventKind.BODY_MERGED, ["est rattaché {to} ("]),
    ],
)
def test_the_name_of_a_body_is_contracted_with_its_preposition(fields, of_body, to_body, recipient, kind, words):
    breizh_cyber()
    incident = declare(collectivity=plouexemple(departement=None, **fields))
    mail = write_case_mail(make_delivery(incident, recipient, kind), to="a@b.example")
    text = f"{mail.subject} {mail.body}".replace("\n", " ")
    assert all(word.format(of=of_body, to=to_body) in text for word in words)

"""Mails to a mailbox that somebody else may read: they give no access to the case and no text of it."""

from datetime import UTC, datetime

import pytest
from time_machine import TimeMachineFixture

from collectivities.models import Collectivity
from csirts.models import Csirt
from incidents.enums import ClosingReason, IncidentType, Nature
from incidents.models import Incident, Story
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.declarant.access import derive_secret
from incidents.services.duplicates.merge import merge_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.qualify import classify_incident
from incidents.services.handling.reopen import reopen_incident
from incidents.sharing import TYPES_WITH_OPEN_MAILBOX, may_others_read_mailbox
from tests.cast import a_responder, breizh_cyber, declare
from tests.notifications.mailing import TOWN, deliver_all, read_body, read_on_one_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre(time_machine: TimeMachineFixture) -> Csirt:
    time_machine.move_to(datetime(2026, 11, 24, 8, 51, tzinfo=UTC), tick=False)
    return breizh_cyber()


@pytest.mark.parametrize(
    "fields", [*({"type": kind} for kind in TYPES_WITH_OPEN_MAILBOX), {"mail_without_code": True}], ids=str
)
def test_a_mailbox_that_somebody_else_may_read_gets_no_code(centre, post, fields):
    incident = declare(**fields)

    deliver_all()

    [message] = post.list_mails_to(TOWN)
    secret = derive_secret(incident.accesses.get())
    text = read_on_one_line(message)
    assert message["Subject"].replace("\u00a0", " ") == f"{hyphenate(incident.reference)} : une déclaration existe"
    assert "Une déclaration existe depuis le mardi 24 novembre 2026 à 9 h 51" in text
    assert "Pour en parler, appelez Breizh Cyber : 0 800 200 008" in text
    for kept_out in (secret, hyphenate(secret), "/suivi/", "localhost", "Plouexemple", "Donnez", "1. "):
        assert kept_out not in text


def test_a_mailbox_that_somebody_else_may_read_gets_no_text_of_the_centre(centre, post):
    incident = declare(mail_without_code=True)
    letter = Letter(text="Le mot du centre.", key="a")
    write_to_declarant(reference=incident.reference, actor=a_responder(centre), letter=letter)

    deliver_all()

    assert "Le mot du centre." not in "".join(read_body(message) for message in post.list_mails_to(TOWN))


@pytest.mark.parametrize("kind", TYPES_WITH_OPEN_MAILBOX)
def test_another_type_does_not_close_a_mailbox_that_others_may_read(centre, post, kind):
    """The receipt may leave late, and the centre writes later still."""
    incident, actor = declare(type=kind), a_responder(centre)
    classify_incident(reference=incident.reference, actor=actor, nature=Nature.INCIDENT, type=IncidentType.RANSOMWARE)
    classify_incident(reference=incident.reference, actor=actor, nature=Nature.INCIDENT, type=IncidentType.OUTAGE)
    write_to_declarant(reference=incident.reference, actor=actor, letter=Letter(text="Le mot du centre.", key="a"))

    deliver_all()

    texts = [read_on_one_line(message) for message in post.list_mails_to(TOWN)]
    assert len(texts) == 2
    secret = derive_secret(incident.accesses.get())
    for text in texts:
        assert not [word for word in (secret, hyphenate(secret), "/suivi/", "Le mot du centre.") if word in text]


def test_no_later_mail_to_a_mailbox_that_others_may_read_has_a_link_or_names_the_body(centre, post):
    incident, actor = declare(mail_without_code=True), a_responder(centre)
    acknowledge_incident(reference=incident.reference, actor=actor)
    write_to_declarant(reference=incident.reference, actor=actor, letter=Letter(text="Un mot.", key="a"))
    close_incident(reference=incident.reference, actor=actor, reason=ClosingReason.RESOLVED)
    reopen_incident(reference=incident.reference, actor=actor, motive="Il en reste.")

    deliver_all()

    texts = [read_on_one_line(message) for message in post.list_mails_to(TOWN)]
    assert len(texts) == 5
    for text in texts:
        assert "ni lien vers votre dossier, ni code" in text
        assert not [word for word in ("/suivi/", "localhost", "Plouexemple") if word in text]


def test_without_a_centre_the_mail_to_a_mailbox_in_doubt_says_whom_to_ask(centre, post):
    declare(collectivity=Collectivity.objects.get(insee_code="97611"), mail_without_code=True)

    deliver_all()

    text = read_on_one_line(post.list_mails_to(TOWN)[0])
    assert "Aucun centre ne couvre votre territoire. Demandez de l’aide ici : - CERT-FR : +33 9 70 83 32 18" in text
    assert "17Cyber : https://17cyber.gouv.fr" in text
    assert "appelez" not in text


@pytest.mark.parametrize(("address", "is_in_doubt"), [(TOWN.upper(), True), ("autre@plouexemple.example", False)])
def test_a_merge_keeps_the_same_mailbox_in_doubt(centre, address, is_in_doubt):
    main, duplicate, actor = declare(), declare(type=IncidentType.MAILBOX), a_responder(centre)
    Story.objects.filter(incident=duplicate).update(contact_email=address)
    merge_incident(reference=duplicate.reference, into=main.reference, actor=actor)
    assert may_others_read_mailbox(Incident.objects.get(pk=main.pk)) is is_in_doubt

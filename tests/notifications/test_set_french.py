"""French marks stay with their word, in every mail that leaves: to centres, declarants, bodies and accounts."""

import re

import pytest
from django.utils import timezone

from accounts.enums import LinkPurpose, MailKind
from accounts.messages import write_account_mail as write_account_mail
from accounts.models import PendingMail
from accounts.services.links import make_link
from core.typography import set_no_break_spaces
from csirts.models import Csirt
from incidents.access import Guest
from incidents.enums import ClosingReason, EventKind
from incidents.facts.shapes import Interruption, Leak
from incidents.models import Advice, Incident, Transfer
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.history.record import record_event
from notifications.enums import Recipient
from notifications.messages import write_case_mail
from notifications.models import Announcement, Delivery
from notifications.recipients import RECIPIENTS
from tests.cast import a_responder, an_agent, breizh_cyber, declare, plouexemple

pytestmark = pytest.mark.django_db
LOOSE = re.compile(r"^(?!>).*(?:\S [:;!?»]|« )", re.MULTILINE)
MAILS = [(recipient, kind) for kind, recipients in RECIPIENTS.items() for recipient in recipients]
INVITES = {MailKind.WELCOME, MailKind.INVITATION, MailKind.PASSWORD_LINK}


@pytest.fixture
def incident():
    breizh_cyber()
    halted = Interruption(service="civil", extent="stopped", people_affected=40)
    leak = Leak(status="suspected", categories=("nir",), person_categories=("employes",))
    return declare(service_stopped="yes", interruptions=(halted,), data_concerned="yes", leak=leak)


def make_delivery(incident, recipient, kind):
    guest = Guest(access_uid=incident.accesses.get().uid)
    words = Letter(text="Que faire ? Je ne sais pas !", key="k", author="Dominique")
    message = write_to_csirt(reference=incident.reference, guest=guest, letter=words)
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    responder = a_responder()
    transfer = Transfer.objects.create(
        incident=incident,
        giver=incident.csirt,
        taker=elsewhere,
        motive="Loin",
        answer="Non : loin.",
        asked_by=responder,
    )
    fields = {"partner": "cert-fr", "tlp": "amber", "content": "{}", "sha256": "0" * 64, "actor": responder}
    advice = Advice.objects.create(incident=incident, **fields)
    data = {"message": str(message.uid), "reason": ClosingReason.RESOLVED}
    data |= {"transfer": str(transfer.uid), "advice": str(advice.uid)}
    event = record_event(incident, EventKind(kind), at=timezone.now(), actor=a_responder(), **data)
    csirt = incident.csirt if recipient == Recipient.CSIRT else None
    return Delivery(announcement=Announcement(event=event), recipient=recipient, csirt=csirt)


def find_loose_marks(mail):
    return LOOSE.findall(f"{mail.subject}\n{mail.body}")


def test_french_marks_get_no_break_spaces_outside_quotations():
    text = set_no_break_spaces("Une question ? « Oui » : appelez !\n> Que faire ?\nIl est 9 h.")
    assert text == "Une question\u00a0? «\u00a0Oui\u00a0»\u00a0: appelez\u00a0!\n> Que faire ?\nIl est 9 h."


@pytest.mark.parametrize("tlp", ["amber+strict", "red"])
@pytest.mark.parametrize(("recipient", "kind"), MAILS)
def test_every_mail_about_a_case_follows_french_typography(incident, recipient, kind, tlp):
    Incident.objects.update(tlp=tlp)
    incident.refresh_from_db()
    mail = write_case_mail(make_delivery(incident, recipient, kind), to="a@b.example")
    assert not find_loose_marks(mail)
    assert "\u00a0" in mail.body


@pytest.mark.parametrize("kind", MailKind.values)
def test_every_mail_about_an_account_follows_french_typography(kind):
    agent = an_agent()
    body = plouexemple() if kind == MailKind.INVITATION else None
    purpose = LinkPurpose.INVITATION if body else LinkPurpose.WELCOME
    link = make_link(purpose, user=agent, made_by=a_responder(), collectivity=body) if kind in INVITES else None
    mail = write_account_mail(PendingMail(kind=kind, user=agent, to=agent.email, link=link), token="x" * 20)
    assert not find_loose_marks(mail)


def test_a_narrow_screen_breaks_no_line_before_a_mark(incident):
    mail = write_case_mail(make_delivery(incident, Recipient.CSIRT, EventKind.DECLARED), to="a@b.example")
    assert not [line for line in mail.body.splitlines() if line[:1] in (":", "?", "!", ";", "»")]

"""French marks stay with their word, in every mail that leaves: to centres, declarants, bodies and accounts."""

import re

import pytest

from accounts.enums import MailKind
from accounts.messages import write_account_mail as write_account_mail
from core.french import set_no_break_spaces
from incidents.enums import EventKind
from incidents.models import Incident
from notifications.enums import Recipient
from notifications.messages import write_case_mail
from tests.notifications.mails import CASE_MAILS, declare_with_facts, make_delivery, write_mail_about_account

pytestmark = pytest.mark.django_db
LOOSE = re.compile(r"^(?!>).*(?:\S [:;!?»]|« )", re.MULTILINE)


@pytest.fixture
def case_with_facts() -> Incident:
    return declare_with_facts()


def find_loose_marks(mail):
    return LOOSE.findall(f"{mail.subject}\n{mail.body}")


def test_french_marks_get_no_break_spaces_outside_quotations():
    text = set_no_break_spaces("Une question ? « Oui » : appelez !\n> Que faire ?\nIl est 9 h.")
    assert text == "Une question\u00a0? «\u00a0Oui\u00a0»\u00a0: appelez\u00a0!\n> Que faire ?\nIl est 9 h."


@pytest.mark.parametrize("tlp", ["amber+strict", "red"])
@pytest.mark.parametrize(("recipient", "kind"), CASE_MAILS)
def test_every_mail_about_a_case_follows_french_typography(case_with_facts, recipient, kind, tlp):
    Incident.objects.update(tlp=tlp)
    case_with_facts.refresh_from_db()
    mail = write_case_mail(make_delivery(case_with_facts, recipient, kind), to="a@b.example")
    assert not find_loose_marks(mail)
    assert "\u00a0" in mail.body


@pytest.mark.parametrize("kind", MailKind.values)
def test_every_mail_about_an_account_follows_french_typography(kind):
    assert not find_loose_marks(write_mail_about_account(kind))


def test_a_narrow_screen_breaks_no_line_before_a_mark(case_with_facts):
    mail = write_case_mail(make_delivery(case_with_facts, Recipient.CSIRT, EventKind.DECLARED), to="a@b.example")
    assert not [line for line in mail.body.splitlines() if line[:1] in (":", "?", "!", ";", "»")]

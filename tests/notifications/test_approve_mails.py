"""What each mail says, compared with what people approved (`tests/approved.py`)."""

from datetime import UTC, datetime

import pytest
from django.template import engines

from accounts.enums import MailKind
from notifications.messages import write_case_mail
from tests.approved import check_approved, hide_variable_parts
from tests.notifications.mails import CASE_MAILS, declare_with_facts, make_delivery, write_mail_about_account

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(("recipient", "kind"), CASE_MAILS)
def test_mails_about_a_case_say_what_was_approved(time_machine, recipient, kind):
    time_machine.move_to(NOW, tick=False)
    incident = declare_with_facts()
    mail = write_case_mail(make_delivery(incident, recipient, kind), to="a@b.example")
    check_approved(f"mails/{recipient}-{kind}", describe_mail(mail, {incident.reference: "RÉFÉRENCE"}))


@pytest.mark.parametrize("kind", MailKind.values)
def test_mails_about_an_account_say_what_was_approved(time_machine, kind):
    time_machine.move_to(NOW, tick=False)
    check_approved(f"mails/account-{kind}", describe_mail(write_mail_about_account(kind), {}))


@pytest.mark.parametrize(("reader", "to"), [("person", ""), ("lead", "responsable@demo.example")])
def test_the_mails_on_an_access_that_somebody_ended_say_what_was_approved(time_machine, reader, to):
    time_machine.move_to(NOW, tick=False)
    mail = write_mail_about_account(MailKind.BREAK_GLASS, is_end=True, to=to)
    check_approved(f"mails/account-break_glass-ended-{reader}", describe_mail(mail, {}))


@pytest.fixture(autouse=True)
def name_unknown_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a template write the name of a variable that its context does not have. It would write nothing."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "VARIABLE INCONNUE %s")


def describe_mail(mail, places):
    return hide_variable_parts(f"{mail.subject}\n\n{mail.body}\n", places)

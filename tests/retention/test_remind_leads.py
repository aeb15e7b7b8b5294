"""The leads of a centre hear once a year of open cases in which nothing happens, because these have no end."""

import re
from datetime import timedelta

import time_machine
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind
from accounts.models import PendingMail
from accounts.services.mails import list_old_mails
from csirts.models import Csirt
from retention.tasks import remind_by_night
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.incidents.desk import acknowledge_as
from tests.reading import read_text
from tests.retention.purging import close

A_YEAR, A_MONTH = timedelta(days=366), timedelta(days=31)


def remind(after: timedelta) -> list[tuple[str, str]]:
    """Run the task as if so much time had passed, and return to whom all reminders went, with their numbers."""
    with time_machine.travel(timezone.now() + after):
        remind_by_night()
    return list(PendingMail.objects.filter(kind=MailKind.SILENT_CASES).order_by("pk").values_list("to", "detail"))


def test_leads_are_reminded_once_a_year_of_silent_cases(db):
    centre = breizh_cyber()
    lead = a_lead(centre)
    a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    declare()
    declare(description="Autre chose.")
    assert remind(after=A_YEAR - A_MONTH) == []
    once = [(lead.email, "2")]
    assert remind(after=A_YEAR) == once
    assert remind(after=A_YEAR + A_MONTH) == once
    assert remind(after=2 * A_YEAR) == once * 2


def test_a_case_in_which_something_happened_or_that_is_closed_is_not_counted(db):
    breizh_cyber()
    a_lead()
    close(declare())
    case = declare(description="Autre chose.")
    with time_machine.travel(timezone.now() + A_MONTH):
        acknowledge_as(a_responder(), case)
    assert remind(after=A_YEAR) == []
    assert {number for _to, number in remind(after=A_YEAR + A_MONTH)} == {"1"}


def test_the_mail_leads_to_the_old_open_cases(db, post):
    breizh_cyber()
    lead, case = a_lead(), declare()
    with time_machine.travel(timezone.now() + A_YEAR):
        recent = declare(description="Autre chose.")
        remind_by_night()
        send_due_mails()
        [mail] = post.list_mails_to(lead.email)
        text = mail.get_content()
        assert "1 dossier de Breizh Cyber est encore ouvert" in text
        [address] = re.findall(r"https?://[^/]+(/admin/\S+)", text)[:1]
        client = Client()
        client.force_login(lead)
        page = read_text(client.get(address))
    assert case.reference in page.replace("-", "").replace(" ", "")
    assert recent.reference not in page.replace("-", "").replace(" ", "")


def test_a_reminder_stays_a_year_however_short_mails_last(db):
    breizh_cyber()
    a_lead()
    declare()
    remind(after=A_YEAR)
    PendingMail.objects.update(status="sent")
    with time_machine.travel(timezone.now() + A_YEAR + 4 * A_MONTH):
        assert not list_old_mails(timezone.now() - 3 * A_MONTH).exists()
    with time_machine.travel(timezone.now() + 3 * A_YEAR):
        assert list_old_mails(timezone.now() - 3 * A_MONTH).exists()

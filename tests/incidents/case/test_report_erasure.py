"""The other leads and the mailbox of the centre hear that somebody erased a case."""

from datetime import timedelta

import pytest

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, SecurityEventKind
from accounts.models import PendingMail, SecurityEvent
from accounts.security.pseudonyms import pseudonymise_account
from incidents.models import Story
from tests.cast import a_lead, a_responder
from tests.incidents.triage_pages import case_url
from tests.retention.purging import close_at, run_night

pytestmark = pytest.mark.django_db


def test_an_erasure_is_reported_to_the_centre_and_recorded_once(case_lead, lead_client, incident, mailoutbox):
    colleague = a_lead()
    a_responder()
    for _click in range(2):
        assert lead_client.post(case_url(incident, "effacer"), follow=True).status_code == 200
    assert Story.objects.get(incident=incident).contact_name == ""
    mails = PendingMail.objects.filter(kind=MailKind.CASE_ERASED)
    assert set(mails.values_list("to", "by", "detail")) == {
        (address, case_lead.pk, incident.reference) for address in ("garde@breizh.example", colleague.email)
    }
    event = SecurityEvent.objects.get(kind=SecurityEventKind.CASE_ERASED)
    assert (event.person, event.csirt) == (pseudonymise_account(case_lead), incident.csirt)
    send_due_mails()
    [about] = [mail.body for mail in mailoutbox if mail.to == [colleague.email]]
    assert f"{case_lead.display_name} ({case_lead.email}) a effacé les mots" in about


def test_the_purge_of_the_night_is_reported_to_nobody(case_lead, incident):
    close_at([incident], incident.received_at.replace(year=2015))
    run_night(after=timedelta())
    assert Story.objects.get(incident=incident).contact_name == ""
    assert not PendingMail.objects.filter(kind=MailKind.CASE_ERASED).exists()
    assert not SecurityEvent.objects.filter(kind=SecurityEventKind.CASE_ERASED).exists()

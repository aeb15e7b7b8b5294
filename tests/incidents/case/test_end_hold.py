"""Ending a hold is heard of by the other leads, leaves thirty days, and concerns the hold that the page showed."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.enums import MailKind, SecurityEventKind
from accounts.models import PendingMail, SecurityEvent
from incidents.enums import EventKind
from incidents.models import Incident, LegalHold, Story
from tests.cast import a_lead, a_responder, declare
from tests.incidents.devices import QUEUE, sign_in_as
from tests.reading import read_text
from tests.responses import Response
from tests.retention.purging import close_at, run_night

MOTIVE = "Plainte déposée, le parquet demande de tout garder."


def send(client: Client, incident: Incident, placed: LegalHold | None, motive: str = MOTIVE) -> Response:
    """Send the form of the page of the hold, which showed this hold, or none."""
    fields = {"motive": motive, "hold": placed.pk if placed else ""}
    return client.post(f"{QUEUE}{incident.reference}/gel/", fields)


def hold(client: Client, incident: Incident) -> LegalHold:
    assert send(client, incident, None).status_code == 302
    return LegalHold.objects.get(incident=incident, ended_at=None)


def test_a_case_whose_time_has_passed_stays_thirty_days_after_its_hold(lead_client, incident):
    close_at([incident], incident.received_at.replace(year=2015))
    send(lead_client, incident, hold(lead_client, incident))
    run_night(after=timedelta(days=29))
    assert Story.objects.get(incident=incident).contact_name
    run_night(after=timedelta(days=31))
    assert Story.objects.get(incident=incident).contact_name == ""


def test_the_other_leads_get_a_mail_when_a_hold_ends(case_lead, lead_client, incident):
    colleague = a_lead()
    a_responder()
    placed = hold(lead_client, incident)
    assert not PendingMail.objects.exists()
    send(lead_client, incident, placed)
    mail = PendingMail.objects.get()
    assert (mail.kind, mail.to, mail.by, mail.detail) == (
        *(MailKind.HOLD_ENDED, colleague.email, case_lead, incident.reference),
    )


def test_a_hold_is_a_security_event_as_it_begins_and_as_it_ends(lead_client, incident):
    send(lead_client, incident, hold(lead_client, incident))
    kinds = SecurityEvent.objects.filter(kind__startswith="hold").order_by("id").values_list("kind", "csirt")
    assert list(kinds) == [
        (SecurityEventKind.HOLD_PLACED, incident.csirt_id),
        (SecurityEventKind.HOLD_ENDED, incident.csirt_id),
    ]


def test_a_hold_that_a_colleague_placed_meanwhile_is_not_taken_for_mine(lead_client, incident):
    placed = hold(sign_in_as(a_lead()), incident)
    refused = send(lead_client, incident, None, "Un autre motif.")
    assert refused.status_code == 409
    page = read_text(refused)
    assert "Le gel de ce dossier a changé" in page
    assert MOTIVE in page
    assert "Un autre motif." in refused.content.decode()
    assert f'name="hold" value="{placed.pk}"' in refused.content.decode()
    assert LegalHold.objects.get() == placed


def test_another_hold_than_the_page_showed_is_not_ended(lead_client, incident):
    first = hold(lead_client, incident)
    send(lead_client, incident, first, "Affaire classée.")
    second = hold(lead_client, incident)
    assert send(lead_client, incident, first, "Affaire classée, encore.").status_code == 409
    assert send(lead_client, incident, first, "Affaire classée.").status_code == 409
    second.refresh_from_db()
    assert second.ended_at is None
    send(lead_client, incident, second)
    assert send(lead_client, incident, second, "Encore.").status_code == 409
    assert incident.events.filter(kind=EventKind.HOLD_ENDED).count() == 2


@pytest.mark.parametrize("number", ["0", "un", "9" * 30])
def test_a_number_that_is_no_hold_ends_none(lead_client, incident, number):
    placed = hold(lead_client, incident)
    refused = lead_client.post(f"{QUEUE}{incident.reference}/gel/", {"motive": MOTIVE, "hold": number})
    assert refused.status_code == 422
    placed.refresh_from_db()
    assert placed.ended_at is None


def test_the_hold_of_another_case_is_not_ended(lead_client, incident):
    placed = hold(lead_client, declare())
    assert send(lead_client, incident, placed).status_code == 409
    placed.refresh_from_db()
    assert placed.ended_at is None

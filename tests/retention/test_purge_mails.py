"""What is known of a sent mail goes a year later, and so do the links that mails carried."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.enums import LinkPurpose, MailKind
from accounts.models import AccessLink, PendingMail
from accounts.services.links import make_link
from accounts.services.mails import queue_mail
from incidents.models import Incident, LegalHold
from incidents.services.handling.hold import place_hold
from notifications.dispatch import announce_all_events
from notifications.models import Delivery
from retention.enums import DataKind
from tests.cast import a_lead, an_agent, breizh_cyber, declare
from tests.notifications.mailing import deliver_all
from tests.retention.purging import close, purge_now

A_YEAR = timedelta(days=367)


@pytest.fixture
def closed_case(db: None, post: object) -> Incident:
    """Return a closed case whose mails were sent."""
    breizh_cyber()
    incident = close(declare())
    deliver_all()
    assert Delivery.objects.exists()
    return incident


def purge_a_year_later(kind: DataKind, *, days: int = 0) -> int:
    with time_machine.travel(timezone.now() + A_YEAR + timedelta(days=days)):
        return purge_now(kind)


def test_mails_of_a_closed_case_are_deleted_after_a_year(closed_case):
    number = Delivery.objects.count()
    assert purge_a_year_later(DataKind.CASE_MAILS, days=-10) == 0
    assert purge_a_year_later(DataKind.CASE_MAILS) == number
    assert not Delivery.objects.exists()


def test_the_mails_of_a_case_that_was_open_for_long_stay_a_year_after_its_closing(closed_case):
    """They were sent long before: what counts is the later of the sending and the closing."""
    Delivery.objects.update(due_at=timezone.now() - 10 * A_YEAR)
    assert purge_a_year_later(DataKind.CASE_MAILS, days=-10) == 0
    assert purge_a_year_later(DataKind.CASE_MAILS) > 0


def test_the_mails_of_a_duplicate_stay_with_its_main_case(closed_case):
    main = declare()
    Incident.objects.filter(pk=closed_case.pk).update(merged_into=main, closing_reason="duplicate")
    assert purge_a_year_later(DataKind.CASE_MAILS) == 0
    close(main)
    place_hold(reference=main.reference, motive="Plainte en cours", actor=a_lead())
    assert purge_a_year_later(DataKind.CASE_MAILS) == 0
    LegalHold.objects.update(ended_at=timezone.now(), ended_by=a_lead())
    assert purge_a_year_later(DataKind.CASE_MAILS) > 0


def test_a_mail_that_is_not_sent_yet_stays(db):
    breizh_cyber()
    close(declare())
    announce_all_events()
    assert Delivery.objects.exists()
    assert purge_a_year_later(DataKind.CASE_MAILS) == 0


def test_the_mails_of_an_open_case_stay(db, post):
    breizh_cyber()
    declare()
    deliver_all()
    assert purge_a_year_later(DataKind.CASE_MAILS) == 0


def test_the_mails_of_a_held_case_stay(closed_case):
    place_hold(reference=closed_case.reference, motive="Plainte déposée.", actor=a_lead())
    assert purge_a_year_later(DataKind.CASE_MAILS) == 0


def test_mails_about_accounts_and_their_links_go_unless_they_still_wait(db):
    agent = an_agent()
    link = make_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
    queue_mail(MailKind.PASSWORD_LINK, agent, link=link)
    assert purge_a_year_later(DataKind.ACCOUNT_MAILS) == 0, "it is not sent yet"
    PendingMail.objects.update(status="sent", sent_at=timezone.now())
    assert purge_a_year_later(DataKind.ACCESS_LINKS) == 0, "a mail carries it"
    assert purge_a_year_later(DataKind.ACCOUNT_MAILS) == 1
    assert purge_a_year_later(DataKind.ACCESS_LINKS) == 1
    assert not AccessLink.objects.exists()


def test_the_confirmation_of_a_mailbox_stays(db):
    centre = breizh_cyber()
    address = {"csirt": centre, "address": "garde@breizh.example"}
    make_link(LinkPurpose.CHANNEL, user=a_lead(), made_by=None, **address)
    assert purge_a_year_later(DataKind.ACCESS_LINKS) == 0

"""A case had no channel: once there is an address, one mail says what still waits, by itself."""

from datetime import timedelta

import pytest

from csirts.models import Csirt
from incidents.enums import EventKind
from incidents.facts.shapes import Caller
from incidents.models import Story
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.declarant.complete import SectionEdit
from incidents.services.declarant.correct import correct_caller
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from notifications import dispatch, tasks
from notifications.channels import resume_centre_mails, resume_missed_declarant_mails
from notifications.enums import Channel, DeliveryStatus
from notifications.models import Delivery
from tests.cast import CALLER, a_responder, breizh_cyber, declare
from tests.incidents.devices import get_visitor
from tests.notifications.mailing import CENTRE, TOWN, deliver_all, read_on_one_line
from tests.notifications.waiting_mails import give_centre_address, list_statuses, write_as_declarant

pytestmark = pytest.mark.django_db
SILENT = Caller(name="Dominique Exemple", role="secrétaire", phone="02 99 00 00 00", email="")


@pytest.fixture
def centre() -> Csirt:
    return breizh_cyber(notification_email="")


def test_a_centre_that_gives_its_address_gets_the_declaration_once(centre, post, clock):
    """Two mails found no channel: once the centre has an address, it gets the declaration alone."""
    incident = declare()
    write_as_declarant(incident, "k")
    deliver_all()
    tasks.reconcile()
    assert list_statuses("csirt") == [DeliveryStatus.NO_CHANNEL] * 2

    give_centre_address()
    tasks.reconcile()
    dispatch.send_due_deliveries()
    tasks.reconcile()
    dispatch.send_due_deliveries()

    [mail] = post.list_mails_to(CENTRE)
    assert "Plouexemple" in mail["Subject"]
    assert "Prendre en charge avant" in read_on_one_line(mail)
    assert list_statuses("csirt") == [DeliveryStatus.SENT, DeliveryStatus.MOOT]


def test_mails_that_can_leave_at_last_start_at_once(centre, monkeypatch):
    """They do not wait for the next of the rounds that send what is due."""
    declare()
    deliver_all()
    started = []
    monkeypatch.setattr(tasks.deliver_due, "apply_async", lambda **options: started.append(options))

    tasks.reconcile()
    assert not started
    give_centre_address()
    tasks.reconcile()

    assert len(started) == 1


def test_the_newest_unanswered_message_of_a_taken_case_is_sent(centre, post, clock):
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=a_responder(centre))
    write_as_declarant(incident, "k")
    deliver_all()
    give_centre_address()
    resume_centre_mails()
    dispatch.send_due_deliveries()
    [mail] = post.list_mails_to(CENTRE)
    assert "Alors ?" in read_on_one_line(mail)


def test_nothing_is_sent_about_closed_or_answered_cases(centre, post, clock):
    closed, answered = declare(), declare()
    responder = a_responder(centre)
    close_incident(reference=closed.reference, reason="resolved", why="Vu.", actor=responder)
    acknowledge_incident(reference=answered.reference, actor=responder)
    letter = Letter(text="Nous arrivons.", key="r")
    write_to_declarant(reference=answered.reference, actor=responder, letter=letter)
    deliver_all()
    give_centre_address()
    assert not resume_centre_mails()
    assert list_statuses("csirt") == [DeliveryStatus.MOOT] * 2


def test_a_declarant_who_gives_an_address_late_is_mailed_the_last_message(post, clock):
    breizh_cyber()
    incident = declare(caller=SILENT)
    responder = a_responder()
    acknowledge_incident(reference=incident.reference, actor=responder)
    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text="Débranchez.", key="r"))
    deliver_all()
    assert not post.list_mails_to(TOWN)

    sheet = incident.sheets.filter(section="rappel").latest("id")
    edit = SectionEdit(visitor=get_visitor(incident), reference=incident.reference, seen=str(sheet.uid))
    correct_caller(edit=edit, caller=CALLER)
    deliver_all()

    [mail] = post.list_mails_to(TOWN)
    assert "Débranchez." in read_on_one_line(mail)
    assert list_statuses("declarant") == [DeliveryStatus.MOOT, DeliveryStatus.MOOT, DeliveryStatus.SENT]


@pytest.mark.parametrize("without_code", [False, True])
def test_a_late_receipt_carries_the_code_as_was_chosen_with_the_address(post, clock, without_code):
    breizh_cyber()
    incident = declare(caller=SILENT)
    deliver_all()
    sheet = incident.sheets.filter(section="rappel").latest("id")
    edit = SectionEdit(visitor=get_visitor(incident), reference=incident.reference, seen=str(sheet.uid))
    correct_caller(edit=edit, caller=CALLER, mail_without_code=without_code)
    deliver_all()
    [mail] = post.list_mails_to(TOWN)
    assert ("/suivi/acces/" in read_on_one_line(mail)) is not without_code


def test_a_phone_number_alone_sends_no_mail(post, clock):
    breizh_cyber()
    incident = declare(caller=SILENT)
    deliver_all()
    sheet = incident.sheets.filter(section="rappel").latest("id")
    edit = SectionEdit(visitor=get_visitor(incident), reference=incident.reference, seen=str(sheet.uid))
    correct_caller(edit=edit, caller=Caller(name="Alix", role="", phone="02 99 00 00 01", email=""))
    deliver_all()
    assert list_statuses("declarant") == [DeliveryStatus.NO_CHANNEL]


def test_an_address_given_while_the_first_mail_was_announced_is_found(post, clock):
    """The worker that announced the mail had read no address, and committed after the address was saved."""
    breizh_cyber()
    incident = declare(caller=SILENT)
    Story.objects.filter(incident=incident).update(contact_email=TOWN)
    dispatch.announce_all_events()
    Delivery.objects.filter(recipient="declarant").update(status=DeliveryStatus.NO_CHANNEL, channel=Channel.NONE)

    tasks.reconcile()
    dispatch.send_due_deliveries()
    [mail] = post.list_mails_to(TOWN)
    assert incident.reference[:4] in mail["Subject"]
    assert list_statuses("declarant") == [DeliveryStatus.SENT]


def test_a_declarant_who_never_gave_an_address_is_cheap_to_skip(post, clock, django_assert_num_queries):
    breizh_cyber()
    declare(caller=SILENT)
    deliver_all()
    with django_assert_num_queries(3):  # with those of its transaction
        assert not resume_missed_declarant_mails()
    assert list_statuses("declarant") == [DeliveryStatus.NO_CHANNEL]


def test_a_withdrawal_that_had_no_channel_is_sent_while_a_message_waits(centre, post, clock):
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=a_responder(centre))
    clock.shift(timedelta(minutes=1))
    write_as_declarant(incident, "k")
    withdraw_incident(
        reference=incident.reference, visitor=get_visitor(incident), letter=Letter(text="Erreur.", key="w")
    )
    deliver_all()
    give_centre_address()
    assert resume_centre_mails() == 1
    kinds = Delivery.objects.filter(status=DeliveryStatus.DUE).values_list("announcement__event__kind", flat=True)
    assert list(kinds) == [EventKind.WITHDRAWN]

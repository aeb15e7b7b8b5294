"""A demonstration database mails nobody real, whatever the settings say."""

import pytest

from accounts.transports.email import Mailer, NotSent
from incidents.facts.shapes import Caller
from incidents.models import Story
from notifications import dispatch
from notifications.models import Delivery
from tests.cast import breizh_cyber, declare

pytestmark = pytest.mark.django_db
REAL = [
    "x@example.com",
    "x@evil.example.com",
    "x@example",
    "x@a.example.",
    "x@a.example.com",
    "x@a.EXAMPLE.fr",
    "x@aexample",
    "x@evil.com.example@evil.com",
    '"x@a.example" <x@evil.com>',
    "a.example <x@evil.com>",
    "<x@evil.com> a.example",
    "x@evil.com, y@a.example",
    "y@a.example, x@evil.com",
    "y@a.example x@evil.com",
    "x@evil.com\n@a.example",
    "x@a.example\n",
    "x%evil.com@a.example",
    "evil.com!x@a.example",
    "@evil.com:x@a.example",
    '"x@evil.com"@a.example',
    "x@evil．com.example",
    "x@[127.0.0.1].example",
    "",
]


def get_delivery(recipient):
    return Delivery.objects.get(recipient=recipient)


def test_a_demonstration_writes_to_invented_addresses_only(demonstration, post):
    breizh_cyber(notification_email="csirt@example.com")
    declare()
    dispatch.announce_all_events()

    assert dispatch.send_due_deliveries() == 1

    assert [message.went_to for message in post.received] == [["mairie@plouexemple.example"]]
    refused = get_delivery("csirt")
    assert (refused.status, refused.last_error, refused.attempts) == ("refused", "demonstration", 1)


@pytest.mark.parametrize("address", REAL)
def test_no_form_of_a_real_address_gets_a_mail_from_a_demonstration(demonstration, post, address):
    breizh_cyber(notification_email="")
    declare()
    dispatch.announce_all_events()
    Story.objects.update(contact_email=address)

    assert dispatch.send_due_deliveries() == 0

    assert post.received == []
    assert get_delivery("declarant").status in {"refused", "no_channel"}


@pytest.mark.parametrize("hidden", ["to", "cc", "bcc"])
def test_a_second_recipient_gets_no_mail_from_a_demonstration(demonstration, post, hidden):
    breizh_cyber(notification_email="")
    declare()
    dispatch.announce_all_events()
    message = dispatch.write_case_mail(get_delivery("declarant"), to="mairie@plouexemple.example")
    getattr(message, hidden).append("x@example.com")

    with Mailer() as mailer, pytest.raises(NotSent, match="demonstration"):
        mailer.send(message)

    assert post.received == []


def test_a_real_database_writes_to_real_addresses(db, post):
    breizh_cyber(notification_email="")
    declare(caller=Caller(email="x@example.com"))
    dispatch.announce_all_events()

    assert dispatch.send_due_deliveries() == 1
    assert [message.went_to for message in post.received] == [["x@example.com"]]


def test_an_address_that_no_mail_can_carry_is_refused_once(db, post):
    breizh_cyber(notification_email="")
    declare()
    dispatch.announce_all_events()
    Story.objects.update(contact_email="x@plouexemple.example\nBcc: y@example.com")

    assert dispatch.send_due_deliveries() == 0

    assert post.received == []
    assert (get_delivery("declarant").status, get_delivery("declarant").last_error) == ("refused", "unwritable")

"""Mails that arrived, and the mailboxes that received them."""

from email.message import EmailMessage

from notifications import dispatch
from notifications.models import Delivery

CENTRE = "garde@breizh.example"
TOWN = "mairie@plouexemple.example"


def deliver_all() -> None:
    dispatch.announce_all_events()
    dispatch.send_due_deliveries()
    assert not Delivery.objects.filter(status="due").exists()


def read_body(message: EmailMessage) -> str:
    return message.get_content().replace("\r\n", "\n").replace("\u00a0", " ").replace("\u202f", " ")


def read_on_one_line(message: EmailMessage) -> str:
    return " ".join(read_body(message).split())

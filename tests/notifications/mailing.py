"""Mails that came, and whom they came to."""

from notifications import dispatch
from notifications.models import Delivery

CENTRE = "garde@breizh.example"
TOWN = "mairie@plouexemple.example"


def delivered(post):
    dispatch.announce_all_events()
    dispatch.send_due_deliveries()
    assert not Delivery.objects.filter(status="due").exists()


def body(message):
    return message.get_content().replace("\r\n", "\n").replace("\u00a0", " ").replace("\u202f", " ")


def one_line(message):
    return " ".join(body(message).split())

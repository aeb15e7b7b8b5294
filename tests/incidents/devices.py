"""Devices of a declarant and of a responder, and the addresses that they ask for."""

from django.test import Client

from incidents.access import Guest
from incidents.services.declarant.access import secret_of

QUEUE = "/admin/incidents/incident/"


def opened(incident):
    """A device that holds the link."""
    client = Client()
    client.post(f"/suivi/acces/{secret_of(incident.accesses.get(revoked_at=None))}/")
    return client


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def page(incident, *parts):
    return "/".join(["/suivi", incident.reference, *parts, ""])


def case(incident, *parts):
    return "/".join([QUEUE.rstrip("/"), incident.reference, *parts, ""])


def send(client, incident, words="La cantine est arrêtée aussi.", **more):
    return client.post(page(incident, "message"), {"text": words, "author": "Dominique", "key": "k"} | more)


def guest(incident):
    return Guest(access_uid=incident.accesses.get(revoked_at=None).uid)

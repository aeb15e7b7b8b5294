"""Test clients of a declarant and of a responder, and the addresses of the follow-up pages."""

from django.test import Client

from accounts.models import User
from incidents.access import CaseVisitor
from incidents.models import Incident
from incidents.services.declarant.access import derive_secret
from tests.responses import Response

QUEUE = "/admin/incidents/incident/"


def open_by_link(incident: Incident) -> Client:
    """Return a client that has opened the case by its link."""
    client = Client()
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    return client


def sign_in_as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def follow_up_url(incident: Incident, *parts: str) -> str:
    return "/".join(["/suivi", incident.reference, *parts, ""])


def send(client: Client, incident: Incident, words: str = "La cantine est arrêtée aussi.", **more: str) -> Response:
    return client.post(follow_up_url(incident, "message"), {"text": words, "author": "Dominique", "key": "k"} | more)


def get_visitor(incident: Incident) -> CaseVisitor:
    return CaseVisitor(access_uid=incident.accesses.get(revoked_at=None).uid)

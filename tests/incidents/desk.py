"""Helpers of the tests of a centre's day: the addresses of a case, its state read again, a case that somebody took."""

from django.test import Client

from accounts.models import User
from incidents.models import Incident
from incidents.services.declarant.access import derive_secret
from incidents.services.handling.acknowledge import acknowledge_incident

CASE = "/admin/incidents/incident"


def url(incident: Incident, *parts: str) -> str:
    return "/".join([CASE, incident.reference, *parts, ""])


def acknowledge_as(user: User, incident: Incident) -> Incident:
    acknowledge_incident(reference=incident.reference, actor=user)
    return reload(incident)


def open_by_link(incident: Incident) -> Client:
    """Return a client that has opened the case by its link."""
    client = Client()
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    return client


def reload(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)

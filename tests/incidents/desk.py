"""Helpers of the tests of a centre's day: the addresses of a case, its state read again, a case that somebody took."""

from accounts.models import User
from incidents.models import Incident
from incidents.services.handling.triage import acknowledge_incident

CASE = "/admin/incidents/incident"


def url(incident: Incident, *parts: str) -> str:
    return "/".join([CASE, incident.reference, *parts, ""])


def acknowledge_as(user: User, incident: Incident) -> Incident:
    acknowledge_incident(reference=incident.reference, actor=user)
    return reload(incident)


def reload(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)

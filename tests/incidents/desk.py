"""Helpers of the tests of a centre's day: the state of a case read again, a case that somebody took."""

from accounts.models import User
from incidents.models import Incident
from incidents.services.handling.acknowledge import acknowledge_incident

CASE = "/admin/incidents/incident"


def acknowledge_as(user: User, incident: Incident) -> Incident:
    acknowledge_incident(reference=incident.reference, actor=user)
    return reload(incident)


def reload(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)

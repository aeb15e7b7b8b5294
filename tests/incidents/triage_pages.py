"""The addresses of a case in the triage."""

from incidents.models import Incident


def url(incident: Incident, *parts: str) -> str:
    return "/".join(["/admin/incidents/incident", incident.reference, *parts, ""])

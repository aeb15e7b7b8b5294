"""The addresses of a case in the triage, for every test that opens its page or posts one of its forms."""

from incidents.models import Incident


def case_url(incident: Incident, *parts: str) -> str:
    return "/".join(["/admin/incidents/incident", incident.reference, *parts, ""])

"""A case that is closed on its page."""

from incidents.models import Incident

REPORT = {
    "reason": "resolved",
    "why": "La mairie a rappelé : tout marche.",
    "outcome": "restored",
    "cause": "flaw",
    "summary": "Serveur remis depuis la sauvegarde du 20.",
    "lesson": "Une sauvegarde débranchée a suffi.",
}


def url(incident: Incident, *parts: str) -> str:
    return "/".join(["/admin/incidents/incident", incident.reference, *parts, ""])

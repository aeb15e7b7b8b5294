"""The addresses of a case in the triage."""


def url(incident, *parts):
    return "/".join(["/admin/incidents/incident", incident.reference, *parts, ""])

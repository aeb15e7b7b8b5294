"""The form with which a responder qualifies a case."""

from typing import Any

from django.test import Client

from incidents.models import Incident

# What most of these tests qualify a case as: the class and the type of RSIT of a ransomware.
RANSOM = {"rsit_class": "information-content-security", "rsit_type": "unauthorised-information-modification"}


def case_url(incident: Incident, *parts: str) -> str:
    return "/".join(["/admin/incidents/incident", incident.reference, *parts, ""])


def read_qualify_form(client: Client, incident: Incident) -> dict[str, Any]:
    """Return the values that the form of the page holds, once it is opened."""
    form = client.get(case_url(incident), {"ouvrir": "qualifier"}).context["qualify"]["form"]
    return {name: form[name].value() for name in form.fields}

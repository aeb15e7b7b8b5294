"""The form with which a responder qualifies a case."""

from typing import Any

from django.test import Client

from incidents.models import Incident
from tests.incidents.triage_pages import case_url

# The class and the type of a ransomware in the RSIT taxonomy, as which most of these tests qualify a case.
RANSOM = {"rsit_class": "information-content-security", "rsit_type": "unauthorised-information-modification"}


def read_qualify_form(client: Client, incident: Incident) -> dict[str, Any]:
    """Return the values of the qualification form, once it is opened on the page."""
    form = client.get(case_url(incident), {"ouvrir": "qualifier"}).context["qualify"]["form"]
    return {name: form[name].value() for name in form.fields}

"""Express declarations: a telephone number to call back."""

from datetime import UTC, datetime

from django.test import Client

from incidents.models import Incident
from tests.cast import plouexemple
from tests.reading import hidden
from tests.responses import Response

URL = "/declarer/rappelez-moi/"
PHONE = "02 99 00 00 00"
NOW = datetime(2026, 11, 24, 9, 51, tzinfo=UTC)


def posted(client: Client, **said: str) -> Response:
    """As the page sends it."""
    page = client.get(URL)
    data = {"plume": hidden(page, "plume"), "contact_phone": PHONE, "quoi": "rancon"} | said
    return client.post(URL, data)


def express(client: Client, **said: str) -> Incident:
    """The case of an express declaration of Plouexemple."""
    assert posted(client, collectivite=str(plouexemple().uid), **said).status_code == 303
    return Incident.objects.latest("id")


def case(incident: Incident, *parts: str) -> str:
    return "/".join(["/admin/incidents/incident", incident.reference, *parts, ""])

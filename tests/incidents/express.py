"""Express declarations, in which the caller only leaves a telephone number."""

from datetime import UTC, datetime

from django.test import Client

from incidents.models import Incident
from tests.cast import plouexemple
from tests.reading import read_hidden_value
from tests.responses import Response

URL = "/declarer/rappelez-moi/"
PHONE = "02 99 00 00 00"
NOW = datetime(2026, 11, 24, 9, 51, tzinfo=UTC)


def post_express(client: Client, **fields: str) -> Response:
    """Post the screen as the page sends it."""
    page = client.get(URL)
    data = {"plume": read_hidden_value(page, "plume"), "contact_phone": PHONE, "quoi": "rancon"} | fields
    return client.post(URL, data)


def declare_express(client: Client, **fields: str) -> Incident:
    """Declare for Plouexemple by the express screen, and return the case."""
    assert post_express(client, collectivite=str(plouexemple().uid), **fields).status_code == 303
    return Incident.objects.latest("id")
